/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lane's link to Redis and its breaker: opens a connection when one is needed, forgets one that
 * was lost, and decides when the next attempt is due. A connection that the server closed while it
 * was unused is replaced without a word; anything worse breaks the link, and then one probe at a
 * time, 100 ms to 1 s apart, finds out when Redis is back. The lane only.
 */
#ifndef CAREER_LINK_H
#define CAREER_LINK_H

#include "base/log.h"
#include "cache/forecast.h"
#include "cache/redis.h"

typedef struct career_link {
    const career_redis_url *url;
    const char *name; /* for the log */
    career_moment connect;
    career_moment command;
    career_log *log;
    career_forecast *forecast; /* its `down` is ours */
    career_redis *redis;       /* NULL: not connected */
    career_moment used;        /* when it was last of use */
    bool rested;               /* it lay unused before this exchange */
    bool down;
    career_moment backoff;
    career_moment retry; /* no attempt before this */
    unsigned seed;
} career_link;

/* A connection to use now, opened if need be; NULL: not now (see retry). */
career_redis *career_link_get(career_link *link);

/* The exchange that was to be made with it: it went well. true when that ended an outage. */
bool career_link_good(career_link *link);

/* It did not (CAREER_STEP_LOST). Closes it, and breaks the link unless one more attempt is due at
 * once. */
void career_link_lost(career_link *link);

/* Closes a connection unused for a minute; when to look again, or CAREER_NEVER. */
career_moment career_link_rest(career_link *link);

#endif
