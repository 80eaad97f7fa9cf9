/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One walk through all keys of a Redis (SCAN), on each of its masters, that removes what any of many patterns matches, in
 * steps of one exchange each, so that its owner can do other things in between and the server is
 * never held up. A pattern added before the walk began is served to the full: every key that was
 * there when it began and matches is gone when it ends. Belongs to one thread; lives in a pool.
 */
#ifndef CAREER_SWEEP_H
#define CAREER_SWEEP_H

#include "base/text.h"
#include "cache/fleet.h"

typedef struct career_sweep career_sweep;

/* What became of an exchange. */
typedef enum career_step {
    CAREER_STEP_MORE,      /* all is well, and there is more to do */
    CAREER_STEP_DONE,      /* all is well and done */
    CAREER_STEP_NOTHING,   /* there was nothing to exchange */
    CAREER_STEP_UNSETTLED, /* all is well, but keys kept moving between servers: begin a new walk */
    CAREER_STEP_REFUSED,   /* the server refuses the command: see career_fleet_cause */
    CAREER_STEP_LOST       /* the connection or the server cannot be used; likewise */
} career_step;

career_sweep *career_sweep_make(apr_pool_t *pool);

/* Before the first step only. The text must live as long as the sweep. */
void career_sweep_add(career_sweep *sweep, career_slice pattern);

/* One exchange, until the deadline (and on a cluster, before the first and after the last, a look at
 * its slots). After anything but MORE, make no further step. */
career_step career_sweep_step(career_sweep *sweep, career_fleet *fleet, career_moment deadline);

/* How many keys were removed that any of these patterns matched; each key counts once. The patterns
 * must have been added. */
uint64_t career_sweep_removed(career_sweep *sweep, const career_slice *patterns, size_t count);

/* How many keys it has removed so far. */
uint64_t career_sweep_total(const career_sweep *sweep);

/* The pattern given to the server: the narrowest that covers all; data NULL when that is every
 * key. */
career_slice career_sweep_filter(career_sweep *sweep);

#endif
