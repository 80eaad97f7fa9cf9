/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a failure of Postgres means to a client and to the connection, in one table (Postgres manual,
 * appendix A). A code of five characters beats its class of two; what is not listed is INTERNAL_ERROR.
 * Knows no libpq. Any thread may call it.
 */
#ifndef CAREER_SQLSTATE_H
#define CAREER_SQLSTATE_H

#include <stdbool.h>

#include "base/error.h"

/*  code or class, error, what to do, may the server's own sentence be logged (it may quote a value that a
 *  client sent), when (the README's table is generated from this one) */
#define CAREER_SQLSTATES(X)                                                                        \
    X("08", DATABASE_UNAVAILABLE, CLOSE, true, "the connection broke")                             \
    X("0A000", DATABASE_UNAVAILABLE, REOPEN, true, "the table changed under a named statement")    \
    X("22", VALIDATION_FAILED, NOTHING, false,                                                     \
      "a value its column cannot hold or an enum lacks (a read: 500)")                             \
    X("23502", VALIDATION_FAILED, NOTHING, false, "a column that must not be null")                \
    X("23503", CONFLICT, NOTHING, false, "a foreign key: the user is gone")                        \
    X("23514", VALIDATION_FAILED, NOTHING, false, "a check constraint")                            \
    X("25006", DATABASE_UNAVAILABLE, CLOSE, true, "a server that only reads, such as one demoted") \
    X("25P03", DATABASE_UNAVAILABLE, CLOSE, true, "the session was ended while idle")              \
    X("26000", DATABASE_UNAVAILABLE, REOPEN, true, "a pooler that loses named statements")         \
    X("28", DATABASE_UNAVAILABLE, CLOSE, true, "the role may not log in")                          \
    X("3D000", DATABASE_UNAVAILABLE, CLOSE, true, "no such database")                              \
    X("40001", DATABASE_UNAVAILABLE, RETRY, true, "a serialization failure, after two retries")    \
    X("40P01", DATABASE_UNAVAILABLE, RETRY, true, "a deadlock, after two retries")                 \
    X("42", DATABASE_UNAVAILABLE, REOPEN, true, "a table that is not as `sql/` makes it")          \
    X("42501", DATABASE_FORBIDDEN, NOTHING, true, "a right or a row-level policy that is missing") \
    X("42P05", DATABASE_UNAVAILABLE, REOPEN, true, "a pooler that mixes named statements up")      \
    X("53", DATABASE_UNAVAILABLE, NOTHING, true, "too many connections, no memory, a full disk")   \
    X("55P03", DATABASE_UNAVAILABLE, NOTHING, true, "the row stayed locked by somebody else")      \
    X("57", DATABASE_UNAVAILABLE, CLOSE, true, "the server is going down or coming up")            \
    X("57014", DATABASE_UNAVAILABLE, NOTHING, true, "the statement was cancelled")

typedef enum career_sqlstate_action {
    CAREER_SQLSTATE_NOTHING, /* the connection is as good as before */
    CAREER_SQLSTATE_RETRY,   /* the same transaction again may succeed */
    CAREER_SQLSTATE_REOPEN,  /* this connection's named statements are no good */
    CAREER_SQLSTATE_CLOSE /* the connection is of no use any more, and its siblings are suspect */
} career_sqlstate_action;

typedef struct career_sqlstate_info {
    const char *code;
    career_error_id id;
    career_sqlstate_action action;
    bool quotable;
    const char *when;
} career_sqlstate_info;

/* Never NULL; NULL and what is not listed give INTERNAL_ERROR. */
const career_sqlstate_info *career_sqlstate_describe(const char *code);

#endif
