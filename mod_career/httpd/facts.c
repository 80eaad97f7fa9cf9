/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/facts.h"

/* A host that shares another's rules, pool or outbox shows what is noted there. */
#define TAKE_OVER(host, owner, metric)                                                             \
    career_set((host)->counters, metric, career_get((owner)->counters, metric))

static void refresh_rules(const career_host *host)
{
    career_rules *rules = career_watch_acquire(host->watch);

    career_set(host->counters, RULES_GENERATION, (int64_t)career_rules_generation(rules));
    career_rules_release(rules);
    if (host->watch_owner == host)
        return;
    TAKE_OVER(host, host->watch_owner, RULES_RELOADED);
    TAKE_OVER(host, host->watch_owner, RULES_GOOD);
}

static void refresh_keys(const career_host *host)
{
    const career_keyring_config *sources = &host->sources;
    career_keys *keys = career_keyring_acquire(host->keyring);
    int64_t oldest = 0;

    career_set(host->counters, KEYS, keys ? career_keys_count(keys) : 0);
    career_keys_release(keys);
    career_set(host->counters, KEYS_COMPLETE, career_keyring_is_complete(host->keyring));
    for (size_t i = 0; i < sources->url_count; i++) {
        apr_time_t time = career_board_time(sources->boards[i]);

        if (time && (!oldest || time < oldest))
            oldest = time;
    }
    career_set(host->counters, KEYS_FETCHED, oldest);
}

static void refresh_database(const career_host *host)
{
    career_set(host->counters, DATABASE_UP, career_store_is_up(host->store));
    if (host->store_owner != host)
        TAKE_OVER(host, host->store_owner, DATABASE_ANSWERED);
    if (host->invalidator_owner == host)
        return;
    TAKE_OVER(host, host->invalidator_owner, OUTBOX);
    TAKE_OVER(host, host->invalidator_owner, OUTBOX_OLDEST);
    TAKE_OVER(host, host->invalidator_owner, OUTBOX_ASKED);
}

void career_facts_read(const career_host *host, career_reading *reading)
{
    refresh_rules(host);
    refresh_keys(host);
    refresh_database(host);
    career_counters_read(host->counters, reading);
}
