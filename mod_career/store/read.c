/* SPDX-License-Identifier: Apache-2.0 */
/* Reads: all that wait are one statement; they share its result. With claims each is a transaction of its own, all
 * of them in one pipeline. */
#include "store/job.h"

static bool is_read(const career_batch *batch, size_t i)
{
    return batch->jobs[i] && batch->jobs[i]->task == CAREER_TASK_READ;
}

/* How many reads there are; *first asks for the user of one of them. */
static size_t count_reads(const career_batch *batch, const char **first)
{
    size_t count = 0;

    for (size_t i = 0; i < batch->count; i++)
        if (is_read(batch, i) && count++ == 0)
            *first = batch->jobs[i]->user_id;
    return count;
}

static const char *array_of_users(const career_batch *batch, size_t count)
{
    career_text text = career_text_make(batch->scratch, CAREER_USER_ID_SIZE * count + 2);

    for (size_t i = 0; i < batch->count; i++) {
        if (!is_read(batch, i))
            continue;
        career_text_add_char(&text, text.len ? ',' : '{');
        career_text_add(&text, batch->jobs[i]->user_id, CAREER_USER_ID_SIZE - 1);
    }
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
        job->row_at = at;
        return;
    }
}

static void end_read(career_batch *batch, size_t i)
{
    if (batch->jobs[i]->decide)
        career_batch_propose(batch, i);
    else
        career_batch_finish(batch, i);
}

static void end_reads(career_batch *batch, career_result *rows, career_result *failure)
{
    for (size_t i = 0; i < batch->count; i++) {
        career_store_job *job = batch->jobs[i];

        if (!is_read(batch, i))
            continue;
        if (failure) {
            job->failure = career_result_hold(failure);
            career_batch_refuse(batch, i);
        } else {
            hand_out(job, rows);
            end_read(batch, i);
        }
    }
}

/* The users, as the statement takes them. */
static bool serve_together(career_batch *batch, career_statement statement, const char *users,
                           career_moment deadline)
{
    career_postgres *postgres = batch->session->postgres;
    career_result *result = NULL, *unsettled = NULL;
    career_answer answer;
    bool failed, kept;

    career_postgres_queue(postgres, statement, &users);
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

/* -- each as its user ----------------------------------------------------------------------------- */

static void send_claimed(career_batch *batch)
{
    career_postgres *postgres = batch->session->postgres;

    for (size_t i = 0; i < batch->count; i++) {
        const char *user;

        if (!is_read(batch, i))
            continue;
        user = batch->jobs[i]->user_id;
        career_claims_queue(postgres, batch->jobs[i], NULL);
        career_postgres_queue(postgres, CAREER_STATEMENT_READ, &user);
        career_postgres_sync(postgres);
    }
}

/* What the transaction of job i brought. False: the connection is gone, and the job still there unless it had its
 * answer. */
static bool take_claimed(career_batch *batch, size_t i, career_moment deadline)
{
    career_postgres *postgres = batch->session->postgres;
    career_store_job *job = batch->jobs[i];
    career_result *failure, *result = NULL, *unsettled = NULL;
    career_answer answer = career_claims_take(postgres, job, false, deadline, &failure);

    if (answer != CAREER_ANSWER_LOST) {
        answer = career_postgres_next(postgres, deadline, &result);
        if (answer == CAREER_ANSWER_DONE) {
            hand_out(job, result);
            end_read(batch, i);
        } else if (answer == CAREER_ANSWER_FAILED) {
            failure = career_result_hold(result);
        }
    }
    career_result_release(result);
    if (answer != CAREER_ANSWER_LOST)
        answer = career_postgres_settle(postgres, deadline, &unsettled);
    career_result_release(unsettled);
    if (failure && career_batch_dropped(batch, failure))
        answer = CAREER_ANSWER_LOST;
    if (failure && answer != CAREER_ANSWER_LOST) {
        job->failure = career_result_hold(failure);
        career_batch_refuse(batch, i);
    }
    career_result_release(failure);
    return answer != CAREER_ANSWER_LOST;
}

static bool serve_claimed(career_batch *batch, career_moment deadline)
{
    send_claimed(batch);
    for (size_t i = 0; i < batch->count; i++) {
        if (!is_read(batch, i) || take_claimed(batch, i, deadline))
            continue;
        career_batch_lost(batch, CAREER_TASK_READ);
        return false;
    }
    return true;
}

bool career_serve_reads(career_batch *batch)
{
    const char *first = NULL;
    size_t count = count_reads(batch, &first);
    career_moment deadline;

    if (!count)
        return true;
    deadline = career_batch_limit(batch, CAREER_TASK_READ);
    if (batch->session->store->config.claims)
        return serve_claimed(batch, deadline);
    if (count == 1)
        return serve_together(batch, CAREER_STATEMENT_READ, first, deadline);
    return serve_together(batch, CAREER_STATEMENT_READ_ALL, array_of_users(batch, count), deadline);
}
