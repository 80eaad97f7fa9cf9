/* SPDX-License-Identifier: Apache-2.0 */
/* Reads: all that wait are one statement; they share its result. */
#include "store/job.h"

/* The users of the batch's reads as an array; NULL when there are none. */
static const char *users_of(const career_batch *batch)
{
    career_text text = {.pool = NULL};

    for (size_t i = 0; i < batch->count; i++) {
        if (!batch->jobs[i] || batch->jobs[i]->task != CAREER_TASK_READ)
            continue;
        if (!text.pool)
            text = career_text_make(batch->scratch, 40 * (batch->count + 1));
        career_text_add_char(&text, text.len ? ',' : '{');
        career_text_add(&text, batch->jobs[i]->user_id, CAREER_USER_ID_SIZE - 1);
    }
    if (text.pool)
        career_text_add_char(&text, '}');
    return text.data;
}

static void hand_out(career_store_job *job, career_result *rows)
{
    for (int at = 0; at < career_result_rows(rows); at++) {
        career_slice user = career_result_value(rows, at, CAREER_ROW_USER_ID);

        if (!career_slice_equal(user, career_slice_of(job->user_id)))
            continue;
        job->result = career_result_hold(rows);
        career_row_decode(&job->row, rows, at, 0);
        job->has_row = true;
        return;
    }
}

static void end_reads(career_batch *batch, career_result *rows, career_result *failure)
{
    for (size_t i = 0; i < batch->count; i++) {
        career_store_job *job = batch->jobs[i];

        if (!job || job->task != CAREER_TASK_READ)
            continue;
        if (failure) {
            job->failure = career_result_hold(failure);
            career_batch_refuse(batch, i);
        } else {
            hand_out(job, rows);
            career_batch_finish(batch, i);
        }
    }
}

bool career_serve_reads(career_batch *batch)
{
    career_postgres *postgres = batch->session->postgres;
    career_moment deadline = career_batch_limit(batch, CAREER_TASK_READ);
    const char *users = users_of(batch);
    career_result *result = NULL, *unsettled = NULL;
    career_answer answer;
    bool failed, kept;

    if (!users)
        return true;
    career_postgres_queue(postgres, CAREER_STATEMENT_READ, &users);
    career_postgres_sync(postgres);
    answer = career_postgres_next(postgres, deadline, &result);
    failed = answer == CAREER_ANSWER_FAILED;
    kept = !(failed && career_batch_dropped(batch, result));
    if (answer == CAREER_ANSWER_DONE)
        end_reads(batch, result, NULL); /* before the sync: a read needs no commit */
    if (kept && career_postgres_settle(postgres, deadline, &unsettled) == CAREER_ANSWER_LOST)
        kept = false;
    if (!kept)
        career_batch_lost(batch, CAREER_TASK_READ);
    else if (failed)
        end_reads(batch, NULL, result);
    career_result_release(result);
    career_result_release(unsettled);
    return kept;
}
