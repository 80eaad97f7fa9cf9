/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clears what a save names, in Redis, at least once, after commit. One lane per process and host:
 * no thread and no connection until there is something to invalidate. A save hands its targets over
 * and may wait a moment for the outcome; what is not done then, or fails, is in the outbox and will
 * be done from there by whichever process asks next. Any thread may call these, except where noted.
 */
#ifndef CAREER_INVALIDATOR_H
#define CAREER_INVALIDATOR_H

#include "base/board.h"
#include "base/counters.h"
#include "base/log.h"
#include "cache/commons.h"
#include "cache/outage.h"
#include "profile/target.h"
#include "store/outbox.h"

typedef struct career_invalidator career_invalidator;

typedef struct career_invalidator_config {
    const char *url; /* as in the directive CareerRedis; "none": nothing is ever cleared; secret */
    career_moment connect; /* limit of connecting, µs */
    career_moment command; /* limit of one exchange, µs */
    career_moment again; /* everything is cleared once more so long after its commit, µs; 0: not */
    /* Computes the targets of an entry found in the outbox, into the pool; false when it cannot
     * and has said why (the entry stays). Runs on the invalidator's thread. */
    bool (*targets)(void *context, apr_pool_t *pool, const career_outbox_entry *entry,
                    career_targets *targets);
    void *context;
    /* Shared by the processes of a server; NULL: this one is alone. */
    career_board *board;       /* elects the process that asks the outbox */
    career_commons *commons;   /* the sweeps of that Redis */
    career_outage *outage;     /* what is said of it */
    career_counters *counters; /* or NULL */
} career_invalidator_config;

typedef enum career_cache_status {
    CAREER_CACHE_INVALIDATED, /* done, as far as this save's targets go */
    CAREER_CACHE_PENDING,     /* in the outbox, to be done */
    CAREER_CACHE_DISABLED     /* CareerRedis none */
} career_cache_status;

typedef struct career_cache_outcome {
    career_cache_status status;
    uint64_t keys; /* Redis entries that this save's targets removed */
} career_cache_outcome;

/* Is it a URL that CareerRedis may name? NULL when it is, else why (without quoting its
 * password). */
const char *career_invalidator_check_url(apr_pool_t *pool, const char *url);

/* Copies the config. Starts nothing. Lives on the heap. */
career_invalidator *career_invalidator_create(const career_invalidator_config *config,
                                              career_store *store, career_log *log);
bool career_invalidator_stop(career_invalidator *invalidator, career_moment until);

/* Hands over the targets of a committed change and waits at most `wait` µs (0: not at all) for them
 * to be cleared. Never fails: what cannot be done now is pending. */
career_cache_outcome career_invalidator_clear(career_invalidator *invalidator, const char *user_id,
                                              int64_t version, const career_targets *targets,
                                              career_moment wait);

/* From the process' ticker, about once a second: when it is this process' turn, asks the outbox for
 * what others left, and clears it. Returns at once; the work is the lane's. */
void career_invalidator_tick(career_invalidator *invalidator);

#endif
