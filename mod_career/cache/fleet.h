/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Redis that CareerRedis names, whatever it is made of: a server, the master that sentinels
 * know, or the masters of a cluster. Whoever clears caches says which key a command is about and
 * gets one reply for it; which server that is, and what happens when the key has moved, is known
 * here only. On a single server nothing is sent or waited for on account of this. The lane only.
 */
#ifndef CAREER_FLEET_H
#define CAREER_FLEET_H

#include "cache/redis.h"
#include "cache/survey.h"

typedef struct career_fleet career_fleet;

/* Limits in µs. Connects nothing. The url must outlive it. NULL when memory is short. */
career_fleet *career_fleet_make(const career_redis_url *url, career_moment connect,
                                career_moment command);
void career_fleet_free(career_fleet *fleet); /* NULL is allowed */

/* Finds out who is in charge and connects. false: see career_fleet_cause. */
bool career_fleet_connect(career_fleet *fleet);
bool career_fleet_is_connected(const career_fleet *fleet);
void career_fleet_disconnect(career_fleet *fleet);

/* Looks without waiting, and forgets connections that the other side has closed. false: nothing is
 * left, connect anew. */
bool career_fleet_check(career_fleet *fleet);

/* Do commands about any keys go to one server, so that MULTI … EXEC may hold them together? */
bool career_fleet_is_single(const career_fleet *fleet);

/* Appends a command about that key. */
void career_fleet_queue(career_fleet *fleet, career_slice key, size_t count,
                        const career_slice *words);
/* As above with many last words: SREM key m1 m2 … */
void career_fleet_queue_list(career_fleet *fleet, const char *command, career_slice key,
                             const career_slice *list, size_t count);
/* Appends UNLINK of any number of keys; its one reply is how many there were. */
void career_fleet_queue_unlink(career_fleet *fleet, const career_slice *keys, size_t count);

/* The masters by number: the first that is not below `from`; SIZE_MAX: none. */
size_t career_fleet_master(const career_fleet *fleet, size_t from);
/* Appends a command to that one. */
void career_fleet_queue_to(career_fleet *fleet, size_t master, size_t count,
                           const career_slice *words);

/* Sends what is queued and takes all replies, until the deadline. false: disconnect it; the commands
 * may or may not have been executed. */
bool career_fleet_exchange(career_fleet *fleet, career_moment deadline);

/* The reply to the n-th command queued for the last exchange; it lives until the next. */
career_reply career_fleet_reply(const career_fleet *fleet, size_t index);

/* Looks how the slots of a cluster lie, and that a sentinels' master still is one; on a single
 * server nothing is asked, and all is quiet. Makes exchanges of its own. */
bool career_fleet_survey(career_fleet *fleet, career_survey *survey, career_moment deadline);

/* How often slots were seen to move so far. */
uint64_t career_fleet_changes(const career_fleet *fleet);

/* Why it, or a command, failed; for the log. */
const char *career_fleet_cause(const career_fleet *fleet);
/* Notes an error reply as that cause. true when it is one that is_unavailable. */
bool career_fleet_blame(career_fleet *fleet, const career_reply *reply);
/* Did the other side hang up (rather than fall silent)? Then a fresh connection may well do. */
bool career_fleet_was_cut(const career_fleet *fleet);

#endif
