/* SPDX-License-Identifier: Apache-2.0 */
/* A child of httpd: starts what its hosts need, looks after them from a thread of its own, and stops. */
#include "httpd/host.h"

#include <stdlib.h>
#include <unistd.h>

#include <mpm_common.h>

#include <apr_strings.h>

#include "auth/fetch.h"
#include "base/thread.h"
#include "httpd/module.h"

/* httpd's parent waits a few seconds for a child to end before it insists. */
#define STOP_PATIENCE (2 * CAREER_SECOND)
#define TICK CAREER_SECOND
#define KEYS_TICK (CAREER_SECOND / 2) /* a key that is gone is gone everywhere within a second */

static career_ticker *ticker;

static career_store_config store_config(const career_host *host)
{
    const career_config *config = host->config;

    return (career_store_config){.conninfo = config->database,
                                 .counters = host->counters,
                                 .connections = career_host_connections(config),
                                 .total = host->database_total,
                                 .queue = (unsigned)config->pool_queue,
                                 .wait = config->pool_wait,
                                 .idle = config->pool_idle,
                                 .lifetime = config->pool_lifetime,
                                 .connect = config->database_connect,
                                 .query = config->database_query,
                                 .claims = config->database_claims,
                                 .prepare = config->database_prepare == CAREER_AUTO
                                                ? CAREER_PREPARE_AUTO
                                            : config->database_prepare ? CAREER_PREPARE_ON
                                                                       : CAREER_PREPARE_OFF};
}

static bool same_invalidator(const career_host *a, const career_host *b)
{
    return strcmp(a->cache, b->cache) == 0 && a->watch == b->watch && a->store == b->store &&
           a->config->redis_connect == b->config->redis_connect &&
           a->config->redis_command == b->config->redis_command &&
           a->config->invalidate_again == b->config->invalidate_again;
}

/* Takes over what an earlier host of this child already has. */
static void share(career_host *host, size_t before)
{
    for (size_t i = 0; i < before; i++) {
        const career_host *other = career_hosts_at(i);

        if (!host->store && career_host_same_store(host->config, other->config)) {
            host->store = other->store;
            host->store_owner = other->store_owner;
        }
        if (!host->invalidator && host->store && same_invalidator(host, other)) {
            host->invalidator = other->invalidator;
            host->invalidator_owner = other->invalidator_owner;
        }
    }
}

/* What an entry found in the outbox clears, by the rules in force now. */
static bool outbox_targets(void *context, apr_pool_t *pool, const career_outbox_entry *entry,
                           career_targets *targets)
{
    career_host *host = context;
    career_rules *rules = career_watch_acquire(host->watch);
    const career_document *profile = NULL;
    career_identity user = {.role = NULL};
    career_error *error = NULL;

    apr_cpystrn(user.user_id, entry->user_id, sizeof(user.user_id));
    if (entry->row)
        error = career_document_read(pool, career_rules_layout(rules), entry->row, &profile);
    if (!error) {
        error = career_rules_targets(rules, pool, &user, profile, NULL, entry->version, targets);
        if (error)
            career_count(host->watch_owner->counters, FUNCTION_FAILURES, FUNCTION, CACHES);
    }
    if (error)
        career_log_say(host->log, CAREER_LOG_OUTBOX_ENTRY, "user %s: %s", entry->user_id,
                       error->cause);
    career_snapshot_release_with((career_snapshot *)rules, pool);
    return !error;
}

static career_invalidator *start_invalidator(career_host *host)
{
    career_invalidator_config config = {.url = host->config->redis,
                                        .connect = host->config->redis_connect,
                                        .command = host->config->redis_command,
                                        .again = host->config->invalidate_again,
                                        .targets = outbox_targets,
                                        .context = host,
                                        .board = host->relay,
                                        .commons = host->sweeps,
                                        .outage = host->outage,
                                        .counters = host->counters};

    return career_invalidator_create(&config, host->store, host->log);
}

static void start(career_host *host, size_t index)
{
    career_store_config config = store_config(host);

    career_counters_attend(host->counters);
    career_live_set(host->counters, CHILDREN, 1);
    host->store_owner = host->invalidator_owner = host;
    host->keyring = career_keyring_create(&host->sources, host->log);
    share(host, index);
    host->owns_store = !host->store;
    if (host->owns_store)
        host->store = career_store_create(&config, host->log);
    host->owns_invalidator = !host->invalidator;
    if (host->owns_invalidator && host->store)
        host->invalidator = start_invalidator(host);
    if (!host->keyring || !host->store || !host->invalidator) {
        career_host_say(host->server, CAREER_LOG_MEMORY, "pid %d", (int)getpid());
        exit(APEXIT_CHILDSICK);
    }
}

static void tick(void *unused)
{
    career_moment now = career_clock_now();

    (void)unused;
    for (size_t i = 0; i < career_hosts_count(); i++) {
        career_host *host = career_hosts_at(i);

        if (host->owns_watch && now >= host->look_at) {
            host->look_at = now + host->config->rules_interval;
            career_watch_tick(host->watch);
        }
        career_keyring_tick(host->keyring);
        career_counters_sample(host->counters);
        if (host->owns_invalidator)
            career_invalidator_tick(host->invalidator);
    }
}

static bool fetches_keys(void)
{
    for (size_t i = 0; i < career_hosts_count(); i++)
        if (career_hosts_at(i)->sources.url_count)
            return true;
    return false;
}

static career_moment shortest_interval(void)
{
    career_moment shortest = fetches_keys() ? KEYS_TICK : TICK;

    for (size_t i = 0; i < career_hosts_count(); i++) {
        career_moment wanted = career_hosts_at(i)->config->rules_interval;

        if (wanted < shortest)
            shortest = wanted;
    }
    return shortest < 10 * CAREER_MILLISECOND ? 10 * CAREER_MILLISECOND : shortest;
}

void career_child_start(server_rec *main_server)
{
    if (career_hosts_count() == 0)
        return;
    career_json_start();
    if (fetches_keys())
        career_fetch_start();
    for (size_t i = 0; i < career_hosts_count(); i++)
        start(career_hosts_at(i), i);
    ticker = career_ticker_start("career-ticker", shortest_interval(), tick, NULL);
    if (!ticker)
        career_host_say(main_server, CAREER_LOG_TICKER, "pid %d", (int)getpid());
}

static bool stop_invalidators(career_moment until)
{
    for (size_t i = 0; i < career_hosts_count(); i++) {
        career_host *host = career_hosts_at(i);

        if (host->owns_invalidator && !career_invalidator_stop(host->invalidator, until))
            return false;
    }
    return true;
}

/* In the order of who uses whom: ticker, invalidators, stores. What has not ended in time is left as it is:
 * the process ends anyway, and what was not cleared is in the outbox. */
void career_child_stop(void)
{
    career_moment until = career_clock_now() + STOP_PATIENCE;

    for (size_t i = 0; i < career_hosts_count(); i++)
        career_counters_leave(career_hosts_at(i)->counters);
    if (!career_ticker_stop(ticker, until) || !stop_invalidators(until))
        return;
    for (size_t i = 0; i < career_hosts_count(); i++) {
        career_host *host = career_hosts_at(i);

        if (host->owns_store && !career_store_stop(host->store, until))
            return;
        if (!career_keyring_stop(host->keyring, until))
            return;
    }
}
