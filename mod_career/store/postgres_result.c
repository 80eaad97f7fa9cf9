/* SPDX-License-Identifier: Apache-2.0 */
/* What came back of a statement: counted, and read by any thread. */
#include "store/postgres_state.h"

#include <stdlib.h>

career_result *career_result_wrap(PGresult *result)
{
    career_result *self = malloc(sizeof(*self));

    if (!self) {
        PQclear(result);
        return NULL;
    }
    self->result = result;
    atomic_init(&self->holders, 1);
    return self;
}

career_result *career_result_hold(career_result *result)
{
    atomic_fetch_add_explicit(&result->holders, 1, memory_order_relaxed);
    return result;
}

void career_result_release(career_result *result)
{
    if (!result || atomic_fetch_sub_explicit(&result->holders, 1, memory_order_acq_rel) != 1)
        return;
    PQclear(result->result);
    free(result);
}

int career_result_rows(const career_result *result)
{
    return PQntuples(result->result);
}

career_slice career_result_value(const career_result *result, int row, int column)
{
    if (PQgetisnull(result->result, row, column))
        return (career_slice){NULL, 0};
    return (career_slice){PQgetvalue(result->result, row, column),
                          (size_t)PQgetlength(result->result, row, column)};
}

const char *career_result_sqlstate(const career_result *result)
{
    return PQresultErrorField(result->result, PG_DIAG_SQLSTATE);
}

const char *career_result_message(const career_result *result)
{
    return PQresultErrorField(result->result, PG_DIAG_MESSAGE_PRIMARY);
}

const char *career_result_column(const career_result *result)
{
    return PQresultErrorField(result->result, PG_DIAG_COLUMN_NAME);
}

const char *career_result_constraint(const career_result *result)
{
    return PQresultErrorField(result->result, PG_DIAG_CONSTRAINT_NAME);
}
