/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/account.h"

#include <string.h>

#include <apr_strings.h>

#include "base/counters.h"
#include "httpd/module.h"

/* The value's place in the label's list; the last one, "other", takes what is not in it. */
static unsigned value_of(const career_label_info *label, const char *text, size_t len)
{
    unsigned i = 0;

    while (i + 1 < label->count &&
           (strlen(label->values[i]) != len || memcmp(label->values[i], text, len) != 0))
        i++;
    return i;
}

static unsigned code_of(int status)
{
    char digits[4] = {(char)('0' + status / 100 % 10), (char)('0' + status / 10 % 10),
                      (char)('0' + status % 10), '\0'};

    return value_of(career_metric_describe(CAREER_METRIC_REQUESTS)->second, digits, 3);
}

static unsigned access_of(const request_rec *r)
{
    switch (r->method_number) {
    case M_GET: /* and HEAD */
        return CAREER_BY_ACCESS_READ;
    case M_PUT:
    case M_PATCH:
        return CAREER_BY_ACCESS_WRITE;
    default:
        return CAREER_BY_ACCESS_OTHER;
    }
}

/* A saturated API must not look well because a load balancer asks often, nor a look at the status page count as
 * traffic: what is not the profile has a metric of its own. */
static void count_other(const career_request *rq)
{
    const career_label_info *handlers =
        career_metric_describe(CAREER_METRIC_HANDLER_REQUESTS)->first;
    const char *name = rq->resource->handler;
    unsigned handler = value_of(handlers, name, strlen(name));

    career_count_cell(rq->host->counters,
                      CAREER_CELL_OF(HANDLER_REQUESTS, handler, CODE, code_of(rq->r->status)), 1);
}

static void count(const career_request *rq)
{
    const request_rec *r = rq->r;
    const career_label_info *methods = career_metric_describe(CAREER_METRIC_REQUESTS)->first;
    unsigned method = value_of(methods, r->method, strlen(r->method));

    career_count_cell(rq->host->counters,
                      CAREER_CELL_OF(REQUESTS, method, CODE, code_of(r->status)), 1);
    career_observe(rq->host->counters, REQUEST_SECONDS, access_of(r),
                   apr_time_now() - r->request_time);
}

static void note_time(const career_request *rq, const char *name, career_moment took)
{
    if (took)
        apr_table_setn(rq->r->notes, name, apr_off_t_toa(rq->r->pool, took));
}

/* What was not done leaves no note, which a LogFormat shows as "-". */
static void note(const career_request *rq)
{
    apr_table_t *notes = rq->r->notes;

    apr_table_setn(notes, "career_request_id", rq->id);
    if (rq->user)
        apr_table_setn(notes, "career_user", rq->user->user_id);
    if (rq->code)
        apr_table_setn(notes, "career_code", rq->code);
    if (rq->cache)
        apr_table_setn(notes, "career_cache", rq->cache);
    note_time(rq, "career_db_us", rq->database_took);
    note_time(rq, "career_rules_us", rq->rules_took);
    note_time(rq, "career_cache_us", rq->cache_took);
}

/* Of the request as it came, or of one that httpd made of it, such as for a rewrite in a directory. */
static const career_request *served(const request_rec *r)
{
    const career_request *found = NULL;

    for (; r && !(found && found->resource); r = r->next) {
        const career_request *rq = ap_get_module_config(r->request_config, &career_module);

        if (rq)
            found = rq;
    }
    return found;
}

int career_account_request(request_rec *r)
{
    const career_request *rq = served(r);

    if (!rq)
        return DECLINED;
    note(rq);
    if (rq->host && rq->resource == &career_resource_profile)
        count(rq);
    else if (rq->host && rq->resource)
        count_other(rq);
    return DECLINED;
}

/* The cause begins with its reason code; where it does not, nothing more is known than the error itself. */
void career_account_refusal(career_request *rq, const career_error *error)
{
    const career_label_info *reasons = career_metric_describe(CAREER_METRIC_TOKEN_REFUSALS)->first;
    const char *colon = strchr(error->cause, ':');

    if (rq->host)
        career_count_cell(
            rq->host->counters,
            CAREER_AT_TOKEN_REFUSALS +
                value_of(reasons, error->cause, colon ? (size_t)(colon - error->cause) : 0),
            1);
}
