/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The errands of this process whose globs wait for a sweep: posts them where all processes of the
 * server do (cache/commons.h), sweeps for everybody when it is this process' turn, and finds out
 * what the sweeps of others have done for its own. Knows nothing of what an errand does before and
 * after. The lane only.
 */
#ifndef CAREER_SWEEPER_H
#define CAREER_SWEEPER_H

#include "cache/errand.h"
#include "cache/sweep.h"

/* Read by its owner; changed here only. */
typedef struct career_sweeper {
    career_commons *commons;
    career_counters *counters; /* or NULL */
    career_moment again;       /* see career_invalidator_config */
    /* A sweep that began after the errand was added is over; the errand is the callee's again. Not
     * refused: its globs are done, and `began` and `removed` in it say so. */
    void (*swept)(void *context, career_errand *errand);
    void *context;
    career_errands waiting; /* for a sweep as soon as there may be one */
    career_errands patient; /* in their second pass: for one that others ask for */
    uint64_t seen;          /* how many had ended when these were looked through last */
    apr_pool_t *pool;       /* of the sweep under way in this process, as what follows: */
    career_sweep *sweep;    /* NULL: there is none */
    uint64_t turn;
    career_moment began;
    career_moment busy; /* how long its steps took so far */
    career_share *shares;
    size_t share_count;
} career_sweeper;

/* commons, again, swept and context are set. */
void career_sweeper_init(career_sweeper *sweeper, apr_pool_t *parent);

size_t career_sweeper_count(const career_sweeper *sweeper);

/* Takes over an errand with globs. */
void career_sweeper_add(career_sweeper *sweeper, career_errand *errand);

/* Looks what the sweeps of all processes have done. Cheap when none has ended. */
void career_sweeper_collect(career_sweeper *sweeper);

/* When there is something to be done: a step, a sweep that may begin, or a look at another's. */
career_moment career_sweeper_due(const career_sweeper *sweeper);

/* Is there a step to be made now: of the sweep under way, or of one that begins as it is our turn? */
bool career_sweeper_ready(career_sweeper *sweeper, career_moment command);

/* When ready: one exchange of it, within `command` µs. */
career_step career_sweeper_step(career_sweeper *sweeper, career_fleet *fleet,
                                career_moment command);

/* The sweep under way cannot go on; what it was for waits for the next. */
void career_sweeper_drop(career_sweeper *sweeper);

#endif
