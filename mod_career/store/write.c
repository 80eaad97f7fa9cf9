/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes, in rounds. A round is one pipeline of at most one write per user, the first that is not done yet,
 * so that writes of one user keep their order; users come in the order of their ids, so that two lanes cannot
 * deadlock. First all together in one transaction; when that fails, each in its own. With claims each is in its
 * own from the start: first as a chain of transactions up to one sync, so that all are sent and answered at once; a
 * failure there undoes one, and keeps those after it from being tried.
 */
#include <stdio.h>
#include <string.h>

#include "store/job.h"
#include "store/sqlstate.h"

#define RETRIES_MAX 2
/* How long a write that shares its exchange waits for a row that somebody else has locked. */
#define HASTY "50"
/* A patient one gives up a little before its exchange does, which would cost the connection. */
#define PATIENT_MARGIN (100 * CAREER_MILLISECOND)

typedef struct round {
    career_write_mode mode;
    career_moment deadline;
    bool chained;      /* each in a transaction of its own, up to one sync */
    bool waits_little; /* with a lock_timeout before the statements */
    char lock_timeout[16];
    size_t count;
    size_t jobs[CAREER_STORE_BATCH]; /* places in the batch */
} round;

void career_write_queue(career_postgres *postgres, const char *const *values, bool creates,
                        bool doubtful)
{
    const char *brief[CAREER_PARAMETERS_MAX];

    if (creates) {
        const char *const insert[] = {
            values[CAREER_PLACE_USER_ID - 1], values[CAREER_PLACE_CURRENT_ROLE - 1],
            values[CAREER_PLACE_SENIORITY - 1], values[CAREER_PLACE_INDUSTRY - 1]};

        career_postgres_queue(postgres, CAREER_STATEMENT_INSERT, insert);
        career_postgres_queue(postgres, CAREER_STATEMENT_COMPLETE, values);
        career_postgres_queue(postgres, CAREER_STATEMENT_COMPLETED, NULL);
    } else if (career_encode_brief(values, brief)) {
        career_postgres_queue(postgres, CAREER_STATEMENT_UPDATE_BRIEFLY, brief);
    } else {
        career_postgres_queue(postgres, CAREER_STATEMENT_UPDATE, values);
    }
    if (doubtful)
        career_postgres_queue(postgres, CAREER_STATEMENT_LANDED, values);
}

/* Keeps a result that has a row, or a failure, as the one that counts. */
static void keep(career_result **kept, career_result *result, career_answer answer)
{
    if (answer == CAREER_ANSWER_FAILED || (!*kept && result && career_result_rows(result) > 0)) {
        career_result_release(*kept);
        *kept = result;
    } else {
        career_result_release(result);
    }
}

/* A statement whose own result is no row of the profile. */
static career_answer take_plain(career_postgres *postgres, career_moment deadline,
                                career_result **failure)
{
    career_result *one;
    career_answer answer = career_postgres_next(postgres, deadline, &one);

    if (answer == CAREER_ANSWER_FAILED)
        keep(failure, one, answer);
    else
        career_result_release(one);
    return answer;
}

static career_answer take_row(career_postgres *postgres, career_moment deadline,
                              career_result **result)
{
    career_result *one;
    career_answer answer = career_postgres_next(postgres, deadline, &one);

    keep(result, one, answer);
    return answer;
}

static career_answer worse(career_answer a, career_answer b)
{
    if (a == CAREER_ANSWER_LOST || b == CAREER_ANSWER_LOST)
        return CAREER_ANSWER_LOST;
    if (a == CAREER_ANSWER_FAILED || b == CAREER_ANSWER_FAILED)
        return CAREER_ANSWER_FAILED;
    return a == CAREER_ANSWER_DONE ? b : a;
}

career_answer career_write_take(career_postgres *postgres, career_store_job *job, bool creates,
                                bool doubtful, career_moment deadline, career_result **result)
{
    career_answer answer = CAREER_ANSWER_DONE, completed;

    *result = NULL;
    if (creates)
        answer = take_plain(postgres, deadline, result);
    if (answer != CAREER_ANSWER_LOST) /* the update, or what completes the insert */
        answer = worse(answer, take_row(postgres, deadline, result));
    if (creates && answer != CAREER_ANSWER_LOST) {
        completed = take_plain(postgres, deadline, result);
        if (completed == CAREER_ANSWER_FAILED)
            job->barred = "the row may be inserted, but not updated";
        answer = worse(answer, completed);
    }
    if (doubtful && answer != CAREER_ANSWER_LOST)
        answer = worse(answer, take_row(postgres, deadline, result));
    return answer;
}

/* -- which, and in what order -------------------------------------------------------------------- */

/* By insertion: batches are short and mostly of one, and equal users must keep their order. */
static void sort_by_user(career_store_job **jobs, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        career_store_job *job = jobs[i];
        size_t n = i;

        for (; n && strcmp(jobs[n - 1]->user_id, job->user_id) > 0; n--)
            jobs[n] = jobs[n - 1];
        jobs[n] = job;
    }
}

/* Writes to the front, by user; the places of finished jobs go. */
static void arrange(career_batch *batch)
{
    career_store_job *others[CAREER_STORE_BATCH];
    size_t writes = 0, rest = 0;

    for (size_t i = 0; i < batch->count; i++) {
        career_store_job *job = batch->jobs[i];

        if (job && job->task == CAREER_TASK_WRITE)
            batch->jobs[writes++] = job;
        else if (job)
            others[rest++] = job;
    }
    sort_by_user(batch->jobs, writes);
    for (size_t i = 0; i < rest; i++)
        batch->jobs[writes + i] = others[i];
    batch->count = writes + rest;
}

/* The first write of each user that is in this mode. */
static void pick(const career_batch *batch, round *turn, career_write_mode mode)
{
    const char *last = "";

    turn->mode = mode;
    turn->count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const career_store_job *job = batch->jobs[i];

        if (!job || job->task != CAREER_TASK_WRITE)
            continue;
        if (job->mode == mode && strcmp(job->user_id, last) != 0)
            turn->jobs[turn->count++] = i;
        last = job->user_id;
    }
}

static bool next_round(career_batch *batch, round *turn)
{
    pick(batch, turn, CAREER_WRITE_TOGETHER);
    turn->chained = turn->count && batch->session->store->config.claims;
    if (!turn->count)
        pick(batch, turn, CAREER_WRITE_HASTY);
    if (!turn->count)
        pick(batch, turn, CAREER_WRITE_PATIENT);
    if (turn->count == 1 && (turn->mode == CAREER_WRITE_HASTY || turn->chained)) {
        turn->chained = false;
        turn->mode = CAREER_WRITE_PATIENT; /* there is nobody to be quick for */
        batch->jobs[turn->jobs[0]]->mode = CAREER_WRITE_PATIENT;
    }
    if (turn->mode == CAREER_WRITE_PATIENT && turn->count > 1)
        turn->count = 1;
    return turn->count > 0;
}

/* -- one round ----------------------------------------------------------------------------------- */

static void set_limits(const career_batch *batch, round *turn)
{
    career_moment left, now = career_clock_now();

    turn->deadline = career_batch_limit(batch, CAREER_TASK_WRITE);
    turn->waits_little = turn->mode != CAREER_WRITE_TOGETHER || turn->count > 1;
    snprintf(turn->lock_timeout, sizeof(turn->lock_timeout), HASTY);
    if (turn->mode == CAREER_WRITE_PATIENT) {
        left = (turn->deadline - now - PATIENT_MARGIN) / CAREER_MILLISECOND;
        snprintf(turn->lock_timeout, sizeof(turn->lock_timeout), "%d",
                 left > 1 && left < INT32_MAX ? (int)left : 1);
    }
}

/* Is the i-th the first of its transaction, and is that to be said there? */
static bool sets_limit(const round *turn, size_t i)
{
    return turn->waits_little && (i == 0 || turn->mode != CAREER_WRITE_TOGETHER || turn->chained);
}

static void send_round(career_batch *batch, const round *turn)
{
    career_postgres *postgres = batch->session->postgres;

    if (turn->chained)
        career_postgres_queue(postgres, CAREER_STATEMENT_BEGIN, NULL);
    for (size_t i = 0; i < turn->count; i++) {
        career_store_job *job = batch->jobs[turn->jobs[i]];
        bool last = i + 1 == turn->count;

        job->fate = CAREER_FATE_UNKNOWN;
        career_claims_queue(postgres, job, sets_limit(turn, i) ? turn->lock_timeout : NULL);
        career_write_queue(postgres, job->values, job->creates, job->doubtful);
        if (turn->chained)
            career_postgres_queue(
                postgres, last ? CAREER_STATEMENT_COMMIT : CAREER_STATEMENT_COMMIT_AND_CHAIN, NULL);
        if (last || turn->mode != CAREER_WRITE_TOGETHER)
            career_postgres_sync(postgres);
    }
}

/* The failure is the culprit's; what one fails undoes the others of the transaction. */
static void blame(career_store_job **culprit, career_store_job *job, career_result *failure)
{
    if (*culprit || !failure) {
        career_result_release(failure);
        return;
    }
    *culprit = job;
    job->failure = failure;
}

static career_answer take_job(career_postgres *postgres, career_store_job *job, bool limited,
                              career_moment deadline, career_store_job **culprit)
{
    career_result *result, *failure;
    career_answer answer, claimed = career_claims_take(postgres, job, limited, deadline, &failure);

    if (claimed == CAREER_ANSWER_FAILED)
        blame(culprit, job, failure);
    if (claimed == CAREER_ANSWER_LOST)
        return claimed;
    answer = career_write_take(postgres, job, job->creates, job->doubtful, deadline, &result);
    career_result_release(job->result);
    job->result = answer == CAREER_ANSWER_DONE ? result : NULL;
    if (answer == CAREER_ANSWER_FAILED)
        blame(culprit, job, result);
    else if (answer != CAREER_ANSWER_DONE)
        career_result_release(result);
    return answer;
}

/* Takes what came of the jobs [from, to) of a round, which are one transaction. */
static career_answer take_transaction(career_batch *batch, const round *turn, size_t from,
                                      size_t to)
{
    career_postgres *postgres = batch->session->postgres;
    career_store_job *job = batch->jobs[turn->jobs[from]], *culprit = NULL;
    career_answer answer = CAREER_ANSWER_DONE;
    career_write_fate fate = CAREER_FATE_UNKNOWN;
    career_result *result = NULL;

    for (size_t i = from; i < to && answer != CAREER_ANSWER_LOST; i++) {
        job = batch->jobs[turn->jobs[i]];
        answer = take_job(postgres, job, sets_limit(turn, i), turn->deadline, &culprit);
    }
    if (answer != CAREER_ANSWER_LOST) {
        answer = career_postgres_settle(postgres, turn->deadline, &result);
        blame(&culprit, job,
              result); /* the commit failed: told to the last, who is tried alone next */
    }
    if (culprit)
        fate = CAREER_FATE_UNDONE;
    else if (answer == CAREER_ANSWER_DONE)
        fate = CAREER_FATE_COMMITTED;
    for (size_t i = from; i < to; i++)
        batch->jobs[turn->jobs[i]]->fate = fate;
    return answer;
}

/* Takes what came of one job of a chain: its fate is known with its own commit. */
static career_answer take_link(career_postgres *postgres, career_store_job *job,
                               career_moment deadline, career_store_job **culprit)
{
    career_result *failure = NULL;
    career_answer answer = take_job(postgres, job, true, deadline, culprit);

    if (answer != CAREER_ANSWER_LOST)
        answer = take_plain(postgres, deadline, &failure);
    blame(culprit, job, failure);
    if (answer != CAREER_ANSWER_LOST)
        job->fate = answer == CAREER_ANSWER_DONE ? CAREER_FATE_COMMITTED : CAREER_FATE_UNDONE;
    return answer;
}

static career_answer take_chain(career_batch *batch, const round *turn)
{
    career_postgres *postgres = batch->session->postgres;
    career_store_job *job = batch->jobs[turn->jobs[0]], *culprit = NULL;
    career_result *failure = NULL;
    career_answer answer = take_plain(postgres, turn->deadline, &failure); /* of BEGIN */

    blame(&culprit, job, failure);
    for (size_t i = 0; i < turn->count && answer != CAREER_ANSWER_LOST; i++) {
        job = batch->jobs[turn->jobs[i]];
        answer = take_link(postgres, job, turn->deadline, &culprit);
    }
    if (answer == CAREER_ANSWER_LOST)
        return answer;
    answer = career_postgres_settle(postgres, turn->deadline, &failure);
    career_result_release(failure); /* each was handed out before */
    if (culprit && answer != CAREER_ANSWER_LOST &&
        !career_postgres_roll_back(postgres, turn->deadline))
        answer = CAREER_ANSWER_LOST;
    return answer;
}

static bool take_round(career_batch *batch, const round *turn)
{
    size_t step = turn->mode == CAREER_WRITE_TOGETHER ? turn->count : 1;

    if (turn->chained)
        return take_chain(batch, turn) != CAREER_ANSWER_LOST;
    for (size_t i = 0; i < turn->count; i += step)
        if (take_transaction(batch, turn, i, i + step) == CAREER_ANSWER_LOST)
            return false;
    return true;
}

/* -- what to make of it -------------------------------------------------------------------------- */

/* A decision whose race is lost is made anew. */
static void decide_again(career_batch *batch, career_store_job *job)
{
    job->doubtful = false;
    if (!job->hopes) {
        job->task = CAREER_TASK_DECIDE;
        return;
    }
    job->task = --job->hopes ? CAREER_TASK_READ : CAREER_TASK_DECIDE;
    career_count(batch->session->store->config.counters, DATABASE_RETRIES, RETRY, RACE);
}

static void end_committed(career_batch *batch, size_t i)
{
    career_store_job *job = batch->jobs[i];

    if (job->decide && !job->result) {
        decide_again(batch, job);
        return;
    }
    job->row_at = job->result ? 0 : -1;
    career_batch_finish(batch, i);
}

static void forget_failure(career_store_job *job)
{
    career_result_release(job->failure);
    job->failure = NULL;
    job->barred = NULL;
}

/* Undone, and the connection is good. */
static void judge_undone(career_batch *batch, size_t i, const round *turn)
{
    career_store_job *job = batch->jobs[i];
    const char *code =
        job->failure ? career_result_sqlstate(job->failure) : NULL; /* NULL: a neighbour's */
    bool retry = career_sqlstate_describe(code)->action == CAREER_SQLSTATE_RETRY;

    if (turn->mode == CAREER_WRITE_TOGETHER && turn->count > 1 && !(turn->chained && code)) {
        job->mode = CAREER_WRITE_HASTY;
    } else if ((turn->mode == CAREER_WRITE_HASTY || turn->chained) && code &&
               strcmp(code, "55P03") == 0) {
        job->mode = CAREER_WRITE_PATIENT;
    } else if (retry && job->retries < RETRIES_MAX) {
        job->retries++;
        career_count(batch->session->store->config.counters, DATABASE_RETRIES, RETRY, CONFLICT);
        job->mode = CAREER_WRITE_PATIENT;
    } else if (job->failure) {
        career_batch_refuse(batch, i);
        return;
    } else {
        career_batch_fail(batch, i, CAREER_ERROR_INTERNAL_ERROR, "undone for no reason given");
        return;
    }
    forget_failure(job);
}

/* A failure that ends the connection, such as a shutdown or a server that only reads now. */
static bool fatal(career_batch *batch, const round *turn)
{
    bool dropped = false;

    for (size_t i = 0; i < turn->count; i++) {
        career_store_job *job = batch->jobs[turn->jobs[i]];

        if (!job->failure || !career_batch_dropped(batch, job->failure))
            continue;
        dropped = true;
        forget_failure(job);
    }
    return dropped;
}

/* The connection is gone. What overran is over; what was undone, or may have committed, has one more try. */
static void judge_lost(career_batch *batch, const round *turn, bool overran)
{
    for (size_t i = 0; i < turn->count; i++) {
        size_t n = turn->jobs[i];
        career_store_job *job = batch->jobs[n];

        if (job->fate == CAREER_FATE_COMMITTED) {
            end_committed(batch, n);
        } else if (overran) {
            career_batch_fail(batch, n, CAREER_ERROR_DATABASE_UNAVAILABLE, batch->session->why);
        } else {
            job->doubtful = job->doubtful || job->fate == CAREER_FATE_UNKNOWN;
            forget_failure(job);
            career_batch_keep_or_fail(batch, n);
        }
    }
}

static bool serve_round(career_batch *batch, round *turn)
{
    bool kept, overran;

    set_limits(batch, turn);
    send_round(batch, turn);
    kept = take_round(batch, turn);
    overran = !kept && career_postgres_overran(batch->session->postgres);
    if (fatal(batch, turn))
        kept = overran = false;
    else if (!kept)
        career_session_drop(batch->session, !overran);
    if (!kept) {
        judge_lost(batch, turn, overran);
        return false;
    }
    for (size_t i = 0; i < turn->count; i++)
        if (batch->jobs[turn->jobs[i]]->fate == CAREER_FATE_COMMITTED)
            end_committed(batch, turn->jobs[i]);
    for (size_t i = 0; i < turn->count; i++) { /* these may have questions to ask */
        const career_store_job *job = batch->jobs[turn->jobs[i]];

        if (job && job->fate != CAREER_FATE_COMMITTED)
            judge_undone(batch, turn->jobs[i], turn);
    }
    return batch->session->postgres != NULL;
}

bool career_serve_writes(career_batch *batch)
{
    round turn;

    arrange(batch);
    while (next_round(batch, &turn))
        if (!serve_round(batch, &turn))
            return false;
    return true;
}
