/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decisions. While there is hope for one it is a read among the others, the callback is asked, and it becomes a write
 * among the others, in the same turn of the lane. Else it is made under a row lock: lock, ask the callback, write,
 * commit, in a transaction that lasts two exchanges. Where there is no row yet nothing can be locked: if somebody else makes it meanwhile, the
 * decision starts again and finds it. One whose commit may have happened unseen must not be made again over
 * its own outcome: what it wrote is tried once more as any write is, and decided anew only if that race is lost.
 */
#include <stdio.h>

#include "store/job.h"
#include "store/sqlstate.h"

#define ROUNDS_MAX 3
/* The lock is given up a little before the exchange, which would cost the connection. */
#define LOCK_MARGIN (100 * CAREER_MILLISECOND)

typedef enum verdict {
    ENDED, /* the job is finished */
    AGAIN, /* once more */
    GONE   /* no connection */
} verdict;

static void release(career_result **result)
{
    career_result_release(*result);
    *result = NULL;
}

static void forget_failure(career_store_job *job)
{
    release(&job->failure);
    job->barred = NULL;
}

/* Reads to the end of a transaction's part. The failure goes to the job. */
static career_answer settle(career_batch *batch, career_store_job *job, career_moment deadline)
{
    career_result *result = NULL;
    career_answer answer = career_postgres_settle(batch->session->postgres, deadline, &result);

    if (answer == CAREER_ANSWER_FAILED && !job->failure)
        job->failure = result;
    else
        career_result_release(result);
    return answer;
}

/* Takes a statement's result; the failure goes to the job. NULL unless DONE. */
static career_result *take(career_batch *batch, career_store_job *job, career_moment deadline)
{
    career_result *result = NULL;
    career_answer answer = career_postgres_next(batch->session->postgres, deadline, &result);

    if (answer == CAREER_ANSWER_DONE)
        return result;
    if (answer == CAREER_ANSWER_FAILED && !job->failure)
        job->failure = result;
    else
        career_result_release(result);
    return NULL;
}

static void take_claims(career_batch *batch, career_store_job *job, career_moment deadline)
{
    career_result *failure;

    career_claims_take(batch->session->postgres, job, true, deadline, &failure);
    if (job->failure)
        career_result_release(failure);
    else
        job->failure = failure;
}

/* *withheld: there is a row, but not to be locked. A policy for updates may be why; or it was just deleted. */
static bool lock_row(career_batch *batch, career_store_job *job, career_moment deadline,
                     bool *withheld)
{
    career_postgres *postgres = batch->session->postgres;
    career_moment left = (deadline - career_clock_now() - LOCK_MARGIN) / CAREER_MILLISECOND;
    const char *user_id = job->user_id;
    career_result *seen, *locked;
    char lock_timeout[16];
    bool answered;

    snprintf(lock_timeout, sizeof(lock_timeout), "%d",
             left > 1 && left < INT32_MAX ? (int)left : 1);
    career_postgres_queue(postgres, CAREER_STATEMENT_BEGIN, NULL);
    career_claims_queue(postgres, job, lock_timeout);
    career_postgres_queue(postgres, CAREER_STATEMENT_READ, &user_id);
    career_postgres_queue(postgres, CAREER_STATEMENT_LOCK, &user_id);
    career_postgres_sync(postgres);
    career_result_release(take(batch, job, deadline));
    take_claims(batch, job, deadline);
    seen = take(batch, job, deadline);
    locked = take(batch, job, deadline);
    answered = locked != NULL;
    job->previous = locked && career_result_rows(locked) > 0
                        ? career_row_decode(job->pool, locked, 0, 0)
                        : NULL;
    *withheld = seen && career_result_rows(seen) > 0 && !job->previous;
    career_result_release(seen);
    career_result_release(locked);
    return settle(batch, job, deadline) == CAREER_ANSWER_DONE && answered;
}

/* Leaves the transaction; a connection that is gone is dropped. */
static bool leave(career_batch *batch, career_moment deadline)
{
    bool kept = career_postgres_roll_back(batch->session->postgres, deadline);

    if (!kept)
        career_session_drop(batch->session, true);
    return kept;
}

static void ask(career_store_job *job)
{
    job->error = NULL;
    job->change = job->decide(job->context, job->pool, job->previous, &job->error);
    if (!job->change && !job->error)
        job->error = career_error_make(job->pool, CAREER_ERROR_INTERNAL_ERROR, "no decision");
}

static void encode(career_store_job *job)
{
    job->creates = !job->previous;
    job->values = career_encode_change(job->pool, job->user_id,
                                       job->creates ? 0 : job->previous->version, job->change);
}

/* *committed with job->result: the row, or NULL when somebody else made it first. */
static bool write_row(career_batch *batch, career_store_job *job, career_moment deadline)
{
    career_postgres *postgres = batch->session->postgres;
    career_result *result = NULL, *committed;
    career_answer answer;

    encode(job);
    job->fate = CAREER_FATE_UNKNOWN;
    career_write_queue(postgres, job->values, job->creates, false);
    career_postgres_queue(postgres, CAREER_STATEMENT_COMMIT, NULL);
    career_postgres_sync(postgres);
    answer = career_write_take(postgres, job, job->creates, false, deadline, &result);
    release(&job->result);
    if (answer == CAREER_ANSWER_FAILED)
        job->failure = result;
    else
        job->result = result;
    committed = take(batch, job, deadline);
    career_result_release(committed);
    answer = settle(batch, job, deadline);
    if (job->failure && answer != CAREER_ANSWER_LOST)
        job->fate = CAREER_FATE_UNDONE; /* not by last words: see round.c */
    return answer == CAREER_ANSWER_DONE && committed;
}

/* Nothing to write: the decision was an error, or that all is well. */
static void end_unwritten(career_batch *batch, size_t i)
{
    career_store_job *job = batch->jobs[i];

    job->failed = job->error != NULL;
    job->row_at = -1;
    career_batch_finish(batch, i);
}

static void end_written(career_batch *batch, size_t i)
{
    career_store_job *job = batch->jobs[i];

    job->row_at = 0;
    career_batch_finish(batch, i);
}

void career_batch_propose(career_batch *batch, size_t i)
{
    career_store_job *job = batch->jobs[i];

    job->previous =
        job->row_at >= 0 ? career_row_decode(job->pool, job->result, job->row_at, 0) : NULL;
    release(&job->result);
    job->row_at = -1;
    ask(job);
    if (job->error || !job->change->any) {
        end_unwritten(batch, i);
        return;
    }
    encode(job);
    job->task = CAREER_TASK_WRITE;
    job->tries = 0; /* the read's are its own */
    job->mode = CAREER_WRITE_TOGETHER;
}

/* The connection is gone; what was sent last may have committed. */
static void keep_lost(career_batch *batch, size_t i)
{
    career_store_job *job = batch->jobs[i];

    if (job->fate == CAREER_FATE_UNKNOWN) {
        job->task = CAREER_TASK_WRITE;
        job->mode = CAREER_WRITE_PATIENT;
        job->doubtful = true;
    }
    forget_failure(job);
    career_batch_keep_or_fail(batch, i);
}

/* The server refused something, or the connection broke. */
static verdict judge_failure(career_batch *batch, size_t i, career_moment deadline)
{
    career_store_job *job = batch->jobs[i];
    const char *code = job->failure ? career_result_sqlstate(job->failure) : NULL;
    bool overran = career_postgres_overran(batch->session->postgres);

    if (!job->failure || career_batch_dropped(batch, job->failure) ||
        !career_postgres_roll_back(batch->session->postgres, deadline)) {
        career_session_drop(batch->session, !overran);
        if (overran)
            career_batch_fail(batch, i, CAREER_ERROR_DATABASE_UNAVAILABLE, batch->session->why);
        else
            keep_lost(batch, i);
        return GONE;
    }
    if (career_sqlstate_describe(code)->action == CAREER_SQLSTATE_RETRY &&
        job->retries++ < ROUNDS_MAX - 1) {
        career_count(batch->session->store->config.counters, DATABASE_RETRIES, RETRY, CONFLICT);
        forget_failure(job);
        return AGAIN;
    }
    career_batch_refuse(batch, i);
    return batch->session->postgres ? ENDED : GONE;
}

static verdict try_decide(career_batch *batch, size_t i)
{
    career_store_job *job = batch->jobs[i];
    career_moment query = batch->session->store->config.query;
    career_moment deadline = career_clock_now() + query;
    bool withheld;

    deadline = deadline < job->deadline ? deadline : job->deadline;
    job->fate = CAREER_FATE_UNDONE; /* nothing is written yet */
    if (!lock_row(batch, job, deadline, &withheld))
        return judge_failure(batch, i, deadline);
    if (withheld && leave(batch, deadline))
        return AGAIN;
    if (withheld) {
        career_batch_keep_or_fail(batch, i);
        return GONE;
    }
    ask(job);
    /* The rules had their own budget; the row must not stay locked for want of a moment. */
    deadline = career_clock_now() + query;
    if (job->error || !job->change || !job->change->any) {
        bool kept = leave(batch, deadline);

        end_unwritten(batch, i);
        return kept ? ENDED : GONE;
    }
    if (!write_row(batch, job, deadline))
        return judge_failure(batch, i, deadline);
    if (!job->result)
        return AGAIN;
    end_written(batch, i);
    return ENDED;
}

static verdict decide(career_batch *batch, size_t i)
{
    verdict come = AGAIN;

    for (int n = 0; come == AGAIN && n < ROUNDS_MAX; n++)
        come = try_decide(batch, i);
    if (come != AGAIN)
        return come;
    career_batch_fail(batch, i, CAREER_ERROR_DATABASE_FORBIDDEN,
                      "there is a row that can be neither locked nor made: a policy withholds it");
    return ENDED;
}

bool career_serve_decides(career_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (batch->jobs[i] && batch->jobs[i]->task == CAREER_TASK_DECIDE &&
            decide(batch, i) == GONE)
            return false;
    return true;
}
