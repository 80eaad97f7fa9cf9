/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/relay.h"

#include <stdio.h>
#include <stdlib.h>

/* The store has limits of its own; this one bounds the lane. */
#define ASK_LIMIT (2 * CAREER_SECOND)
#define LEASE CAREER_OUTBOX_LEASE
/* An operator who has mended what refused them need not wait longer than this. */
#define BACKOFF_MAX (60 * CAREER_SECOND)

static const career_targets no_targets = {0, NULL};

static career_errand *bare_errand(const career_outbox_entry *entry, const career_targets *targets)
{
    career_errand *errand =
        career_errand_make(CAREER_ERRAND_CLEAR, entry->user_id, entry->version, targets);

    if (errand)
        errand->attempts = entry->attempts;
    return errand;
}

/* Whose function failed has told. It waits for an operator, and is in nobody's way meanwhile. */
static void put_off(career_relay *relay, const career_outbox_entry *entry)
{
    career_errand *errand = bare_errand(entry, &no_targets);

    if (!errand)
        return;
    career_relay_back_off(relay, errand);
    career_job_release(&errand->base);
}

/* Each attempt has had a lease, so a commit that was tried before is at least so old; one that was
 * not may have become visible a moment ago. */
static career_moment settled(const career_relay *relay, const career_outbox_entry *entry,
                             career_moment now)
{
    career_moment again = relay->config->again;
    career_moment age = entry->attempts < 1000 ? entry->attempts * LEASE : 1000 * LEASE;

    return again ? now + again - age : 0;
}

static career_errand *make_errand(career_relay *relay, const career_outbox_entry *entry,
                                  bool with_targets, career_moment asked, career_moment now)
{
    const career_invalidator_config *config = relay->config;
    career_targets targets = no_targets;
    career_errand *errand;

    if (with_targets && !config->targets(config->context, relay->pool, entry, &targets)) {
        put_off(relay, entry);
        return NULL;
    }
    errand = bare_errand(entry, &targets);
    if (errand) {
        errand->leased = asked + LEASE;
        errand->settled = settled(relay, entry, now);
    }
    return errand;
}

career_moment career_relay_count(career_relay *relay)
{
    career_counters *counters = relay->config->counters;
    career_moment due = CAREER_NEVER;
    career_outbox_size size;

    if (!career_outbox_count(relay->store, relay->pool, career_clock_now() + ASK_LIMIT, &size)) {
        career_set(counters, OUTBOX, size.entries);
        career_set(counters, OUTBOX_OLDEST, size.entries ? apr_time_now() - size.oldest : 0);
        career_set(counters, OUTBOX_ASKED, apr_time_now());
        if (size.due != CAREER_NEVER)
            due = career_clock_now() + size.due;
    }
    apr_pool_clear(relay->pool);
    return due;
}

bool career_relay_ask(career_relay *relay, bool with_targets,
                      void (*deliver)(void *context, career_errand *errand), void *context)
{
    career_outbox_entry *entries = NULL;
    size_t count = 0;
    career_moment asked = career_clock_now();
    career_error *error =
        career_outbox_take(relay->store, relay->pool, asked + ASK_LIMIT, &entries, &count);

    career_moment now = career_clock_now();

    for (size_t i = 0; !error && i < count; i++) {
        career_errand *errand = make_errand(relay, &entries[i], with_targets, asked, now);

        if (errand)
            deliver(context, errand);
    }
    apr_pool_clear(relay->pool);
    return !error && count >= CAREER_OUTBOX_BATCH;
}

void career_relay_done(career_relay *relay, const career_errand *errand)
{
    career_outbox_done *done = &relay->done[relay->done_count++];

    snprintf(done->user_id, sizeof(done->user_id), "%s", errand->user_id);
    done->version = errand->version;
    if (relay->done_count == CAREER_OUTBOX_BATCH)
        career_relay_flush(relay);
}

void career_relay_keep(career_relay *relay, career_errand *errand, career_moment lease)
{
    career_outbox_kept *kept = &relay->kept[relay->kept_count++];

    snprintf(kept->user_id, sizeof(kept->user_id), "%s", errand->user_id);
    kept->version = errand->version;
    kept->lease = lease;
    errand->leased = career_clock_now() + lease;
    if (relay->kept_count == CAREER_OUTBOX_BATCH)
        career_relay_flush(relay);
}

/* 5 s, 10 s, 20 s …, and up to a fifth more, so that those that failed together do not come back as
 * one. */
void career_relay_back_off(career_relay *relay, career_errand *errand)
{
    career_moment lease = errand->attempts < 4 ? LEASE << errand->attempts : BACKOFF_MAX;

    if (lease > BACKOFF_MAX)
        lease = BACKOFF_MAX;
    lease += (career_moment)rand_r(&relay->seed) % (lease / 5);
    career_relay_keep(relay, errand, lease);
}

void career_relay_flush(career_relay *relay)
{
    if (relay->kept_count)
        career_outbox_keep(relay->store, relay->kept, relay->kept_count);
    relay->kept_count = 0;
    if (relay->done_count)
        career_outbox_remove(relay->store, relay->done, relay->done_count);
    relay->done_count = 0;
}
