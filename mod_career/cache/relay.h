/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the outbox and the lane: takes entries that nobody has finished and makes errands of
 * them, and takes entries out that have been served. Knows no Redis. The lane only; it may wait for
 * Postgres.
 */
#ifndef CAREER_RELAY_H
#define CAREER_RELAY_H

#include "cache/errand.h"

typedef struct career_relay {
    const career_invalidator_config *config;
    career_store *store;
    career_log *log;
    apr_pool_t *pool; /* cleared by each call of career_relay_ask */
    career_outbox_done done[CAREER_OUTBOX_BATCH];
    size_t done_count;
    career_outbox_kept kept[CAREER_OUTBOX_BATCH];
    size_t kept_count;
    unsigned seed;
} career_relay;

/* Counts, for the operator, what is in the outbox. When the first entry is due; CAREER_NEVER: there is none, or
 * Postgres does not say. */
career_moment career_relay_count(career_relay *relay);

/* Takes one batch and hands each entry to `deliver` as an errand. true when more may be due: the
 * batch was full. An entry whose targets cannot be computed is logged and stays. `with_targets`
 * false: without any. */
bool career_relay_ask(career_relay *relay, bool with_targets,
                      void (*deliver)(void *context, career_errand *errand), void *context);

/* Notes that an entry has been served; sent in batches, as below, the rest by career_relay_flush. */
void career_relay_done(career_relay *relay, const career_errand *errand);

/* Notes that an entry is to be ours for so long from now, at least a lease. */
void career_relay_keep(career_relay *relay, career_errand *errand, career_moment lease);

/* Notes that an entry cannot be served now: it is due again after a while, the longer the more often
 * it was tried. */
void career_relay_back_off(career_relay *relay, career_errand *errand);

void career_relay_flush(career_relay *relay);

#endif
