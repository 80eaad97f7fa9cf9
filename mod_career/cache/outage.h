/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the processes of a server tell of one Redis that is away: one of them says so for all, and one that it is
 * back. Each finds both out by itself, at a time of its own. Any process and thread; no lock, for a process may
 * die in an outage that it has told of.
 */
#ifndef CAREER_OUTAGE_H
#define CAREER_OUTAGE_H

#include <apr_pools.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/clock.h"

/* All zero: none yet. */
typedef struct career_outage {
    _Atomic career_moment told; /* when it was said; negative once it was taken back */
    _Atomic career_moment seen; /* when somebody found it away last */
} career_outage;

/* In memory that processes share, if made before fork; it goes with the pool, so that the next configuration
 * begins anew. NULL when there is no such memory. */
career_outage *career_outage_make(apr_pool_t *pool);

/* It was found away, for the first time or once more: is it for this process to say so? Not more often than once
 * in CAREER_LOG_PAUSE: an outage that begins sooner is told of when it has lasted until then. */
bool career_outage_found(career_outage *outage);

/* Who had found it away finds it back: is it for this process to say so? */
bool career_outage_over(career_outage *outage);

#endif
