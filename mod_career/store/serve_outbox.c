/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox and the probe on the lane's side: each job is a statement and a transaction of its own. */
#include <apr_strings.h>

#include "store/job.h"
#include "store/outbox.h"
#include "store/sqlstate.h"

/* Of a connection that the server ended one process tells for all: a restart ends them all at once. */
static void log_failure(const career_batch *batch, const career_store_job *job, const char *what)
{
    career_store *store = batch->session->store;
    const char *code = career_result_sqlstate(job->failure);
    const career_sqlstate_info *info = career_sqlstate_describe(code);
    const char *message = info->quotable ? career_result_message(job->failure) : NULL;
    bool ended = info->action == CAREER_SQLSTATE_CLOSE;

    if (ended && !career_gate_may_say(&store->gate->ended, code, CAREER_LOG_PAUSE))
        return;
    career_log_say(store->log, ended ? CAREER_LOG_DATABASE_ENDED : CAREER_LOG_DATABASE_QUERY,
                   "%s, SQLSTATE %s%s%s", what, code ? code : "unknown", message ? ": " : "",
                   message ? message : "");
}

static career_statement statement_of(const career_batch *batch, career_store_task task)
{
    switch (task) {
    case CAREER_TASK_TAKE:
        return CAREER_STATEMENT_TAKE;
    case CAREER_TASK_KEEP:
        return CAREER_STATEMENT_KEEP;
    case CAREER_TASK_REMOVE:
        return CAREER_STATEMENT_REMOVE;
    case CAREER_TASK_COUNT:
        return CAREER_STATEMENT_COUNT_OUTBOX;
    default:
        return batch->session->store->config.claims ? CAREER_STATEMENT_PROBE_OUTBOX
                                                    : CAREER_STATEMENT_PROBE;
    }
}

/* Does it look for entries, rather than at all of them? */
static bool looks_up(const career_store_job *job)
{
    return job->task == CAREER_TASK_TAKE || job->task == CAREER_TASK_KEEP ||
           job->task == CAREER_TASK_REMOVE;
}

static void ask(const career_batch *batch, const career_store_job *job)
{
    career_postgres *postgres = batch->session->postgres;

    if (looks_up(job))
        career_postgres_queue(postgres, CAREER_STATEMENT_BY_INDEX, NULL);
    career_postgres_queue(postgres, statement_of(batch, job->task), job->values);
    career_postgres_sync(postgres);
}

/* What came of the job's own statement, or of the one before it when that failed. */
static career_answer answer_of(career_postgres *postgres, const career_store_job *job,
                               career_moment deadline, career_result **result)
{
    career_answer answer = career_postgres_next(postgres, deadline, result);

    if (looks_up(job) && answer == CAREER_ANSWER_DONE) {
        career_result_release(*result);
        answer = career_postgres_next(postgres, deadline, result);
    }
    return answer;
}

static bool serve(career_batch *batch, size_t i)
{
    career_store_job *job = batch->jobs[i];
    career_postgres *postgres = batch->session->postgres;
    bool probes =
        job->task == CAREER_TASK_PROBE; /* who asks does not wait long, but may the lane */
    career_moment deadline = probes ? career_clock_now() + batch->session->store->config.query
                                    : career_batch_limit(batch, job->task);
    career_result *result = NULL, *unsettled = NULL;
    career_answer answer, end = CAREER_ANSWER_LOST;
    bool kept;

    ask(batch, job);
    answer = answer_of(postgres, job, deadline, &result);
    if (answer != CAREER_ANSWER_LOST)
        end = career_postgres_settle(postgres, deadline, &unsettled);
    kept = end != CAREER_ANSWER_LOST;
    if (answer == CAREER_ANSWER_FAILED || end == CAREER_ANSWER_FAILED) {
        job->failure = career_result_hold(answer == CAREER_ANSWER_FAILED ? result : unsettled);
        kept = kept && !career_batch_dropped(batch, job->failure);
        log_failure(batch, job, probes ? "health" : "outbox"); /* who asked may not listen */
        career_batch_refuse(batch, i);
    } else if (kept) {
        job->result = career_result_hold(result);
        career_batch_finish(batch, i);
    }
    career_result_release(result);
    career_result_release(unsettled);
    if (!kept &&
        batch->session->postgres) /* what was taken, or not removed, comes back after its lease */
        career_session_drop(batch->session, !career_postgres_overran(postgres));
    if (!kept && batch->jobs[i])
        career_batch_fail(batch, i, CAREER_ERROR_DATABASE_UNAVAILABLE, batch->session->why);
    return kept;
}

static bool is_ours(const career_store_job *job)
{
    return job && (job->task == CAREER_TASK_TAKE || job->task == CAREER_TASK_KEEP ||
                   job->task == CAREER_TASK_REMOVE || job->task == CAREER_TASK_COUNT ||
                   job->task == CAREER_TASK_PROBE);
}

bool career_serve_outbox(career_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        if (is_ours(batch->jobs[i]) && !serve(batch, i))
            return false;
    return true;
}
