/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/facts.h"

#include <apr_strings.h>

#include "httpd/trend.h"

/* The invalidator takes up an entry that was left within seconds: one that is older than this waits for something. */
#define OUTBOX_PATIENCE 30.0
/* A token or two that are refused say nothing of the configuration. */
#define REFUSALS_MIN 3

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
    if (host->store_owner != host) {
        TAKE_OVER(host, host->store_owner, DATABASE_ANSWERED);
        TAKE_OVER(host, host->store_owner, DATABASE_SERVED);
    }
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

/* ---- what somebody should look at ---- */

static void worry(career_facts *facts, const char *concern)
{
    if (facts->concern_count < CAREER_CONCERNS_MAX)
        facts->concerns[facts->concern_count++] = concern;
}

#define NOW(reading, metric) ((reading)->cells[CAREER_AT_##metric])

static void judge_parts(career_facts *facts)
{
    if (!NOW(facts->own, DATABASE_UP))
        worry(facts, "Postgres cannot be used: requests are answered with 503");
    if (NOW(facts->own, KEYS) == 0)
        worry(facts, "There is no key yet to verify tokens with: requests are answered with 503");
    else if (!NOW(facts->own, KEYS_COMPLETE))
        worry(facts, "A key set has not been fetched yet, or is too old");
    if (!NOW(facts->own, RULES_GOOD))
        worry(facts, "The rules files are bad: the last good ones are in force");
    if (NOW(facts->cache, REDIS_DOWN))
        worry(facts, "Redis cannot be used: what saves clear waits in the outbox");
    else if (*facts->redis_error)
        worry(facts, "Redis refuses commands: what they were to clear waits in the outbox");
}

static void judge_numbers(career_facts *facts, apr_pool_t *pool)
{
    double oldest = career_facts_age(facts->own, OUTBOX_OLDEST);
    int64_t entries = NOW(facts->own, OUTBOX), failed = 0;

    if (entries && oldest > OUTBOX_PATIENCE)
        worry(facts, apr_psprintf(pool,
                                  "%" APR_INT64_T_FMT " change%s for %s caches to be cleared, the "
                                  "oldest for %.0f seconds",
                                  entries, entries == 1 ? " waits" : "s wait",
                                  entries == 1 ? "its" : "their", oldest));
    for (size_t i = 0; i < facts->interval_count; i++)
        failed += facts->intervals[i].failed;
    if (failed)
        worry(facts, apr_psprintf(pool,
                                  "%" APR_INT64_T_FMT " request%s failed with 500 or 503 in the "
                                  "last minutes",
                                  failed, failed == 1 ? "" : "s"));
}

/* What a refusal for that reason makes an operator look at; NULL: it is the client's affair. */
static const char *suspect_of(unsigned reason)
{
    switch (reason) {
    case CAREER_BY_REASON_SIGNATURE:
    case CAREER_BY_REASON_ALGORITHM:
    case CAREER_BY_REASON_NO_KEY:
    case CAREER_BY_REASON_UNKNOWN_KID:
        return "are CareerJwtSecret and CareerJwtKeys those of the project?";
    case CAREER_BY_REASON_CLAIM_ISS:
        return "is CareerJwtIssuer that of the project?";
    case CAREER_BY_REASON_CLAIM_AUD:
        return "is CareerJwtAudience right?";
    case CAREER_BY_REASON_CLAIM_ROLE:
    case CAREER_BY_REASON_ROLE:
        return "is CareerJwtRole right?";
    default:
        return NULL;
    }
}

/* The one that was refused most often since, of those that have a suspect. */
static unsigned usual_refusal(const career_reading *now, const career_reading *since)
{
    const int64_t *to = now->cells + CAREER_AT_TOKEN_REFUSALS;
    const int64_t *from = since->cells + CAREER_AT_TOKEN_REFUSALS;
    unsigned most = CAREER_BY_REASON_SIGNATURE;

    for (unsigned i = 0; i < CAREER_BY_REASON_VALUES; i++)
        if (suspect_of(i) && to[i] - from[i] > to[most] - from[most])
            most = i;
    return most;
}

/* Whose secret or issuer is wrong refuses everybody, and each refusal looks like a client's fault. */
static void judge_tokens(career_facts *facts, const career_reading *since, apr_pool_t *pool)
{
    const career_label_info *reasons = career_metric_describe(CAREER_METRIC_TOKEN_REFUSALS)->first;
    unsigned most = usual_refusal(facts->own, since);
    int64_t count = facts->own->cells[CAREER_AT_TOKEN_REFUSALS + most] -
                    since->cells[CAREER_AT_TOKEN_REFUSALS + most];

    if (count >= REFUSALS_MIN && career_facts_admitted(facts->own) == career_facts_admitted(since))
        worry(facts, apr_psprintf(pool,
                                  "No token was accepted in the last two minutes, and "
                                  "%" APR_INT64_T_FMT " were refused for %s: %s",
                                  count, reasons->values[most], suspect_of(most)));
}

/* ---- gathering ---- */

static const career_reading *reading_of(const career_host *host, apr_pool_t *pool)
{
    career_reading *reading = apr_palloc(pool, sizeof(*reading));

    career_facts_read(host, reading);
    return reading;
}

static void gather_rules(career_facts *facts, apr_pool_t *pool)
{
    career_counters *counters = facts->host->watch_owner->counters;
    career_rules *rules = career_watch_acquire(facts->host->watch);

    facts->rules_digest = apr_pstrdup(pool, career_rules_digest(rules));
    facts->rules_error = career_counters_remarked(counters, CAREER_REMARK_RULES, pool, NULL);
    career_rules_release(rules);
}

/* Hosts may share the URL of a key set, and another host's fetch has gone well since; or the configuration of before
 * had one, and this has none. */
static void gather_keys(career_facts *facts, apr_pool_t *pool)
{
    career_counters *counters = facts->host->counters;
    apr_time_t since;

    facts->keys = career_keyring_acquire(facts->host->keyring);
    if (facts->keys)
        career_snapshot_release_with((career_snapshot *)facts->keys, pool);
    facts->keys_error = career_counters_remarked(counters, CAREER_REMARK_KEYS, pool, &since);
    if (!facts->host->sources.url_count || career_get(counters, KEYS_FETCHED) > since)
        facts->keys_error = "";
}

static const char *fault_of(const career_host *owner, career_remark remark, apr_pool_t *pool)
{
    return career_counters_remarked(owner->counters, remark, pool, NULL);
}

/* What was refused is tried again within this. */
#define REFUSED_FOR apr_time_from_sec(75)

/* As long as something waits on account of it. */
static const char *refusal_of(const career_facts *facts, apr_pool_t *pool)
{
    career_counters *counters = facts->host->invalidator_owner->counters;
    apr_time_t since;
    const char *why = career_counters_remarked(counters, CAREER_REMARK_REFUSED, pool, &since);

    return NOW(facts->own, OUTBOX) && since > apr_time_now() - REFUSED_FOR ? why : "";
}

static void gather_faults(career_facts *facts, apr_pool_t *pool)
{
    facts->database_error = facts->redis_error = "";
    if (!NOW(facts->own, DATABASE_UP))
        facts->database_error = fault_of(facts->host->store_owner, CAREER_REMARK_DATABASE, pool);
    if (NOW(facts->cache, REDIS_DOWN))
        facts->redis_error = fault_of(facts->host->invalidator_owner, CAREER_REMARK_REDIS, pool);
    else
        facts->redis_error = refusal_of(facts, pool);
}

career_facts *career_facts_gather(const career_host *host, apr_pool_t *pool)
{
    career_facts *facts = apr_pcalloc(pool, sizeof(*facts));
    const career_reading *recent;

    facts->host = host;
    facts->own = reading_of(host, pool);
    facts->database = host->store_owner == host ? facts->own : reading_of(host->store_owner, pool);
    facts->cache =
        host->invalidator_owner == host ? facts->own : reading_of(host->invalidator_owner, pool);
    gather_rules(facts, pool);
    gather_keys(facts, pool);
    gather_faults(facts, pool);
    facts->intervals =
        career_trend(host->counters, facts->own, pool, &facts->interval_count, &recent);
    judge_parts(facts);
    judge_numbers(facts, pool);
    if (recent)
        judge_tokens(facts, recent, pool);
    return facts;
}
