/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections to the servers behind one CareerRedis, by their number in the map: opened when
 * something is to be said to one, exchanged with all at once, closed together. A standalone server
 * and a sentinels' master are the one with number 0. Knows no command. What fails, fails as a whole:
 * `cause` says why. The lane only.
 */
#ifndef CAREER_NODES_H
#define CAREER_NODES_H

#include "cache/slots.h"

typedef struct career_nodes {
    const career_redis_url *url;
    career_moment connect; /* limits, µs */
    career_moment command;
    career_redis *redis[CAREER_MASTERS]; /* NULL: not connected */
    career_slots slots;                  /* of anything but a cluster: one master, no owners */
    uint64_t changes;                    /* how often a slot was seen to move, or to be about to */
    bool broken; /* one could not be opened, or memory is short: the coming exchange fails */
    bool cut;    /* it was the other side that hung up */
    char cause[CAREER_REDIS_CAUSE];
} career_nodes;

/* A connection to that one; NULL: it could not be had, and the nodes are broken. */
career_redis *career_nodes_get(career_nodes *nodes, size_t number);

/* Exchanges with all to whom something was queued; `more` as in career_redis_exchange_all. */
bool career_nodes_exchange(career_nodes *nodes, bool more, career_moment deadline);

/* Closes those that the other side has closed; how many are left. */
size_t career_nodes_check(career_nodes *nodes);

void career_nodes_close(career_nodes *nodes);

/* Notes that cause, and whose it is; returns false. `number` CAREER_NOBODY: nobody's. */
bool career_nodes_fail(career_nodes *nodes, size_t number, const char *cause);

#endif
