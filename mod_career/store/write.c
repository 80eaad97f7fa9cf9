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

#include "store/round.h"
#include "store/sqlstate.h"

#define RETRIES_MAX 2
/* How long a write that shares its exchange waits for a row that somebody else has locked. */
#define HASTY "50"
/* A patient one gives up a little before its exchange does, which would cost the connection. */
#define PATIENT_MARGIN (100 * CAREER_MILLISECOND)

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
static void pick(const career_batch *batch, career_round *round, career_write_mode mode)
{
    const char *last = "";

    round->mode = mode;
    round->count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const career_store_job *job = batch->jobs[i];

        if (!job || job->task != CAREER_TASK_WRITE)
            continue;
        if (job->mode == mode && strcmp(job->user_id, last) != 0)
            round->jobs[round->count++] = i;
        last = job->user_id;
    }
}

static career_round_form form_of(const career_batch *batch, const career_round *round)
{
    if (round->mode != CAREER_WRITE_TOGETHER)
        return CAREER_ROUND_APART;
    return batch->session->store->config.claims ? CAREER_ROUND_CHAINED : CAREER_ROUND_SHARED;
}

static bool next_round(career_batch *batch, career_round *round)
{
    pick(batch, round, CAREER_WRITE_TOGETHER);
    if (!round->count)
        pick(batch, round, CAREER_WRITE_HASTY);
    if (!round->count)
        pick(batch, round, CAREER_WRITE_PATIENT);
    round->form = form_of(batch, round);
    if (round->count == 1 && round->form != CAREER_ROUND_SHARED) {
        round->form = CAREER_ROUND_APART;
        round->mode = CAREER_WRITE_PATIENT; /* there is nobody to be quick for */
        batch->jobs[round->jobs[0]]->mode = CAREER_WRITE_PATIENT;
    }
    if (round->mode == CAREER_WRITE_PATIENT && round->count > 1)
        round->count = 1;
    return round->count > 0;
}

static void set_limits(const career_batch *batch, career_round *round)
{
    career_moment left, now = career_clock_now();

    round->deadline = career_batch_limit(batch, CAREER_TASK_WRITE);
    round->waits_little = round->mode != CAREER_WRITE_TOGETHER || round->count > 1;
    snprintf(round->lock_timeout, sizeof(round->lock_timeout), HASTY);
    if (round->mode == CAREER_WRITE_PATIENT) {
        left = (round->deadline - now - PATIENT_MARGIN) / CAREER_MILLISECOND;
        snprintf(round->lock_timeout, sizeof(round->lock_timeout), "%d",
                 left > 1 && left < INT32_MAX ? (int)left : 1);
    }
}

/* -- what to make of what came of it --------------------------------------------------------------- */

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
static void judge_undone(career_batch *batch, size_t i, const career_round *round)
{
    career_store_job *job = batch->jobs[i];
    const char *code =
        job->failure ? career_result_sqlstate(job->failure) : NULL; /* NULL: a neighbour's */
    bool retry = career_sqlstate_describe(code)->action == CAREER_SQLSTATE_RETRY;
    bool chained = round->form == CAREER_ROUND_CHAINED;

    if (round->mode == CAREER_WRITE_TOGETHER && round->count > 1 && !(chained && code)) {
        job->mode = CAREER_WRITE_HASTY;
    } else if ((round->mode == CAREER_WRITE_HASTY || chained) && code &&
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
static bool fatal(career_batch *batch, const career_round *round)
{
    bool dropped = false;

    for (size_t i = 0; i < round->count; i++) {
        career_store_job *job = batch->jobs[round->jobs[i]];

        if (!job->failure || !career_batch_dropped(batch, job->failure))
            continue;
        dropped = true;
        forget_failure(job);
    }
    return dropped;
}

/* The connection is gone. What overran is over; what was undone, or may have committed, has one more try. */
static void judge_lost(career_batch *batch, const career_round *round, bool overran)
{
    for (size_t i = 0; i < round->count; i++) {
        size_t n = round->jobs[i];
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

static bool serve_round(career_batch *batch, career_round *round)
{
    bool kept, overran;

    set_limits(batch, round);
    career_round_send(batch, round);
    kept = career_round_take(batch, round);
    overran = !kept && career_postgres_overran(batch->session->postgres);
    if (fatal(batch, round))
        kept = overran = false;
    else if (!kept)
        career_session_drop(batch->session, !overran);
    if (!kept) {
        judge_lost(batch, round, overran);
        return false;
    }
    for (size_t i = 0; i < round->count; i++)
        if (batch->jobs[round->jobs[i]]->fate == CAREER_FATE_COMMITTED)
            end_committed(batch, round->jobs[i]);
    for (size_t i = 0; i < round->count; i++) { /* these may have questions to ask */
        const career_store_job *job = batch->jobs[round->jobs[i]];

        if (job && job->fate != CAREER_FATE_COMMITTED)
            judge_undone(batch, round->jobs[i], round);
    }
    return batch->session->postgres != NULL;
}

bool career_serve_writes(career_batch *batch)
{
    career_round round;

    arrange(batch);
    while (next_round(batch, &round))
        if (!serve_round(batch, &round))
            return false;
    return true;
}
