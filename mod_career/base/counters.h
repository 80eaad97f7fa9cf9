/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The counters of a virtual host (base/metrics.h says which): in shared memory that is made before fork and kept
 * across restarts, so that they are exact over all processes, whoever is restarted or killed. Plain atomics, no
 * lock on the way of a request. What belongs to a process that lives (LIVE: its connections, its queue) stands in
 * a slot of that process; a lock that the process holds for life tells whether it still does, for the kernel gives
 * it back however the process ends. Whoever counts has been given a career_counters when it was made; with NULL
 * nothing is counted. Any process and thread, except where noted.
 */
#ifndef CAREER_COUNTERS_H
#define CAREER_COUNTERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <apr_pools.h>
#include <apr_time.h>

#include "base/clock.h"
#include "base/metrics.h"

typedef _Atomic int64_t career_cell;

/* Of this process; `shared` is everybody's. */
typedef struct career_counters {
    struct career_counters_shared *shared;
    career_cell *cells; /* CAREER_CELL_COUNT of them, everybody's */
    career_cell *live;  /* CAREER_LIVE_COUNT, this process' own */
} career_counters;

/* The counters of that name: those that an earlier configuration left in the pool, or new ones. Pool: the process
 * pool. processes: how many may live at once, those of a configuration that is being replaced too; what further
 * ones have LIVE does not show. NULL when shared memory is short. Only before fork. */
career_counters *career_counters_open(apr_pool_t *pool, const char *name, unsigned processes);

/* In a child, once, on a thread that lives as long as it does: takes a slot. */
void career_counters_attend(career_counters *counters);
/* Before it ends. Takes no lock. */
void career_counters_leave(career_counters *counters);

static inline void career_count_cell(career_counters *counters, unsigned cell, int64_t by)
{
    if (counters)
        atomic_fetch_add_explicit(&counters->cells[cell], by, memory_order_relaxed);
}

/* Counts one: career_count(counters, SWEEPS, SWEEP, DONE). Without labels career_count_by(counters, KEYS_REMOVED, 3). */
#define career_count(counters, metric, label, value)                                               \
    career_count_cell((counters), CAREER_AT_##metric + CAREER_BY_##label##_##value, 1)
#define career_count_by(counters, metric, by)                                                      \
    career_count_cell((counters), CAREER_AT_##metric, (by))
/* The cell of a pair of label values, given as numbers. */
#define CAREER_CELL_OF(metric, first, second_label, second)                                        \
    (CAREER_AT_##metric + (unsigned)(first)*CAREER_BY_##second_label##_VALUES + (unsigned)(second))

/* A GAUGE; for an AGE the moment (apr_time_now()) since which it counts, 0: none. */
#define career_set(counters, metric, value) career_set_cell((counters), CAREER_AT_##metric, (value))
static inline void career_set_cell(career_counters *counters, unsigned cell, int64_t value)
{
    if (counters)
        atomic_store_explicit(&counters->cells[cell], value, memory_order_relaxed);
}

#define career_get(counters, metric)                                                               \
    atomic_load_explicit(&(counters)->cells[CAREER_AT_##metric], memory_order_relaxed)

/* A LIVE one of this process. */
#define career_live_add(counters, metric, by)                                                      \
    career_live_add_cell((counters), CAREER_LIVE_##metric, (by))
#define career_live_set(counters, metric, value)                                                   \
    career_live_set_cell((counters), CAREER_LIVE_##metric, (value))
#define career_live_cell(counters, metric)                                                         \
    ((counters) ? &(counters)->live[CAREER_LIVE_##metric] : NULL)
static inline void career_live_add_cell(career_counters *counters, unsigned cell, int64_t by)
{
    if (counters)
        atomic_fetch_add_explicit(&counters->live[cell], by, memory_order_relaxed);
}
static inline void career_live_set_cell(career_counters *counters, unsigned cell, int64_t value)
{
    if (counters)
        atomic_store_explicit(&counters->live[cell], value, memory_order_relaxed);
}

/* How long something took, µs: into the histogram of that label value, a number (0 without labels). */
#define career_observe(counters, metric, value, took)                                              \
    career_observe_cell((counters), CAREER_AT_##metric + (unsigned)(value)*CAREER_HISTOGRAM_CELLS, \
                        (took))
void career_observe_cell(career_counters *counters, unsigned cell, career_moment took);

/* ---- reading ---- */

/* All cells at one time, those of the living summed up. */
typedef struct career_reading {
    apr_time_t time;
    int64_t cells[CAREER_CELL_COUNT];
} career_reading;

void career_counters_read(career_counters *counters, career_reading *reading);

/* Samples of the last minutes: a reading every CAREER_SAMPLE_EVERY, taken by whichever process comes first. */
#define CAREER_SAMPLE_EVERY (10 * CAREER_SECOND)
#define CAREER_SAMPLES 91

/* From a ticker: takes one if it is time. */
void career_counters_sample(career_counters *counters);
/* Copies of them in the pool, oldest first; NULL when there are none. */
career_reading *career_counters_samples(career_counters *counters, apr_pool_t *pool, size_t *count);

/* A line of text that all processes see: what is wrong just now. Empty: nothing is. */
typedef enum career_remark {
    CAREER_REMARK_RULES,
    CAREER_REMARK_KEYS,
    CAREER_REMARK_DATABASE, /* why it could not be used when it was tried last; likewise Redis: */
    CAREER_REMARK_REDIS,    /* whether that still holds, the gauges tell */
    CAREER_REMARK_REFUSED,  /* why Redis refused a command last */
    CAREER_REMARK_COUNT
} career_remark;

#define CAREER_REMARK_SIZE 512

void career_counters_remark(career_counters *counters, career_remark which, const char *text);
/* A copy in the pool; *since (NULL: not asked) is when it was written. */
const char *career_counters_remarked(career_counters *counters, career_remark which,
                                     apr_pool_t *pool, apr_time_t *since);

#endif
