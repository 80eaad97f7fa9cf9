/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After a refusal: which value was it, and what would be taken? Where several were sent, the server names a column
 * only for some of its codes, and else in a sentence of its own language. So it is asked: for its catalog, and for
 * each value alone whether the column's type takes it. One that can hold no such character refuses even that.
 */
#include <stdlib.h>

#include "store/job.h"

/* Who borrowed the lane asks on the request's own thread, which has no longer than the job. */
static career_moment limit_of(const career_batch *batch, const career_store_job *job)
{
    career_moment query = career_clock_now() + batch->session->store->config.query;

    return query < job->deadline ? query : job->deadline;
}

static bool may_ask(const career_batch *batch, const career_store_job *job)
{
    return batch->session->postgres && career_clock_now() < job->deadline;
}

/* One transaction: its rows, or NULL when it failed; *kept is false when the connection is gone. */
static career_result *take(career_batch *batch, career_moment deadline, bool *kept)
{
    career_postgres *postgres = batch->session->postgres;
    career_result *answer = NULL, *failure = NULL;

    if (career_postgres_next(postgres, deadline, &answer) != CAREER_ANSWER_DONE) {
        career_result_release(answer);
        answer = NULL;
    }
    *kept = career_postgres_settle(postgres, deadline, &failure) != CAREER_ANSWER_LOST;
    career_result_release(failure);
    return answer;
}

static career_result *ask(career_batch *batch, const career_store_job *job,
                          career_statement statement, const char *const *values)
{
    career_result *answer;
    bool kept;

    if (!may_ask(batch, job))
        return NULL;
    career_postgres_queue(batch->session->postgres, statement, values);
    career_postgres_sync(batch->session->postgres);
    answer = take(batch, limit_of(batch, job), &kept);
    if (!kept)
        career_session_drop(batch->session, false);
    return answer;
}

/* Place 0 stands for no column at all. */
static void queue_value(career_batch *batch, const career_store_job *job, int place)
{
    const char *values[] = {"", ""};

    if (place == CAREER_PLACE_EXTRA)
        values[0] = "extra";
    else if (place)
        values[0] = career_columns[place - 1].sql;
    if (place)
        values[1] = job->values[place - 1];
    career_postgres_queue(batch->session->postgres, CAREER_STATEMENT_TAKES, values);
    career_postgres_sync(batch->session->postgres);
}

/* The places of these that are refused by themselves, 0 among them. */
static unsigned refused_of(career_batch *batch, const career_store_job *job, unsigned places)
{
    career_moment deadline = limit_of(batch, job);
    unsigned refused = 0;
    bool kept = true;

    for (int place = 0; place <= CAREER_PLACE_EXTRA; place++)
        if (places & 1u << place)
            queue_value(batch, job, place);
    for (int place = 0; place <= CAREER_PLACE_EXTRA && kept; place++) {
        career_result *taken;

        if (!(places & 1u << place))
            continue;
        taken = take(batch, deadline, &kept);
        if (!taken)
            refused |= 1u << place;
        career_result_release(taken);
    }
    if (!kept)
        career_session_drop(batch->session, false);
    return kept ? refused : 0;
}

/* The places whose values are sent, and not null; none of a decision that was not made yet. */
static unsigned sent_of(const career_store_job *job)
{
    unsigned places = 0;

    for (int place = 1; job->values && place <= CAREER_PLACE_EXTRA; place++)
        if (job->values[place - 1])
            places |= 1u << place;
    return places;
}

void career_batch_inquire(career_batch *batch, career_store_job *job)
{
    const char *constraint = career_result_constraint(job->failure);
    unsigned sent = sent_of(job), refused = 0;

    job->catalog = ask(batch, job, CAREER_STATEMENT_CATALOG, NULL);
    if (constraint)
        job->constraint = ask(batch, job, CAREER_STATEMENT_CONSTRAINT, &constraint);
    if (sent & (sent - 1) && may_ask(batch, job))
        refused = refused_of(batch, job, sent | 1);
    job->refused = refused & 1 ? 0 : refused;
}
