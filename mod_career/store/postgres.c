/* SPDX-License-Identifier: Apache-2.0 */
/* The exchange over a connection. */
#include "store/postgres_state.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <pg_config.h>

/* What an exchange in progress may still take when the lanes are to stop. */
#define STOP_PATIENCE (500 * CAREER_MILLISECOND)

const career_statement_text career_postgres_statements[CAREER_STATEMENT_COUNT] = {
#define CAREER_X(name, parameters, sql) {"career_" #name, parameters, sql},
    CAREER_STATEMENTS(CAREER_X)
#undef CAREER_X
};

/* ------------------------------------------------------------------------------------ faults and waits */

/* libpq tells each attempt at a host, with TLS and without, and often the same of both: "x x" is x. */
static void say_once(char *text)
{
    size_t half = strlen(text) / 2;

    if (strlen(text) == 2 * half + 1 && text[half] == ' ' &&
        strncmp(text, text + half + 1, half) == 0)
        text[half] = '\0';
}

void career_postgres_note(char why[CAREER_WHY_SIZE], const char *prefix, const char *message)
{
    size_t len;

    snprintf(why, CAREER_WHY_SIZE, "%s%s", prefix, message ? message : "unknown");
    len = strlen(why);
    while (len && (why[len - 1] == '\n' || why[len - 1] == ' '))
        why[--len] = '\0';
    for (char *c = why; *c; c++)
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    say_once(why + strlen(prefix));
}

static void lose(career_postgres *self, const char *prefix, const char *message)
{
    if (!self->lost)
        career_postgres_note(self->why, prefix, message);
    self->lost = true;
}

/* libpq's text of a broken connection may begin with that of a failed statement, values and all. */
static void lose_broken(career_postgres *self)
{
    const char *message = PQerrorMessage(self->conn);

    if (self->farewell)
        self->lost = true; /* the reason was given */
    else if (strstr(message, "server closed the connection"))
        lose(self, "", "the server closed the connection");
    else if (strstr(message, "timed out") || strstr(message, "timeout"))
        lose(self, "", "the connection timed out");
    else
        lose(self, "", "the connection broke");
}

bool career_postgres_await(career_postgres *self, short events, career_moment deadline)
{
    for (;;) {
        bool stopping = self->stop_by != CAREER_NEVER;
        career_moment until = deadline < self->stop_by ? deadline : self->stop_by;
        struct pollfd fds[2] = {{PQsocket(self->conn), events, 0}, {self->stop_fd, POLLIN, 0}};

        if (fds[0].fd < 0)
            return true; /* libpq has closed it, and says so when asked */
        if (poll(fds, stopping || self->stop_fd < 0 ? 1 : 2, career_clock_poll_ms(until)) < 0)
            continue; /* EINTR: the thread that borrowed the lane has the signals of httpd */
        if (fds[0].revents)
            return true;
        if (fds[1].revents)
            self->stop_by = career_clock_now() + STOP_PATIENCE;
        else if (career_clock_now() >= until)
            return false;
    }
}

/* ------------------------------------------------------------------------------------ exchange */

void career_postgres_queue(career_postgres *self, career_statement statement,
                           const char *const *values)
{
    int parameters = career_postgres_statements[statement].parameters;
    int sent;

    if (self->lost)
        return;
    if (self->named)
        sent = PQsendQueryPrepared(self->conn, career_postgres_statements[statement].name,
                                   parameters, values, NULL, NULL, 0);
    else
        sent = PQsendQueryParams(self->conn, career_postgres_statements[statement].sql, parameters,
                                 NULL, values, NULL, NULL, 0);
    if (!sent)
        lose_broken(self);
}

void career_postgres_sync(career_postgres *self)
{
    self->open++;
    if (!self->lost && !PQpipelineSync(self->conn))
        lose_broken(self);
}

/* Sends and reads until libpq has a result, or the end of one statement's. */
static bool ready(career_postgres *self, career_moment deadline)
{
    int unsent = PQflush(self->conn);

    while (unsent >= 0 && PQisBusy(self->conn)) {
        if (!career_postgres_await(self, unsent ? POLLIN | POLLOUT : POLLIN, deadline)) {
            self->overran = true;
            lose(self, "", "no answer within the time limit");
            return false;
        }
        if (!PQconsumeInput(self->conn))
            break;
        if (unsent)
            unsent = PQflush(self->conn);
    }
    if (unsent >= 0 && PQstatus(self->conn) == CONNECTION_OK)
        return true;
    /* What the server said before it hung up tells more than the broken connection. */
    if (PQstatus(self->conn) != CONNECTION_OK && !PQisBusy(self->conn))
        return true;
    lose_broken(self);
    return false;
}

static PGresult *receive(career_postgres *self, career_moment deadline)
{
    PGresult *result;

    if (self->lost || !ready(self, deadline))
        return NULL;
    result = PQgetResult(self->conn);
    if (PQstatus(self->conn) == CONNECTION_OK)
        return result;
    lose_broken(self);
    if (result && PQresultErrorField(result, PG_DIAG_SQLSTATE))
        return result; /* the server's last words */
    PQclear(result);
    return NULL;
}

static career_answer deliver(career_postgres *self, PGresult *from, career_answer answer,
                             career_result **result)
{
    *result = career_result_wrap(from);
    if (*result)
        return answer;
    lose(self, "", "out of memory");
    return CAREER_ANSWER_LOST;
}

/* After each statement's result, libpq gives a NULL. */
static void end_statement(career_postgres *self, career_moment deadline)
{
    PGresult *extra;

    while ((extra = receive(self, deadline)))
        PQclear(extra);
}

career_answer career_postgres_next(career_postgres *self, career_moment deadline,
                                   career_result **result)
{
    PGresult *from = receive(self, deadline);

    *result = NULL;
    if (!from) {
        lose(self, "", "the answers are out of step");
        return CAREER_ANSWER_LOST;
    }
    switch (PQresultStatus(from)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        end_statement(self, deadline);
        return deliver(self, from, CAREER_ANSWER_DONE, result);
    case PGRES_FATAL_ERROR:
        end_statement(self, deadline);
        return deliver(self, from, CAREER_ANSWER_FAILED, result);
    case PGRES_PIPELINE_ABORTED:
        end_statement(self, deadline);
        PQclear(from);
        return CAREER_ANSWER_SKIPPED;
    default:
        PQclear(from);
        lose(self, "", "an answer that was not asked for");
        return CAREER_ANSWER_LOST;
    }
}

career_answer career_postgres_pass(career_postgres *self, career_moment deadline,
                                   career_result **failure)
{
    career_answer answer = career_postgres_next(self, deadline, failure);

    if (answer != CAREER_ANSWER_FAILED) {
        career_result_release(*failure);
        *failure = NULL;
    }
    return answer;
}

career_answer career_postgres_settle(career_postgres *self, career_moment deadline,
                                     career_result **result)
{
    PGresult *from;

    *result = NULL;
    while (!self->lost) {
        from = receive(self, deadline);
        if (self->lost) {
            PQclear(from); /* last words */
            break;
        }
        if (from && PQresultStatus(from) == PGRES_PIPELINE_SYNC) {
            PQclear(from);
            self->open--;
            return *result ? CAREER_ANSWER_FAILED : CAREER_ANSWER_DONE;
        }
        if (from && PQresultStatus(from) == PGRES_FATAL_ERROR && !*result)
            *result = career_result_wrap(from);
        else
            PQclear(from);
    }
    career_result_release(*result);
    *result = NULL;
    return CAREER_ANSWER_LOST;
}

bool career_postgres_roll_back(career_postgres *self, career_moment deadline)
{
    career_result *result = NULL;
    career_answer answer;

    if (PQtransactionStatus(self->conn) == PQTRANS_IDLE)
        return true; /* it ended with a commit that failed */
    career_postgres_queue(self, CAREER_STATEMENT_ROLLBACK, NULL);
    career_postgres_sync(self);
    career_postgres_next(self, deadline, &result);
    career_result_release(result);
    answer = career_postgres_settle(self, deadline, &result);
    career_result_release(result);
    return answer == CAREER_ANSWER_DONE;
}

bool career_postgres_alive(career_postgres *self)
{
    struct pollfd fd = {PQsocket(self->conn), POLLIN, 0};

    if (self->lost || self->open || self->farewell)
        return false;
    if (poll(&fd, 1, 0) == 0)
        return true;
    /* A parameter that changed, a notice, or the end. */
    if (!PQconsumeInput(self->conn) || PQisBusy(self->conn) || self->farewell)
        return false;
    return PQstatus(self->conn) == CONNECTION_OK;
}

/* ------------------------------------------------------------------------------------ what is known of it */

unsigned career_postgres_admits(const career_postgres *self)
{
    return self->admits;
}

const char *career_postgres_unapplied(const career_postgres *self)
{
    return *self->unapplied ? self->unapplied : NULL;
}

const char *career_postgres_why(const career_postgres *self)
{
    return self->why;
}

bool career_postgres_overran(const career_postgres *self)
{
    return self->overran;
}

career_version career_postgres_version(void)
{
    static char running[16];
    int number = PQlibVersion();

    snprintf(running, sizeof(running), "%d.%d", number / 10000, number % 10000);
    return (career_version){"libpq", PG_VERSION, running};
}
