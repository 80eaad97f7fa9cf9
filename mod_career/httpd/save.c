/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUT and PATCH: read, merge, check, write where the version still holds. A race that is lost starts again
 * from a fresh read; the third time the same judgement runs under a row lock, on the store's lane. One that is sure
 * to be quick runs there the first time, too: then nobody is woken between read and write, and those who were read
 * together are written together.
 */
#include <apr_strings.h>

#include "base/pool.h"
#include "httpd/request.h"

#define OPTIMISTIC_TRIES 2
/* A body so long is judged while the others of a lane wait, and no longer one. */
#define QUICK_BODY 8192

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
    /* of a copy, once it was judged: */
    const career_document *previous; /* what the row held */
    career_moment took;              /* µs, of all its judgements */
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
    const char *tag = row ? career_row_tag(pool, j->layout, row) : NULL;
    career_document *merged;
    career_error *error;

    *previous = NULL;
    error = career_conditions_check(pool, &j->conditions, tag, true);
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

/* The time since, and from now on; what took no µs took one, for 0 means that it was not done. */
static career_moment lap(career_moment *since)
{
    career_moment now = career_clock_now(), took = now - *since;

    *since = now;
    return took > 0 ? took : 1;
}

static const career_change *decide(void *context, apr_pool_t *pool, const career_row *row,
                                   career_error **error)
{
    judgement *j = context;
    const career_change *change = NULL;
    career_moment began = career_clock_now();

    *error = judge(j, pool, row, &j->previous, &change);
    j->took += lap(&began);
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

/* On the store's lane, after so many tries without a lock. */
static career_error *save_there(career_request *rq, const judgement *j, unsigned tries,
                                career_moment deadline, career_saved *saved)
{
    apr_pool_t *job_pool = career_pool_create();
    const career_row *before, *after;
    career_moment began = career_clock_now();
    career_error *error;
    judgement *copy;
    bool judged;

    if (!job_pool)
        return career_error_make(rq->r->pool, CAREER_ERROR_INTERNAL_ERROR, "out of memory");
    copy = copy_judgement(job_pool, j);
    error = career_store_decide(rq->host->store, rq->r->pool, rq->user, job_pool, decide, copy,
                                tries, deadline, &after, &before);
    /* For want of an answer it may be under way still, and for want of memory the copy is gone. */
    judged = !error || career_error_describe(error->id)->status < 500;
    rq->rules_took += judged ? copy->took : 0;
    rq->database_took += lap(&began) - (judged ? copy->took : 0);
    return error ? error : finish(rq, before, copy->previous, after, saved);
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

/* A function of the operator's may take its whole budget, and a pattern much of a moment for each text. */
static bool is_quick(const career_request *rq)
{
    return rq->body_length <= QUICK_BODY && career_rules_are_quick(rq->rules);
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

    if (is_quick(rq))
        return save_there(rq, &j, OPTIMISTIC_TRIES, deadline, saved);
    for (int i = 0; i < OPTIMISTIC_TRIES; i++) {
        bool done = false;
        career_error *error = save_once(rq, &j, deadline, saved, &done);

        if (error || done)
            return error;
        career_count(rq->host->counters, DATABASE_RETRIES, RETRY, RACE);
    }
    return save_there(rq, &j, 0, deadline, saved);
}
