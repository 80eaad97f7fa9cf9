/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to Postgres that never blocks: everything is sent as a pipeline and awaited until a
 * deadline. The files postgres*.c are the only owners of libpq. Knows statements by number and results as
 * texts; nothing of profiles. A connection belongs to one lane's thread; addresses and results may be shared
 * by threads.
 *
 * An exchange is: queue statements, end each transaction with sync; then, in the same order, take what
 * came of each statement (next) and of each sync (settle). Statements between two syncs are one transaction,
 * committed when the second sync is acknowledged and not before, unless BEGIN opened an explicit one.
 */
#ifndef CAREER_POSTGRES_H
#define CAREER_POSTGRES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/version.h"
#include "store/statements.h"

/* -- where to connect ---------------------------------------------------------------------------- */

typedef struct career_address
    career_address; /* a connection string, taken apart; immutable but for a hint */

/* NULL and *address when libpq understands the string, else why, without quoting it. */
const char *career_address_parse(const char *conninfo, career_address **address);
void career_address_free(career_address *address);

/* The hosts and ports that it names; as long as the address. */
const char *career_address_name(const career_address *address);

/* -- what came back ------------------------------------------------------------------------------ */

typedef struct career_result career_result; /* counted; any thread */

career_result *career_result_hold(career_result *result);
void career_result_release(career_result *result); /* NULL is allowed */
int career_result_rows(const career_result *result);
/* Lives as long as the result; data is NULL where it is SQL null, and NUL-terminated otherwise. */
career_slice career_result_value(const career_result *result, int row, int column);

/* Of a failure; NULL where the server said nothing about it. */
const char *career_result_sqlstate(const career_result *result);
const char *
career_result_message(const career_result *result); /* may quote values: not for logs unseen */
const char *career_result_column(const career_result *result);
const char *career_result_constraint(const career_result *result);

/* -- the connection ------------------------------------------------------------------------------ */

typedef struct career_postgres career_postgres;

typedef enum career_answer {
    CAREER_ANSWER_DONE,    /* with a result; for settle: committed */
    CAREER_ANSWER_FAILED,  /* with a result that says why; the transaction is undone */
    CAREER_ANSWER_SKIPPED, /* a statement before it in the same transaction failed */
    CAREER_ANSWER_LOST     /* the connection is of no use any more: see career_postgres_why */
} career_answer;

typedef enum career_naming {
    CAREER_NAMING_AUTO, /* named statements, unless a pooler stands between */
    CAREER_NAMING_ON,
    CAREER_NAMING_OFF
} career_naming;

#define CAREER_WHY_SIZE 400

/* Connects, trying the hosts one at a time, each with its share of the time left, the one that answered last
 * first; makes sure that the server understands every statement. AUTO becomes what was found out. NULL and
 * a reason of each host (for logs; no secret) when it cannot be done by then, or stop_fd becomes readable; *lacking
 * when one of them names what sql/ makes and the database lacks. */
career_postgres *career_postgres_open(career_address *address, career_naming *naming,
                                      career_moment deadline, int stop_fd,
                                      char why[CAREER_WHY_SIZE], bool *lacking);

/* How many connections the server admits of our role to our database; 0: not known, as behind a pooler. */
unsigned career_postgres_admits(const career_postgres *postgres);

/* The migrations of sql/ that are not recorded as applied there; NULL: none, or it cannot be seen. */
const char *career_postgres_unapplied(const career_postgres *postgres);

/* Looks without a round trip whether the server has hung up or said good-bye. */
bool career_postgres_alive(career_postgres *postgres);

/* Closes it; a statement that still runs there is cancelled by a thread of its own. */
void career_postgres_close(career_postgres *postgres);

/* The values are texts, NULL for SQL null, as many as the statement has parameters; copied. A failure to
 * queue shows in next. */
void career_postgres_queue(career_postgres *postgres, career_statement statement,
                           const char *const *values);
void career_postgres_sync(career_postgres *postgres);

/* What came of the next statement. *result (when DONE or FAILED) is the caller's to release. */
career_answer career_postgres_next(career_postgres *postgres, career_moment deadline,
                                   career_result **result);
/* The same of a statement whose rows are of no interest: *failure is NULL unless FAILED. */
career_answer career_postgres_pass(career_postgres *postgres, career_moment deadline,
                                   career_result **failure);
/* What came of the transaction: reads on to the next acknowledged sync. FAILED when any of it failed whose
 * failure next did not hand out, such as a deferred constraint; then with *result. */
career_answer career_postgres_settle(career_postgres *postgres, career_moment deadline,
                                     career_result **result);

/* Leaves the transaction that BEGIN opened, if it is still open. False: the connection is gone. */
bool career_postgres_roll_back(career_postgres *postgres, career_moment deadline);

/* Why it is lost; for logs, no secret. */
const char *career_postgres_why(const career_postgres *postgres);
/* Was it lost because the time was up, not because the connection broke? */
bool career_postgres_overran(const career_postgres *postgres);

career_version career_postgres_version(void); /* of libpq */

#endif
