/* SPDX-License-Identifier: Apache-2.0 */
/* What came back of a statement: counted, and read by any thread. */
#include "store/postgres_state.h"

#include <stdlib.h>
#include <string.h>

/* Each thread that frees a smaller block keeps it, and up to six more of its size (glibc): rows are freed by those who
 * asked for them, and all of these would keep seven. */
#define SIZE_MIN 1040

/* For all rows' values, and their bytes with the NUL behind each. */
static size_t room_of(const PGresult *from, int rows, int columns)
{
    size_t room = (size_t)rows * (size_t)columns * (sizeof(career_slice) + 1);

    for (int row = 0; row < rows; row++)
        for (int column = 0; column < columns; column++)
            room += (size_t)PQgetlength(from, row, column);
    return room;
}

static void copy_values(career_result *self, const PGresult *from)
{
    career_slice *value = self->values;
    char *bytes = (char *)(value + self->rows * self->columns);

    for (int row = 0; row < self->rows; row++)
        for (int column = 0; column < self->columns; column++, value++) {
            size_t len = (size_t)PQgetlength(from, row, column);

            if (PQgetisnull(from, row, column)) {
                *value = (career_slice){NULL, 0};
                continue;
            }
            *value = (career_slice){bytes, len};
            memcpy(bytes, PQgetvalue(from, row, column), len + 1);
            bytes += len + 1;
        }
}

/* Rows are copied, so that what libpq made of them, several times as large, is free again before the next one comes; and
 * is freed by its own thread: any other would keep some of it. */
career_result *career_result_wrap(PGresult *from)
{
    bool failed = PQresultStatus(from) == PGRES_FATAL_ERROR;
    int rows = failed ? 0 : PQntuples(from), columns = PQnfields(from);
    size_t size = sizeof(career_result) + room_of(from, rows, columns);
    career_result *self = malloc(rows && size < SIZE_MIN ? SIZE_MIN : size);

    if (self) {
        *self = (career_result){.failure = failed ? from : NULL, .rows = rows, .columns = columns};
        atomic_init(&self->holders, 1);
        copy_values(self, from);
    }
    if (!self || !failed)
        PQclear(from);
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
    PQclear(result->failure);
    free(result);
}

int career_result_rows(const career_result *result)
{
    return result->rows;
}

career_slice career_result_value(const career_result *result, int row, int column)
{
    return result->values[row * result->columns + column];
}

const char *career_result_sqlstate(const career_result *result)
{
    return PQresultErrorField(result->failure, PG_DIAG_SQLSTATE);
}

const char *career_result_message(const career_result *result)
{
    return PQresultErrorField(result->failure, PG_DIAG_MESSAGE_PRIMARY);
}

const char *career_result_column(const career_result *result)
{
    return PQresultErrorField(result->failure, PG_DIAG_COLUMN_NAME);
}

const char *career_result_constraint(const career_result *result)
{
    return PQresultErrorField(result->failure, PG_DIAG_CONSTRAINT_NAME);
}
