/* SPDX-License-Identifier: Apache-2.0 */
/* career-status?json: all that the page shows, and each count, under names that stay. */
#include <math.h>

#include <apr_strings.h>

#include "base/json.h"
#include "httpd/status.h"

static const career_json *text_of(apr_pool_t *pool, const char *text)
{
    return *text ? career_json_string(pool, text, strlen(text)) : &career_json_null;
}

static const career_json *truth(bool yes)
{
    return yes ? &career_json_true : &career_json_false;
}

/* To the ms: more digits say nothing. */
static const career_json *seconds(apr_pool_t *pool, double value)
{
    return career_json_real(pool, floor(value * 1000 + 0.5) / 1000);
}

static const career_json *moment(apr_pool_t *pool, apr_time_t time)
{
    apr_time_exp_t parts;
    char *text;

    if (!time)
        return &career_json_null;
    apr_time_exp_gmt(&parts, time);
    text = apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                        parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                        parts.tm_usec / 1000);
    return career_json_string(pool, text, strlen(text));
}

static const career_json *count(apr_pool_t *pool, const career_reading *reading, unsigned cell)
{
    return career_json_integer(pool, reading->cells[cell]);
}

#define COUNT(reading, metric) count(pool, (reading), CAREER_AT_##metric)

/* {"<second label>": n, …} for one value of the first. */
static const career_json *by_second(apr_pool_t *pool, const career_reading *reading,
                                    const career_metric_info *info, unsigned first)
{
    career_json *object = career_json_object(pool, info->second->count);

    for (unsigned j = 0; j < info->second->count; j++)
        career_json_set(pool, object, info->second->values[j],
                        count(pool, reading, info->at + first * info->second->count + j));
    return object;
}

/* {"<label>": n, …}, or with two labels an object in each. */
static const career_json *by_label(apr_pool_t *pool, const career_reading *reading,
                                   career_metric metric)
{
    const career_metric_info *info = career_metric_describe(metric);
    career_json *object = career_json_object(pool, info->first->count);
    bool pairs = *info->second->name != '\0';

    for (unsigned i = 0; i < info->first->count; i++)
        career_json_set(pool, object, info->first->values[i],
                        pairs ? by_second(pool, reading, info, i)
                              : count(pool, reading, info->at + i));
    return object;
}

static const career_json *quantiles(apr_pool_t *pool, const int64_t *histogram)
{
    career_json *object = career_json_object(pool, 3);

    career_json_set(pool, object, "p50", seconds(pool, career_facts_quantile(histogram, 0.5)));
    career_json_set(pool, object, "p95", seconds(pool, career_facts_quantile(histogram, 0.95)));
    career_json_set(pool, object, "p99", seconds(pool, career_facts_quantile(histogram, 0.99)));
    return object;
}

static const career_json *requests(apr_pool_t *pool, const career_facts *facts)
{
    career_json *object = career_json_object(pool, 5);
    int64_t durations[CAREER_HISTOGRAM_CELLS];

    career_facts_durations(facts->own, durations);
    career_json_set(pool, object, "total",
                    career_json_integer(pool, career_facts_answers(facts->own, 0)));
    career_json_set(pool, object, "byMethod", by_label(pool, facts->own, CAREER_METRIC_REQUESTS));
    career_json_set(pool, object, "seconds", quantiles(pool, durations));
    career_json_set(pool, object, "tokenRefusals",
                    by_label(pool, facts->own, CAREER_METRIC_TOKEN_REFUSALS));
    career_json_set(pool, object, "otherHandlers",
                    by_label(pool, facts->own, CAREER_METRIC_HANDLER_REQUESTS));
    return object;
}

/* The host whose part it is, where it is another's. */
static const career_json *owner(apr_pool_t *pool, const career_facts *facts,
                                const career_host *whose)
{
    return text_of(pool, whose == facts->host ? "" : whose->label);
}

static const career_json *database(apr_pool_t *pool, const career_facts *facts)
{
    const career_reading *pool_of = facts->database;
    career_json *object = career_json_object(pool, 13);

    career_json_set(pool, object, "up", truth(facts->own->cells[CAREER_AT_DATABASE_UP]));
    career_json_set(pool, object, "error", text_of(pool, facts->database_error));
    career_json_set(pool, object, "sharedWith", owner(pool, facts, facts->host->store_owner));
    career_json_set(pool, object, "connections", COUNT(pool_of, DATABASE_CONNECTIONS));
    career_json_set(pool, object, "connectionsMax", COUNT(pool_of, DATABASE_LANES));
    career_json_set(pool, object, "queue", COUNT(pool_of, DATABASE_QUEUE));
    career_json_set(pool, object, "connects", COUNT(pool_of, DATABASE_CONNECTS));
    career_json_set(pool, object, "batches", COUNT(pool_of, DATABASE_BATCHES));
    career_json_set(pool, object, "jobs", by_label(pool, pool_of, CAREER_METRIC_DATABASE_JOBS));
    career_json_set(pool, object, "waitSeconds",
                    quantiles(pool, pool_of->cells + CAREER_AT_DATABASE_WAIT));
    career_json_set(pool, object, "errors", by_label(pool, pool_of, CAREER_METRIC_DATABASE_ERRORS));
    career_json_set(pool, object, "retries",
                    by_label(pool, pool_of, CAREER_METRIC_DATABASE_RETRIES));
    career_json_set(pool, object, "answeredSecondsAgo",
                    seconds(pool, career_facts_age(pool_of, DATABASE_ANSWERED)));
    return object;
}

static const career_json *caches(apr_pool_t *pool, const career_facts *facts)
{
    career_json *object = career_json_object(pool, 9);
    const career_reading *cache = facts->cache;

    career_json_set(pool, object, "redis", truth(strcmp(facts->host->config->redis, "none") != 0));
    career_json_set(pool, object, "up", truth(cache->cells[CAREER_AT_REDIS_DOWN] == 0));
    career_json_set(pool, object, "error", text_of(pool, facts->redis_error));
    career_json_set(pool, object, "sharedWith", owner(pool, facts, facts->host->invalidator_owner));
    career_json_set(pool, object, "failures", COUNT(cache, REDIS_FAILURES));
    career_json_set(pool, object, "invalidations",
                    by_label(pool, facts->own, CAREER_METRIC_INVALIDATIONS));
    career_json_set(pool, object, "keysRemoved", COUNT(cache, KEYS_REMOVED));
    career_json_set(pool, object, "sweeps", by_label(pool, cache, CAREER_METRIC_SWEEPS));
    career_json_set(
        pool, object, "sweepSeconds",
        seconds(pool, (double)cache->cells[CAREER_AT_SWEEP_SECONDS] / APR_USEC_PER_SEC));
    return object;
}

static const career_json *outbox(apr_pool_t *pool, const career_facts *facts)
{
    career_json *object = career_json_object(pool, 3);

    career_json_set(pool, object, "entries", COUNT(facts->own, OUTBOX));
    career_json_set(pool, object, "oldestSeconds",
                    seconds(pool, career_facts_age(facts->own, OUTBOX_OLDEST)));
    career_json_set(pool, object, "askedSecondsAgo",
                    seconds(pool, career_facts_age(facts->own, OUTBOX_ASKED)));
    return object;
}

static const career_json *rules(apr_pool_t *pool, const career_facts *facts)
{
    career_json *object = career_json_object(pool, 8);
    const career_reading *own = facts->own;

    career_json_set(pool, object, "generation", COUNT(own, RULES_GENERATION));
    career_json_set(pool, object, "digest", text_of(pool, facts->rules_digest));
    career_json_set(pool, object, "good", truth(own->cells[CAREER_AT_RULES_GOOD]));
    career_json_set(pool, object, "reloaded", moment(pool, own->cells[CAREER_AT_RULES_RELOADED]));
    career_json_set(pool, object, "error", text_of(pool, facts->rules_error));
    career_json_set(pool, object, "sharedWith", owner(pool, facts, facts->host->watch_owner));
    career_json_set(pool, object, "reloads", by_label(pool, own, CAREER_METRIC_RULES_RELOADS));
    career_json_set(pool, object, "functionFailures",
                    by_label(pool, own, CAREER_METRIC_FUNCTION_FAILURES));
    return object;
}

static const career_json *one_key(apr_pool_t *pool, const career_keys *keys, unsigned i)
{
    career_json *object = career_json_object(pool, 2);
    career_slice kid = career_keys_kid_of(keys, i);

    career_json_set(pool, object, "algorithm", text_of(pool, career_keys_algorithm_of(keys, i)));
    career_json_set(pool, object, "kid",
                    kid.data ? text_of(pool, career_kid_escape(pool, kid)) : &career_json_null);
    return object;
}

static const career_json *keys(apr_pool_t *pool, const career_facts *facts)
{
    unsigned size = facts->keys ? career_keys_count(facts->keys) : 0;
    career_json *object = career_json_object(pool, 5), *list = career_json_array(pool, size);

    for (unsigned i = 0; i < size; i++)
        career_json_append(list, one_key(pool, facts->keys, i));
    career_json_set(pool, object, "complete", truth(facts->own->cells[CAREER_AT_KEYS_COMPLETE]));
    career_json_set(pool, object, "keys", list);
    career_json_set(pool, object, "fetchedSecondsAgo",
                    facts->own->cells[CAREER_AT_KEYS_FETCHED]
                        ? seconds(pool, career_facts_age(facts->own, KEYS_FETCHED))
                        : &career_json_null);
    career_json_set(pool, object, "fetches", by_label(pool, facts->own, CAREER_METRIC_KEY_FETCHES));
    career_json_set(pool, object, "error", text_of(pool, facts->keys_error));
    return object;
}

static const career_json *interval(apr_pool_t *pool, const career_interval *one)
{
    career_json *object = career_json_object(pool, 8);

    career_json_set(pool, object, "end", moment(pool, one->end));
    career_json_set(pool, object, "seconds", seconds(pool, one->seconds));
    career_json_set(pool, object, "good", career_json_integer(pool, one->good));
    career_json_set(pool, object, "refused", career_json_integer(pool, one->refused));
    career_json_set(pool, object, "failed", career_json_integer(pool, one->failed));
    career_json_set(pool, object, "p50", seconds(pool, one->median));
    career_json_set(pool, object, "p95", seconds(pool, one->slow));
    career_json_set(pool, object, "outbox", career_json_integer(pool, one->outbox));
    return object;
}

static const career_json *intervals(apr_pool_t *pool, const career_facts *facts)
{
    career_json *list = career_json_array(pool, facts->interval_count);

    for (size_t i = 0; i < facts->interval_count; i++)
        career_json_append(list, interval(pool, &facts->intervals[i]));
    return list;
}

static const career_json *concerns(apr_pool_t *pool, const career_facts *facts)
{
    career_json *list = career_json_array(pool, facts->concern_count);

    for (size_t i = 0; i < facts->concern_count; i++)
        career_json_append(list, text_of(pool, facts->concerns[i]));
    return list;
}

static const career_json *host(apr_pool_t *pool, const career_facts *facts)
{
    career_json *object = career_json_object(pool, 10);

    career_json_set(pool, object, "host", text_of(pool, facts->host->label));
    career_json_set(pool, object, "concerns", concerns(pool, facts));
    career_json_set(pool, object, "children", COUNT(facts->own, CHILDREN));
    career_json_set(pool, object, "requests", requests(pool, facts));
    career_json_set(pool, object, "database", database(pool, facts));
    career_json_set(pool, object, "caches", caches(pool, facts));
    career_json_set(pool, object, "outbox", outbox(pool, facts));
    career_json_set(pool, object, "rules", rules(pool, facts));
    career_json_set(pool, object, "keys", keys(pool, facts));
    career_json_set(pool, object, "lastMinutes", intervals(pool, facts));
    return object;
}

void career_status_write_json(career_text *text, const career_page *page, apr_pool_t *pool)
{
    career_json *object = career_json_object(pool, 3),
                *list = career_json_array(pool, page->host_count);

    for (size_t i = 0; i < page->host_count; i++)
        career_json_append(list, host(pool, page->hosts[i]));
    career_json_set(pool, object, "now", moment(pool, page->now));
    career_json_set(pool, object, "restarted", moment(pool, page->restarted));
    career_json_set(pool, object, "hosts", list);
    career_json_write(text, object);
}
