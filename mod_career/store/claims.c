/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Row-level security: what a job asks is asked as the token's role, with its claims, for one transaction. All
 * of it is local to the transaction, so that neither the next job on the connection nor another client of a
 * pooler finds any of it.
 */
#include <apr_strings.h>

#include "store/job.h"
#include "store/sqlstate.h"

/* An identity without a token fails closed: no role has an empty name. */
const char *const *career_claims_of(apr_pool_t *pool, const career_identity *user)
{
    const char **values = apr_palloc(pool, 3 * sizeof(*values));
    career_slice payload = user->payload;

    values[0] = payload.data ? apr_pstrmemdup(pool, payload.data, payload.len) : "";
    values[1] = apr_pstrdup(pool, user->user_id);
    values[2] = payload.data && user->role ? apr_pstrdup(pool, user->role) : "";
    return values;
}

void career_claims_queue(career_postgres *postgres, const career_store_job *job,
                         const char *lock_timeout)
{
    if (job->claims && lock_timeout) {
        const char *const values[] = {job->claims[0], job->claims[1], job->claims[2], lock_timeout};

        career_postgres_queue(postgres, CAREER_STATEMENT_CLAIMS_IN_TIME, values);
    } else if (job->claims) {
        career_postgres_queue(postgres, CAREER_STATEMENT_CLAIMS, job->claims);
    } else if (lock_timeout) {
        career_postgres_queue(postgres, CAREER_STATEMENT_LOCK_TIMEOUT, &lock_timeout);
    }
}

/* A role that does not exist is an invalid value to Postgres; to us it is as one that may not be taken on. */
static bool bars(const career_result *failure)
{
    const career_sqlstate_info *info = career_sqlstate_describe(career_result_sqlstate(failure));

    return info->action == CAREER_SQLSTATE_NOTHING && info->id != CAREER_ERROR_DATABASE_UNAVAILABLE;
}

career_answer career_claims_take(career_postgres *postgres, career_store_job *job, bool limited,
                                 career_moment deadline, career_result **failure)
{
    career_answer answer;

    *failure = NULL;
    if (!job->claims && !limited)
        return CAREER_ANSWER_DONE;
    answer = career_postgres_next(postgres, deadline, failure);
    if (answer == CAREER_ANSWER_FAILED) {
        if (job->claims && bars(*failure))
            job->barred = "the login role may not become the token's role";
        return answer;
    }
    career_result_release(*failure);
    *failure = NULL;
    return answer;
}
