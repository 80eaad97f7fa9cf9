/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/relay.h"

#include <inttypes.h>
#include <stdio.h>

/* The store has limits of its own; this one bounds the lane. */
#define ASK_LIMIT (2 * CAREER_SECOND)

static const career_targets no_targets = {0, NULL};

static career_errand *make_errand(career_relay *relay, const career_outbox_entry *entry,
                                  bool with_targets)
{
    const career_invalidator_config *config = relay->config;
    career_targets targets = no_targets;

    if (with_targets && !config->targets(config->context, relay->pool, entry, &targets)) {
        career_log_say(relay->log, CAREER_LOG_OUTBOX_ENTRY, "user %s, version %" PRId64,
                       entry->user_id, entry->version);
        return NULL;
    }
    return career_errand_make(CAREER_ERRAND_CLEAR, entry->user_id, entry->version, &targets);
}

bool career_relay_ask(career_relay *relay, bool with_targets,
                      void (*deliver)(void *context, career_errand *errand), void *context)
{
    career_outbox_entry *entries = NULL;
    size_t count = 0;
    career_error *error = career_outbox_take(relay->store, relay->pool,
                                             career_clock_now() + ASK_LIMIT, &entries, &count);

    for (size_t i = 0; !error && i < count; i++) {
        career_errand *errand = make_errand(relay, &entries[i], with_targets);

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

void career_relay_flush(career_relay *relay)
{
    if (relay->done_count)
        career_outbox_remove(relay->store, relay->done, relay->done_count);
    relay->done_count = 0;
}
