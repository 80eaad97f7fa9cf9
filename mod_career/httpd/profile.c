/* SPDX-License-Identifier: Apache-2.0 */
/* The resource /api/profile/career: the steps of a request, one call each. */
#include "httpd/request.h"

static career_error *get(career_request *rq, int *status)
{
    career_conditions conditions = career_conditions_of(rq->r);
    career_store *store = rq->host->store;
    const career_row *row;
    const char *tag = NULL;
    career_moment began = career_clock_now();
    career_error *error;

    error = career_store_read(store, rq->r->pool, rq->user, career_store_deadline(store), &row);
    rq->database_took = career_clock_now() - began;
    if (!error && row)
        tag = career_row_tag(rq->r->pool, rq->layout, row);
    if (!error)
        error = career_conditions_check(rq->r->pool, &conditions, tag, false);
    if (error)
        return error;
    if (!row)
        return career_error_make(rq->r->pool, CAREER_ERROR_PROFILE_NOT_FOUND, "no row");
    if (career_condition_not_modified(&conditions, tag))
        *status = career_reply_not_modified(rq, tag);
    else
        *status = career_reply_profile(rq, row, tag);
    return NULL;
}

/* What a committed change clears. It is saved: from here on nothing makes the request fail, and what cannot
 * be cleared now is in the outbox. */
static career_cache_outcome invalidate(career_request *rq, const career_saved *saved)
{
    career_cache_outcome pending = {CAREER_CACHE_PENDING, 0};
    career_targets targets;
    career_error *error;

    error = career_rules_targets(rq->rules, rq->r->pool, rq->user, saved->document, saved->previous,
                                 saved->row->version, &targets);
    if (error) {
        career_log_say(rq->host->log, CAREER_LOG_RULES_FUNCTION_FAILED, "caches.lua: %s",
                       error->cause);
        career_count(rq->host->watch_owner->counters, FUNCTION_FAILURES, FUNCTION, CACHES);
        return pending;
    }
    return career_invalidator_clear(rq->host->invalidator, rq->user->user_id, saved->row->version,
                                    &targets, rq->host->config->invalidate_wait);
}

static career_cache_outcome invalidate_and_count(career_request *rq, const career_saved *saved)
{
    static const unsigned cells[] = {[CAREER_CACHE_INVALIDATED] = CAREER_BY_CACHE_INVALIDATED,
                                     [CAREER_CACHE_PENDING] = CAREER_BY_CACHE_PENDING,
                                     [CAREER_CACHE_DISABLED] = CAREER_BY_CACHE_DISABLED};
    career_moment began = career_clock_now();
    career_cache_outcome outcome = invalidate(rq, saved);

    rq->cache_took = career_clock_now() - began;
    career_count_cell(rq->host->counters, CAREER_AT_INVALIDATIONS + cells[outcome.status], 1);
    return outcome;
}

static career_error *put(career_request *rq, int *status)
{
    career_cache_outcome cache = {CAREER_CACHE_INVALIDATED, 0};
    const career_json *body;
    career_saved saved;
    career_error *error = career_request_body(rq, &body);

    if (!error)
        error = career_request_save(rq, body, &saved);
    if (error)
        return error;
    if (saved.changed)
        cache = invalidate_and_count(rq, &saved);
    *status = career_reply_saved(rq, &saved, &cache);
    return NULL;
}

static career_error *require_if_match(career_request *rq)
{
    if (!rq->host->config->require_if_match || apr_table_get(rq->r->headers_in, "If-Match") ||
        apr_table_get(rq->r->headers_in, "If-None-Match"))
        return NULL;
    return career_error_make(rq->r->pool, CAREER_ERROR_PRECONDITION_REQUIRED, "no If-Match");
}

static bool is_change(const request_rec *r)
{
    return r->method_number == M_PUT || r->method_number == M_PATCH;
}

static career_error *serve(career_request *rq, int *status)
{
    bool change = is_change(rq->r);
    career_error *error = NULL;

    if (change)
        error = career_request_media_type(rq);
    if (!error)
        error = career_request_authenticate(rq);
    if (!error && change)
        error = require_if_match(rq);
    if (error)
        return error;
    career_request_use_rules(rq);
    return change ? put(rq, status) : get(rq, status);
}

const career_resource career_resource_profile = {.handler = "career-profile",
                                                 .path = "/profile/career",
                                                 .allow = "GET, HEAD, PUT, PATCH, OPTIONS",
                                                 .serve = serve};
