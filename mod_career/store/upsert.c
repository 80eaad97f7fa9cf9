/* SPDX-License-Identifier: Apache-2.0 */
/* The statements of one write, and what came of them. */
#include "store/job.h"

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
                                career_result **result)
{
    career_result *failure;
    career_answer answer = career_postgres_pass(postgres, deadline, &failure);

    keep(result, failure, answer);
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
