/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to one Redis, and the only place that knows hiredis: commands are queued, then
 * sent and answered in one exchange with a deadline over a socket of our own (hiredis only formats
 * and parses, so 0.14 and 1.x do alike). Several connections may be exchanged with at once. Knows
 * nothing of what the commands mean. A connection belongs to one thread.
 */
#ifndef CAREER_REDIS_H
#define CAREER_REDIS_H

#include "base/clock.h"
#include "base/text.h"
#include "base/version.h"
#include "cache/socket.h"

#define CAREER_REDIS_CAUSE 256
#define CAREER_REDIS_BATCH 500 /* keys in one command, so that none blocks the server for long */
#define CAREER_REDIS_SIDE_BY_SIDE 256 /* connections in one exchange */

typedef struct career_redis career_redis;

typedef enum career_reply_kind {
    CAREER_REPLY_NIL,
    CAREER_REPLY_INTEGER,
    CAREER_REPLY_TEXT,  /* a status or a bulk string */
    CAREER_REPLY_ARRAY, /* see career_redis_item */
    CAREER_REPLY_ERROR, /* the server refused this command; text says why */
    CAREER_REPLY_OTHER
} career_reply_kind;

/* A view into the connection's replies. */
typedef struct career_reply {
    career_reply_kind kind;
    int64_t integer;
    career_slice text;
    size_t count;    /* of an array */
    const void *raw; /* redis.c's */
} career_reply;

/* Is it an error that says "not this server, or not now" (READONLY, LOADING, MASTERDOWN …) rather
 * than "not this command"? The connection is to be closed then, and another one tried later. */
bool career_reply_is_unavailable(const career_reply *reply);

/* Takes over a connected socket that does not block. NULL when memory is short (the socket is
 * closed then). cache/dial.h connects. */
career_redis *career_redis_adopt(career_socket socket);
void career_redis_close(career_redis *redis); /* NULL is allowed */

/* Appends a command; its bytes are copied. */
void career_redis_queue(career_redis *redis, size_t count, const career_slice *args);

/* As above with fixed first words and many last ones: UNLINK k1 k2 … */
void career_redis_queue_list(career_redis *redis, const char *command, const career_slice *key,
                             const career_slice *list, size_t count);

/* As above, a command as career_redis_queued shows it. */
void career_redis_queue_formatted(career_redis *redis, career_slice command);

/* How many commands are queued for the coming exchange. */
size_t career_redis_queue_length(const career_redis *redis);

/* The n-th command of the coming or, until something is queued, of the last exchange, as it is
 * sent. */
career_slice career_redis_queued(const career_redis *redis, size_t index);

/* Sends what is queued and takes all replies, until the deadline. false: the connection is of no
 * more use (career_redis_cause says why); the commands may or may not have been executed. */
bool career_redis_exchange(career_redis *redis, career_moment deadline);

/* The same with several at once, at most CAREER_REDIS_SIDE_BY_SIDE. `more`: the replies of the last
 * exchange are kept, and the new ones counted on behind them. NULL, or the one that failed; then the
 * others are of no more use either. */
career_redis *career_redis_exchange_all(career_redis *const *list, size_t count, bool more,
                                        career_moment deadline);

/* The replies of the last exchange, in the order queued; they live until the next exchange. */
size_t career_redis_reply_count(const career_redis *redis);
career_reply career_redis_reply(const career_redis *redis, size_t index);
career_reply career_redis_item(const career_reply *array, size_t index);

/* Why the connection, or a command, failed; for the log. */
const char *career_redis_cause(const career_redis *redis);

/* Notes an error reply as that cause. true when it is one that is_unavailable. */
bool career_redis_blame(career_redis *redis, const career_reply *reply);

/* Did the peer hang up (rather than fall silent)? Then a fresh connection may well do. */
bool career_redis_was_cut(const career_redis *redis);

/* Looks without waiting: is an unused connection still good? */
bool career_redis_is_alive(const career_redis *redis);

career_version career_redis_version(void); /* of hiredis */

#endif
