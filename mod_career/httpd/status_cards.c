/* SPDX-License-Identifier: Apache-2.0 */
/* The cards of the status page: a table of names and values for each part of a host. */
#include <stdarg.h>
#include <stdio.h>

#include <apr_strings.h>

#include "httpd/status.h"

#define VALUE_MAX 768

/* Number and unit stay on one line. */
#define UNIT(unit) "\xc2\xa0" unit

#define NOW(reading, metric) ((reading)->cells[CAREER_AT_##metric])

void career_html_escape(career_text *text, const char *raw)
{
    for (; *raw; raw++) {
        switch (*raw) {
        case '&':
            career_text_add_string(text, "&amp;");
            break;
        case '<':
            career_text_add_string(text, "&lt;");
            break;
        case '>':
            career_text_add_string(text, "&gt;");
            break;
        case '"':
            career_text_add_string(text, "&quot;");
            break;
        default:
            career_text_add_char(text, *raw);
        }
    }
}

/* ---- values ---- */

/* "12 345 678", with thin blanks. */
const char *career_html_number(apr_pool_t *pool, int64_t value)
{
    const char *digits = apr_psprintf(pool, "%" APR_INT64_T_FMT, value), *grouped = "";
    size_t len = strlen(digits), first = len % 3;

    if (len <= 4)
        return digits;
    if (first)
        grouped = apr_pstrmemdup(pool, digits, first);
    for (size_t at = first; at < len; at += 3)
        grouped = apr_pstrcat(pool, grouped, at ? "\xe2\x80\xaf" : "",
                              apr_pstrmemdup(pool, digits + at, 3), NULL);
    return grouped;
}

const char *career_html_duration(apr_pool_t *pool, double seconds)
{
    if (seconds < 0.00005)
        return "0" UNIT("ms");
    if (seconds < 0.01)
        return apr_psprintf(pool, "%.1f" UNIT("ms"), seconds * 1000);
    if (seconds < 1)
        return apr_psprintf(pool, "%.0f" UNIT("ms"), seconds * 1000);
    if (seconds < 120)
        return apr_psprintf(pool, seconds < 10 ? "%.1f" UNIT("s") : "%.0f" UNIT("s"), seconds);
    if (seconds < 2 * 3600)
        return apr_psprintf(pool, "%.0f" UNIT("min"), seconds / 60);
    if (seconds < 2 * 86400)
        return apr_psprintf(pool, "%.0f" UNIT("h"), seconds / 3600);
    return apr_psprintf(pool, "%.0f" UNIT("days"), seconds / 86400);
}

static const char *since(apr_pool_t *pool, const career_reading *now, int64_t moment)
{
    if (!moment)
        return "never";
    return apr_pstrcat(pool, career_html_duration(pool, career_facts_age_of(now, moment)), " ago",
                       NULL);
}

/* "read 12, write 3", what is 0 left out. */
static const char *by_label(apr_pool_t *pool, const career_reading *reading, career_metric metric)
{
    const career_metric_info *info = career_metric_describe(metric);
    const char *list = "";

    for (unsigned i = 0; i < info->first->count; i++) {
        int64_t sum = 0;

        for (unsigned j = 0; j < info->second->count; j++)
            sum += reading->cells[info->at + i * info->second->count + j];
        if (sum)
            list = apr_pstrcat(pool, list, *list ? ", " : "", info->first->values[i], UNIT(""),
                               career_html_number(pool, sum), NULL);
    }
    return *list ? list : "none";
}

static void row(career_text *text, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void row(career_text *text, const char *name, const char *format, ...)
{
    char value[VALUE_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    career_text_add_format(text, "<dt>%s</dt><dd>", name);
    career_html_escape(text, value);
    career_text_add_string(text, "</dd>");
}

/* For what may be long. */
static void wide_row(career_text *text, const char *name, const char *value)
{
    career_text_add_format(text, "<dt class=\"wide\">%s</dt><dd class=\"wide\">", name);
    career_html_escape(text, value);
    career_text_add_string(text, "</dd>");
}

static void begin_card(career_text *text, const char *title)
{
    career_text_add_format(text, "<section class=\"card\"><h3>%s</h3><dl>", title);
}

static void end_card(career_text *text)
{
    career_text_add_string(text, "</dl></section>\n");
}

/* ---- cards ---- */

static void card_of_requests(career_text *text, const career_facts *facts)
{
    const career_reading *own = facts->own;
    apr_pool_t *pool = text->pool;
    int64_t durations[CAREER_HISTOGRAM_CELLS];

    career_facts_durations(own, durations);
    begin_card(text, "Requests");
    row(text, "in all", "%s", career_html_number(pool, career_facts_answers(own, 0)));
    row(text, "by method", "%s", by_label(pool, own, CAREER_METRIC_REQUESTS));
    row(text, "refused", "%s", career_html_number(pool, career_facts_answers(own, '4')));
    row(text, "failed", "%s", career_html_number(pool, career_facts_answers(own, '5')));
    row(text, "time", "p50" UNIT("%s") ", p95" UNIT("%s") ", p99" UNIT("%s"),
        career_html_duration(pool, career_facts_quantile(durations, 0.5)),
        career_html_duration(pool, career_facts_quantile(durations, 0.95)),
        career_html_duration(pool, career_facts_quantile(durations, 0.99)));
    row(text, "tokens refused", "%s", by_label(pool, own, CAREER_METRIC_TOKEN_REFUSALS));
    row(text, "other handlers", "%s", by_label(pool, own, CAREER_METRIC_HANDLER_REQUESTS));
    row(text, "processes", "%s", career_html_number(pool, NOW(own, CHILDREN)));
    end_card(text);
}

static void row_of_owner(career_text *text, const career_facts *facts, const career_host *owner)
{
    if (owner != facts->host)
        row(text, "shared with", "%s", owner->label);
}

/* Those of a task, whatever came of them. */
static int64_t jobs(const career_reading *now, unsigned task)
{
    int64_t sum = 0;

    for (unsigned i = 0; i < CAREER_BY_OUTCOME_VALUES; i++)
        sum += now->cells[CAREER_CELL_OF(DATABASE_JOBS, task, OUTCOME, i)];
    return sum;
}

static void card_of_database(career_text *text, const career_facts *facts)
{
    const career_reading *now = facts->database;
    apr_pool_t *pool = text->pool;
    const int64_t *wait = now->cells + CAREER_AT_DATABASE_WAIT;

    begin_card(text, "Postgres");
    row(text, "state", "%s", NOW(facts->own, DATABASE_UP) ? "answers" : "away");
    if (*facts->database_error)
        wide_row(text, "error", facts->database_error);
    row_of_owner(text, facts, facts->host->store_owner);
    row(text, "connections", "%s of %s", career_html_number(pool, NOW(now, DATABASE_CONNECTIONS)),
        career_html_number(pool, NOW(now, DATABASE_LANES)));
    row(text, "queue", "%s", career_html_number(pool, NOW(now, DATABASE_QUEUE)));
    row(text, "wait", "p50" UNIT("%s") ", p99" UNIT("%s"),
        career_html_duration(pool, career_facts_quantile(wait, 0.5)),
        career_html_duration(pool, career_facts_quantile(wait, 0.99)));
    row(text, "reads, writes", "%s, %s", career_html_number(pool, jobs(now, CAREER_BY_TASK_READ)),
        career_html_number(pool,
                           jobs(now, CAREER_BY_TASK_WRITE) + jobs(now, CAREER_BY_TASK_DECIDE)));
    row(text, "exchanges", "%s", career_html_number(pool, NOW(now, DATABASE_BATCHES)));
    row(text, "errors", "%s", by_label(pool, now, CAREER_METRIC_DATABASE_ERRORS));
    row(text, "tried again", "%s", by_label(pool, now, CAREER_METRIC_DATABASE_RETRIES));
    row(text, "answered", "%s", since(pool, now, NOW(now, DATABASE_ANSWERED)));
    end_card(text);
}

static void card_of_caches(career_text *text, const career_facts *facts)
{
    const career_reading *now = facts->cache;
    bool none = strcmp(facts->host->config->redis, "none") == 0;
    apr_pool_t *pool = text->pool;

    begin_card(text, "Caches");
    row(text, "Redis", "%s", none ? "none" : NOW(now, REDIS_DOWN) ? "away" : "no fault known");
    if (*facts->redis_error)
        wide_row(text, "error", facts->redis_error);
    row_of_owner(text, facts, facts->host->invalidator_owner);
    row(text, "saves", "%s", by_label(pool, facts->own, CAREER_METRIC_INVALIDATIONS));
    row(text, "removed", "%s", career_html_number(pool, NOW(now, KEYS_REMOVED)));
    row(text, "sweeps", "%s, %s in all", by_label(pool, now, CAREER_METRIC_SWEEPS),
        career_html_duration(pool, (double)NOW(now, SWEEP_SECONDS) / APR_USEC_PER_SEC));
    row(text, "outages", "%s", career_html_number(pool, NOW(now, REDIS_FAILURES)));
    end_card(text);
}

static void card_of_outbox(career_text *text, const career_facts *facts)
{
    const career_reading *own = facts->own;
    apr_pool_t *pool = text->pool;

    begin_card(text, "Outbox");
    row(text, "waiting", "%s", career_html_number(pool, NOW(own, OUTBOX)));
    row(text, "the oldest for", "%s",
        NOW(own, OUTBOX_OLDEST) ? career_html_duration(pool, career_facts_age(own, OUTBOX_OLDEST))
                                : "–");
    row(text, "looked into", "%s", since(pool, own, NOW(own, OUTBOX_ASKED)));
    end_card(text);
}

static void card_of_rules(career_text *text, const career_facts *facts)
{
    const career_reading *own = facts->own;
    apr_pool_t *pool = text->pool;

    begin_card(text, "Rules");
    row(text, "generation", "%s, %.12s", career_html_number(pool, NOW(own, RULES_GENERATION)),
        facts->rules_digest);
    row_of_owner(text, facts, facts->host->watch_owner);
    row(text, "in force", "%s", since(pool, own, NOW(own, RULES_RELOADED)));
    row(text, "files", "%s",
        NOW(own, RULES_GOOD) ? "good" : "bad, the last good rules are in force");
    if (*facts->rules_error)
        wide_row(text, "error", facts->rules_error);
    row(text, "reloads", "%s", by_label(pool, own, CAREER_METRIC_RULES_RELOADS));
    row(text, "failed calls", "%s", by_label(pool, own, CAREER_METRIC_FUNCTION_FAILURES));
    end_card(text);
}

static void card_of_keys(career_text *text, const career_facts *facts)
{
    const career_reading *own = facts->own;
    apr_pool_t *pool = text->pool;
    unsigned size = facts->keys ? career_keys_count(facts->keys) : 0;

    begin_card(text, "Keys");
    row(text, "in use", "%u", size);
    for (unsigned i = 0; i < size && i < 16; i++) {
        career_slice kid = career_keys_kid_of(facts->keys, i);

        row(text, career_keys_algorithm_of(facts->keys, i), "%s",
            kid.data ? career_kid_escape(pool, kid) : "without kid");
    }
    if (size > 16)
        row(text, "and", "%u more", size - 16);
    if (facts->host->sources.url_count) {
        row(text, "fetched", "%s", since(pool, own, NOW(own, KEYS_FETCHED)));
        row(text, "fetches", "%s", by_label(pool, own, CAREER_METRIC_KEY_FETCHES));
    }
    if (*facts->keys_error)
        wide_row(text, "error", facts->keys_error);
    end_card(text);
}

void career_status_write_cards(career_text *text, const career_facts *facts)
{
    career_text_add_string(text, "<div class=\"grid\">\n");
    card_of_requests(text, facts);
    card_of_database(text, facts);
    card_of_caches(text, facts);
    card_of_outbox(text, facts);
    card_of_rules(text, facts);
    card_of_keys(text, facts);
    career_text_add_string(text, "</div>");
}
