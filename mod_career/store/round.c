/* SPDX-License-Identifier: Apache-2.0 */
#include "store/round.h"

static career_store_job *job_at(const career_batch *batch, const career_round *round, size_t i)
{
    return batch->jobs[round->jobs[i]];
}

/* Is the i-th the first of its transaction, and is that to be said there? */
static bool sets_limit(const career_round *round, size_t i)
{
    return round->waits_little && (i == 0 || round->form != CAREER_ROUND_SHARED);
}

/* -- there --------------------------------------------------------------------------------------- */

static void send_end(career_postgres *postgres, const career_round *round, bool last)
{
    if (round->form == CAREER_ROUND_CHAINED)
        career_postgres_queue(
            postgres, last ? CAREER_STATEMENT_COMMIT : CAREER_STATEMENT_COMMIT_AND_CHAIN, NULL);
    if (last || round->form == CAREER_ROUND_APART)
        career_postgres_sync(postgres);
}

void career_round_send(career_batch *batch, const career_round *round)
{
    career_postgres *postgres = batch->session->postgres;

    if (round->form == CAREER_ROUND_CHAINED)
        career_postgres_queue(postgres, CAREER_STATEMENT_BEGIN, NULL);
    for (size_t i = 0; i < round->count; i++) {
        career_store_job *job = job_at(batch, round, i);

        job->fate = CAREER_FATE_UNKNOWN;
        career_claims_queue(postgres, job, sets_limit(round, i) ? round->lock_timeout : NULL);
        career_write_queue(postgres, job->values, job->creates, job->doubtful);
        send_end(postgres, round, i + 1 == round->count);
    }
}

/* -- and back ------------------------------------------------------------------------------------ */

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

/* Takes what came of the jobs [from, to), which are one transaction. A failure undoes it only where the connection goes
 * on: the last words of one that breaks may be those of a pooler that has lost its server, which committed all the same. */
static career_answer take_transaction(career_batch *batch, const career_round *round, size_t from,
                                      size_t to)
{
    career_postgres *postgres = batch->session->postgres;
    career_store_job *job = job_at(batch, round, from), *culprit = NULL;
    career_answer answer = CAREER_ANSWER_DONE;
    career_write_fate fate = CAREER_FATE_UNKNOWN;
    career_result *result = NULL;

    for (size_t i = from; i < to && answer != CAREER_ANSWER_LOST; i++) {
        job = job_at(batch, round, i);
        answer = take_job(postgres, job, sets_limit(round, i), round->deadline, &culprit);
    }
    if (answer != CAREER_ANSWER_LOST) {
        answer = career_postgres_settle(postgres, round->deadline, &result);
        blame(&culprit, job,
              result); /* the commit failed: told to the last, who is tried alone next */
    }
    if (answer != CAREER_ANSWER_LOST)
        fate = culprit ? CAREER_FATE_UNDONE : CAREER_FATE_COMMITTED;
    for (size_t i = from; i < to; i++)
        job_at(batch, round, i)->fate = fate;
    return answer;
}

/* Takes what came of one job of a chain, which is committed by itself. */
static career_answer take_link(career_postgres *postgres, career_store_job *job,
                               career_moment deadline, career_store_job **culprit)
{
    career_result *failure = NULL;
    career_answer answer = take_job(postgres, job, true, deadline, culprit);

    if (answer != CAREER_ANSWER_LOST)
        answer = career_postgres_pass(postgres, deadline, &failure);
    blame(culprit, job, failure);
    if (answer == CAREER_ANSWER_DONE)
        job->fate = CAREER_FATE_COMMITTED;
    return answer;
}

static career_answer take_chain(career_batch *batch, const career_round *round)
{
    career_postgres *postgres = batch->session->postgres;
    career_store_job *culprit = NULL;
    career_result *failure;
    career_answer answer = career_postgres_pass(postgres, round->deadline, &failure); /* of BEGIN */

    blame(&culprit, job_at(batch, round, 0), failure);
    for (size_t i = 0; i < round->count && answer != CAREER_ANSWER_LOST; i++)
        answer = take_link(postgres, job_at(batch, round, i), round->deadline, &culprit);
    if (answer == CAREER_ANSWER_LOST)
        return answer;
    answer = career_postgres_settle(postgres, round->deadline, &failure);
    career_result_release(failure); /* each was handed out before */
    if (answer == CAREER_ANSWER_LOST)
        return answer;
    for (size_t i = 0; i < round->count; i++)
        if (job_at(batch, round, i)->fate != CAREER_FATE_COMMITTED)
            job_at(batch, round, i)->fate = CAREER_FATE_UNDONE;
    if (culprit && !career_postgres_roll_back(postgres, round->deadline))
        return CAREER_ANSWER_LOST;
    return answer;
}

bool career_round_take(career_batch *batch, const career_round *round)
{
    size_t step = round->form == CAREER_ROUND_SHARED ? round->count : 1;

    if (round->form == CAREER_ROUND_CHAINED)
        return take_chain(batch, round) != CAREER_ANSWER_LOST;
    for (size_t i = 0; i < round->count; i += step)
        if (take_transaction(batch, round, i, i + step) == CAREER_ANSWER_LOST)
            return false;
    return true;
}
