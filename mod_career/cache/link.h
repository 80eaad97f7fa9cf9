/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lane's link to Redis and its breaker, for all its servers together: connects when need be,
 * forgets what was lost, and decides when the next attempt is due. A connection that the server closed while it
 * was unused is replaced without a word; anything worse breaks the link, and then one probe
 * (cache/probe.h) at a time, 100 ms to 1 s apart, finds out when Redis is back. The lane only.
 */
#ifndef CAREER_LINK_H
#define CAREER_LINK_H

#include "base/counters.h"
#include "base/log.h"
#include "cache/fleet.h"
#include "cache/forecast.h"
#include "cache/outage.h"
#include "cache/probe.h"

typedef struct career_link {
    const char *name;      /* for the log */
    career_moment command; /* limit of one exchange, µs */
    career_log *log;
    career_counters *counters; /* or NULL */
    career_outage *outage;
    career_forecast *forecast; /* its `down` is ours */
    career_probe probe;        /* learnt by whoever knows errands */
    career_fleet *fleet;       /* ours, from whoever made the link; connected or not */
    career_moment used;        /* when it was last of use */
    bool rested;               /* it lay unused before this exchange */
    bool down;
    career_moment backoff;
    career_moment retry; /* no attempt before this */
    unsigned seed;
} career_link;

/* The Redis to use now, connected if need be; NULL: not now (see retry). */
career_fleet *career_link_get(career_link *link);

/* The exchange that was to be made with it: it went well. true when that ended an outage. */
bool career_link_good(career_link *link);

/* It did not (CAREER_STEP_LOST). Closes it, and breaks the link unless one more attempt is due at
 * once. */
void career_link_lost(career_link *link);

/* Closes connections unused for a minute; when to look again, or CAREER_NEVER. */
career_moment career_link_rest(career_link *link);

#endif
