/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUT and PATCH: read, merge, check, write where the version still holds. A race that is lost starts again
 * from a fresh read; the third time the same judgement runs under a row lock, on the store's lane.
 */
#include <apr_strings.h>

#include "base/pool.h"
#include "httpd/request.h"

#define OPTIMISTIC_TRIES 2

/* All that a judgement needs; pure, so that it may run on another thread with a copy of it. */
typedef struct judgement {
    career_counters *counters; /* of the host whose rules they are */
    career_log *log;
    career_rules *rules;
    const career_layout *layout;
    const career_identity *user;
    const career_json *body;
    career_conditions conditions;
    bool must_exist; /* PATCH */
    apr_time_t now;
} judgement;

static career_error *violated(apr_pool_t *pool, const career_violations *violations)
{
    size_t count = violations->count + violations->omitted;
    career_error *error =
        career_error_make(pool, CAREER_ERROR_VALIDATION_FAILED, "%" APR_SIZE_T_FMT " violation%s",
                          count, count == 1 ? "" : "s");

    error->details = violations;
    return error;
}

static career_error *merge(const judgement *j, apr_pool_t *pool, const career_document *previous,
                           career_document **merged)
{
    career_violations *violations = career_violations_make(pool);
    career_error *error;

    *merged = career_document_merge(pool, j->layout, previous, j->body, violations);
    error = career_rules_check(j->rules, pool, *merged, previous, j->user, j->now, violations);
    if (error)
        career_count(j->counters, FUNCTION_FAILURES, FUNCTION, VALIDATE);
    if (violations->given_up)
        career_log_say(j->log, CAREER_LOG_RULES_PATTERN, "validation.lua: %s",
                       violations->given_up);
    if (!error && violations->count)
        error = violated(pool, violations);
    return error;
}

/* Can what this change clears be told? Where the operator's function fails, nothing is saved: after the commit
 * it would be too late to say so. */
static career_error *foresee(const judgement *j, apr_pool_t *pool, const career_document *previous,
                             const career_document *merged)
{
    career_targets targets;
    career_error *error =
        career_rules_targets(j->rules, pool, j->user, merged, previous, 0, &targets);

    if (error)
        career_count(j->counters, FUNCTION_FAILURES, FUNCTION, CACHES);
    return error;
}

/* What the row (NULL: no profile) must become; *previous is what it holds. */
static career_error *judge(const judgement *j, apr_pool_t *pool, const career_row *row,
                           const career_document **previous, const career_change **change)
{
    career_document *merged;
    career_error *error;

    *previous = NULL;
    error = career_conditions_check(pool, &j->conditions, j->layout, row, true);
    if (!error && !row && j->must_exist)
        error = career_error_make(pool, CAREER_ERROR_PROFILE_NOT_FOUND, "PATCH without a profile");
    if (!error && row)
        error = career_document_read(pool, j->layout, row, previous);
    if (!error)
        error = merge(j, pool, *previous, &merged);
    if (error)
        return error;
    *change = career_change_between(pool, *previous, merged);
    return (*change)->any ? foresee(j, pool, *previous, merged) : NULL;
}

static const career_change *decide(void *context, apr_pool_t *pool, const career_row *row,
                                   career_error **error)
{
    const career_document *previous;
    const career_change *change = NULL;

    *error = judge(context, pool, row, &previous, &change);
    return change;
}

/* A judgement that outlives the request: all it reaches is in the pool. */
static judgement *copy_judgement(apr_pool_t *pool, const judgement *from)
{
    judgement *to = apr_pmemdup(pool, from, sizeof(*from));

    career_snapshot_hold((career_snapshot *)from->rules);
    career_snapshot_release_with((career_snapshot *)from->rules, pool);
    to->user = career_identity_copy(pool, from->user);
    to->body = career_json_copy(pool, from->body);
    to->conditions.if_match = apr_pstrdup(pool, from->conditions.if_match);
    to->conditions.if_none_match = apr_pstrdup(pool, from->conditions.if_none_match);
    return to;
}

/* previous: what `before` holds. What was not changed is not parsed again. */
static career_error *finish(career_request *rq, const career_row *before,
                            const career_document *previous, const career_row *after,
                            career_saved *saved)
{
    saved->row = after;
    saved->created = !before;
    saved->changed = !before || before->version != after->version;
    saved->previous = previous;
    saved->document = previous;
    return saved->changed ? career_document_reread(rq->r->pool, rq->layout, after, before, previous,
                                                   &saved->document)
                          : NULL;
}

static career_error *save_locked(career_request *rq, const judgement *j, career_moment deadline,
                                 career_saved *saved)
{
    apr_pool_t *job_pool = career_pool_create();
    const career_document *previous = NULL;
    const career_row *before, *after;
    career_moment began;
    career_error *error;

    if (!job_pool)
        return career_error_make(rq->r->pool, CAREER_ERROR_INTERNAL_ERROR, "out of memory");
    began = career_clock_now();
    error = career_store_decide(rq->host->store, rq->r->pool, rq->user, job_pool, decide,
                                copy_judgement(job_pool, j), deadline, &after, &before);
    rq->database_took += career_clock_now() - began;
    if (!error && before) /* the lane's copy went with its job */
        error = career_document_read(rq->r->pool, rq->layout, before, &previous);
    return error ? error : finish(rq, before, previous, after, saved);
}

/* The time since, and from now on; what took no µs took one, for 0 means that it was not done. */
static career_moment lap(career_moment *since)
{
    career_moment now = career_clock_now(), took = now - *since;

    *since = now;
    return took > 0 ? took : 1;
}

/* One optimistic try; *done is false when the race was lost. */
static career_error *save_once(career_request *rq, const judgement *j, career_moment deadline,
                               career_saved *saved, bool *done)
{
    apr_pool_t *pool = rq->r->pool;
    career_store *store = rq->host->store;
    const career_row *before, *after;
    const career_document *previous;
    const career_change *change;
    career_moment began = career_clock_now();
    career_error *error = career_store_read(store, pool, rq->user, deadline, &before);

    rq->database_took += lap(&began);
    if (!error)
        error = judge(j, pool, before, &previous, &change);
    rq->rules_took += lap(&began);
    if (error)
        return error;
    if (change->any)
        error = career_store_write(store, pool, rq->user, before ? before->version : 0, change,
                                   deadline, &after);
    else
        after = before;
    rq->database_took += lap(&began);
    if (error)
        return error;
    *done = after != NULL;
    return *done ? finish(rq, before, previous, after, saved) : NULL;
}

career_error *career_request_save(career_request *rq, const career_json *body, career_saved *saved)
{
    judgement j = {.counters = rq->host->watch_owner->counters,
                   .log = rq->host->log,
                   .rules = rq->rules,
                   .layout = rq->layout,
                   .user = rq->user,
                   .body = body,
                   .conditions = career_conditions_of(rq->r),
                   .must_exist = rq->r->method_number == M_PATCH,
                   .now = rq->r->request_time};
    career_moment deadline = career_store_deadline(rq->host->store);

    for (int i = 0; i < OPTIMISTIC_TRIES; i++) {
        bool done = false;
        career_error *error = save_once(rq, &j, deadline, saved, &done);

        if (error || done)
            return error;
        career_count(rq->host->counters, DATABASE_RETRIES, RETRY, RACE);
    }
    return save_locked(rq, &j, deadline, saved);
}
