/* SPDX-License-Identifier: Apache-2.0 */
/* The lane's turn: a batch of jobs, sorted by task, each task in its own exchanges, over one connection or,
 * where that is safe, two. */
#include <stdio.h>
#include <string.h>

#include "base/pool.h"
#include "store/job.h"
#include "store/sqlstate.h"

/* A job is sent at most this often when connections are lost under it. */
#define TRIES_MAX 2

_Static_assert(CAREER_BY_TASK_VALUES == CAREER_TASK_PROBE + 1 &&
                   CAREER_BY_TASK_PROBE == (int)CAREER_TASK_PROBE &&
                   CAREER_BY_TASK_TAKE == (int)CAREER_TASK_TAKE,
               "tasks are counted by their number");

/* The outbox is a table of its own, and may be well where profiles are not. */
static bool is_about_profiles(const career_store_job *job)
{
    return job->task == CAREER_TASK_READ || job->task == CAREER_TASK_WRITE ||
           job->task == CAREER_TASK_DECIDE || job->task == CAREER_TASK_PROBE;
}

void career_batch_finish(career_batch *batch, size_t i)
{
    career_store_job *job = batch->jobs[i];
    bool failed = job->failed && !job->error; /* what decide refuses the database has served */

    batch->answered = batch->answered || !failed;
    batch->served = batch->served || (!failed && is_about_profiles(job));
    career_count_job(batch->session->store, job,
                     failed ? CAREER_BY_OUTCOME_FAILED : CAREER_BY_OUTCOME_DONE);
    career_job_finish(&batch->jobs[i]->base);
    batch->jobs[i] = NULL;
}

void career_batch_fail(career_batch *batch, size_t i, career_error_id id, const char *cause)
{
    career_store_job *job = batch->jobs[i];

    job->failed = true;
    job->id = id;
    snprintf(job->cause, sizeof(job->cause), "%s", cause);
    career_batch_finish(batch, i);
}

/* For the log: what we know of it, code and names, and the server's sentence where it quotes no value. */
static void describe(const career_result *failure, const char *barred, char cause[CAREER_WHY_SIZE])
{
    const char *code = career_result_sqlstate(failure);
    const char *message = career_result_message(failure);
    const char *constraint = career_result_constraint(failure);
    const char *column = career_result_column(failure);

    if (!career_sqlstate_describe(code)->quotable)
        message = NULL;
    snprintf(cause, CAREER_WHY_SIZE, "%s%sSQLSTATE %s%s%s%s%s%s%s", barred ? barred : "",
             barred ? ", " : "", code ? code : "unknown", message ? ": " : "",
             message ? message : "", constraint ? ", constraint " : "",
             constraint ? constraint : "", column ? ", column " : "", column ? column : "");
}

/* A value can only be refused where one was sent: a read meets such a code in a function of somebody else's. */
static career_error_id judge(const career_store_job *job)
{
    career_error_id id = career_sqlstate_describe(career_result_sqlstate(job->failure))->id;
    bool sends = job->task == CAREER_TASK_WRITE || job->task == CAREER_TASK_DECIDE;

    if (job->barred)
        return CAREER_ERROR_DATABASE_FORBIDDEN;
    return id == CAREER_ERROR_VALIDATION_FAILED && !sends ? CAREER_ERROR_INTERNAL_ERROR : id;
}

void career_batch_refuse(career_batch *batch, size_t i)
{
    career_store_job *job = batch->jobs[i];
    career_error_id id = judge(job);
    char cause[CAREER_WHY_SIZE];

    if (id == CAREER_ERROR_VALIDATION_FAILED)
        career_batch_inquire(batch, job);
    if (career_error_describe(id)->status >= 500)
        career_count(batch->session->store->config.counters, DATABASE_ERRORS, FAULT, STATEMENT);
    describe(job->failure, job->barred, cause);
    career_batch_fail(batch, i, id, cause);
}

career_moment career_batch_limit(const career_batch *batch, career_store_task task)
{
    career_moment latest = 0, query = career_clock_now() + batch->session->store->config.query;

    for (size_t i = 0; i < batch->count; i++)
        if (batch->jobs[i] && batch->jobs[i]->task == task && batch->jobs[i]->deadline > latest)
            latest = batch->jobs[i]->deadline;
    return latest < query ? latest : query;
}

void career_batch_keep_or_fail(career_batch *batch, size_t i)
{
    career_store_job *job = batch->jobs[i];
    career_session *session = batch->session;

    job->tries++;
    if (job->tries >= TRIES_MAX || job->deadline <= career_clock_now())
        career_batch_fail(batch, i, CAREER_ERROR_DATABASE_UNAVAILABLE, session->why);
    else
        career_count(session->store->config.counters, DATABASE_RETRIES, RETRY, CONNECTION);
}

void career_batch_lost(career_batch *batch, career_store_task task)
{
    bool overran = batch->session->postgres && career_postgres_overran(batch->session->postgres);

    career_session_drop(batch->session, !overran);
    for (size_t i = 0; i < batch->count; i++) {
        if (!batch->jobs[i] || batch->jobs[i]->task != task)
            continue;
        if (overran)
            career_batch_fail(batch, i, CAREER_ERROR_DATABASE_UNAVAILABLE, batch->session->why);
        else
            career_batch_keep_or_fail(batch, i);
    }
}

bool career_batch_dropped(career_batch *batch, const career_result *failure)
{
    const char *code = career_result_sqlstate(failure);
    career_sqlstate_action action = career_sqlstate_describe(code)->action;

    if (action != CAREER_SQLSTATE_REOPEN && action != CAREER_SQLSTATE_CLOSE)
        return false;
    if (strcmp(code, "26000") == 0 || strcmp(code, "42P05") == 0)
        career_session_refuse_names(batch->session);
    career_session_drop(batch->session, action == CAREER_SQLSTATE_CLOSE);
    describe(failure, NULL, batch->session->why);
    return true;
}

/* Nobody waits for these any more. A job that began in time is worth its exchange, so this is for later. */
static void drop_late(career_batch *batch)
{
    career_moment now = career_clock_now();

    for (size_t i = 0; i < batch->count; i++)
        if (batch->jobs[i] && batch->jobs[i]->deadline <= now)
            career_batch_fail(batch, i, CAREER_ERROR_DATABASE_UNAVAILABLE,
                              "no answer within the time limit");
}

static bool any_left(const career_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->jobs[i])
            return true;
    return false;
}

static void fail_all(career_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->jobs[i])
            career_batch_fail(batch, i, CAREER_ERROR_DATABASE_UNAVAILABLE, batch->session->why);
}

/* A job may wait until its start_by, whether in the queue or for the gate; but one that nobody waits for (of the
 * outbox) no longer before the gate than others, who would find no lane meanwhile. */
static career_moment patience_of(const career_batch *batch)
{
    career_moment earliest = career_clock_now() + batch->session->store->config.wait;

    for (size_t i = 0; i < batch->count; i++)
        if (batch->jobs[i] && batch->jobs[i]->base.start_by < earliest)
            earliest = batch->jobs[i]->base.start_by;
    return earliest;
}

static void serve_round(career_batch *batch)
{
    if (career_serve_reads(batch) && career_serve_writes(batch) && career_serve_decides(batch))
        career_serve_outbox(batch);
}

/* Every round finishes a job or counts a try of it, so the rounds end. */
static void serve_all(career_batch *batch)
{
    career_moment patience = patience_of(batch);

    while (any_left(batch)) {
        if (!career_session_ready(batch->session, patience)) {
            fail_all(batch);
            return;
        }
        drop_late(batch);
        serve_round(batch);
    }
}

static void begin(career_batch *batch, career_job *jobs)
{
    career_counters *counters = batch->session->store->config.counters;
    career_moment now = career_clock_now();

    atomic_store(&batch->session->store->asked, now);
    career_count_by(counters, DATABASE_BATCHES, 1);
    for (career_job *next; jobs; jobs = next) {
        career_store_job *job = (career_store_job *)jobs;

        next = jobs->next;
        if (job->made) /* else the lane's borrower has seen to this, too */
            career_observe(counters, DATABASE_WAIT, 0, now - job->made);
        job->made = 0;
        batch->jobs[batch->count++] = job;
    }
}

static void end(career_batch *batch)
{
    career_counters *counters = batch->session->store->config.counters;

    batch->session->used = career_clock_now();
    if (batch->answered) {
        career_gate_served(batch->session->store->gate);
        career_set(counters, DATABASE_ANSWERED, apr_time_now());
    }
    if (batch->served)
        career_set(counters, DATABASE_SERVED, apr_time_now());
}

void career_batch_serve(void *data, career_job *jobs)
{
    career_batch batch = {.session = data, .scratch = career_pool_create()};

    begin(&batch, jobs);
    if (batch.scratch) {
        serve_all(&batch);
        apr_pool_destroy(batch.scratch);
    } else {
        snprintf(batch.session->why, sizeof(batch.session->why), "out of memory");
        fail_all(&batch);
    }
    end(&batch);
}

bool career_batch_attempt(career_session *session, career_job *job, apr_pool_t *scratch)
{
    career_batch batch = {.session = session, .scratch = scratch};

    if (!career_session_usable(session))
        return false;
    begin(&batch, job);
    serve_round(&batch);
    end(&batch);
    return !any_left(&batch);
}
