/* SPDX-License-Identifier: Apache-2.0 */
/* From an address to a connection of which is known that it serves. */
#include "store/postgres_state.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------ reaching a host */

/* What the server says unasked; libpq would print it to stderr. */
static void hear(void *arg, const PGresult *notice)
{
    career_postgres *self = arg;
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0)) {
        self->farewell = true;
        career_postgres_note(self->why, "", PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY));
    }
}

/* Drives libpq through one attempt. */
static bool establish(career_postgres *self, const career_host *target, const char *attrs,
                      career_moment deadline)
{
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    career_host to = *target;

    self->lacking = false; /* that was said of the host before */
    if (attrs)
        career_host_set(&to, "target_session_attrs", attrs);
    self->conn = PQconnectStartParams(to.keywords, to.values, 0);
    if (!self->conn || PQstatus(self->conn) == CONNECTION_BAD) {
        career_postgres_note(self->why, "",
                             self->conn ? PQerrorMessage(self->conn) : "out of memory");
        return false;
    }
    PQsetNoticeReceiver(self->conn, hear, self);
    while (status != PGRES_POLLING_OK) {
        short events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;

        if (!career_postgres_await(self, events, deadline)) {
            snprintf(self->why, sizeof(self->why),
                     "no connection to %s port %s within the time limit", PQhost(self->conn),
                     PQport(self->conn));
            return false;
        }
        status = PQconnectPoll(self->conn);
        if (status == PGRES_POLLING_FAILED) {
            career_postgres_note(self->why, "", PQerrorMessage(self->conn));
            return false;
        }
    }
    return PQsetnonblocking(self->conn, 1) == 0 && PQenterPipelineMode(self->conn) == 1;
}

/* ------------------------------------------------------------------------------------ is it of use? */

static bool refuses_names(const char *code)
{
    return code && (strcmp(code, "42P05") == 0 || strcmp(code, "26000") == 0);
}

/* Prepares every statement that jobs need: by name for good, or without a name to see that the server understands
 * it. */
static bool prepare(career_postgres *self, career_moment deadline, career_naming *naming)
{
    career_result *result = NULL;
    bool good = true;

    for (int i = 0; i < CAREER_STATEMENT_OPENING; i++)
        PQsendPrepare(self->conn, self->named ? career_postgres_statements[i].name : "",
                      career_postgres_statements[i].sql, 0, NULL);
    career_postgres_sync(self);
    for (int i = 0; i < CAREER_STATEMENT_OPENING && good; i++) {
        good = career_postgres_next(self, deadline, &result) == CAREER_ANSWER_DONE;
        if (!good && !self->lost && result) {
            const char *code = career_result_sqlstate(result);

            if (!refuses_names(code)) {
                career_postgres_note(self->why, "is sql/ applied? ", career_result_message(result));
            } else {
                if (*naming == CAREER_NAMING_AUTO)
                    *naming = CAREER_NAMING_OFF;
                career_postgres_note(
                    self->why, "",
                    "a pooler refuses named statements; CareerDatabasePrepare is on");
            }
        }
        career_result_release(result);
        result = NULL;
    }
    if (!self->lost && career_postgres_settle(self, deadline, &result) == CAREER_ANSWER_LOST)
        good = false;
    career_result_release(result);
    return good;
}

/* The rows of one statement outside of any batch; NULL when it failed. */
static career_result *ask(career_postgres *self, career_statement statement, career_moment deadline)
{
    career_result *result = NULL, *end = NULL;

    career_postgres_queue(self, statement, NULL);
    career_postgres_sync(self);
    if (career_postgres_next(self, deadline, &result) != CAREER_ANSWER_DONE) {
        if (!self->lost && result)
            career_postgres_note(self->why, "", career_result_message(result));
        career_result_release(result);
        result = NULL;
    }
    if (!self->lost)
        career_postgres_settle(self, deadline, &end);
    career_result_release(end);
    return result;
}

/* Where we are. A pooler hands out process ids of its own: then the one in the start-up message is not the
 * backend's. */
static bool meet(career_postgres *self, career_moment deadline)
{
    career_result *result = ask(self, CAREER_STATEMENT_WHO, deadline);
    const char *backend, *admits;

    if (!result || career_result_rows(result) != 1) {
        career_result_release(result);
        return false;
    }
    backend = career_result_value(result, 0, 0).data;
    admits = career_result_value(result, 0, 1).data;
    self->pooled = !backend || atoi(backend) != PQbackendPID(self->conn);
    self->admits = self->pooled || !admits ? 0 : (unsigned)atoi(admits);
    career_result_release(result);
    return true;
}

static bool is_complete(career_postgres *self, career_moment deadline)
{
    career_result *result = ask(self, CAREER_STATEMENT_LACKS, deadline);
    const char *lacks = NULL, *recorded;
    bool complete = result && career_result_rows(result) == 1;

    if (complete) {
        lacks = career_result_value(result, 0, 0).data;
        recorded = career_result_value(result, 0, 1).data;
        self->recorded = recorded && *recorded == 't';
    }
    self->lacking = lacks != NULL;
    if (lacks)
        career_postgres_note(self->why, "not applied: ", lacks);
    career_result_release(result);
    return complete && !lacks;
}

/* A migration that no statement needs yet may be missing: that is for the operator to know, and for us no reason to
 * refuse the database. */
static bool compare_migrations(career_postgres *self, career_moment deadline)
{
    career_result *result = self->recorded ? ask(self, CAREER_STATEMENT_APPLIED, deadline) : NULL;
    const char *names = NULL;

    if (result && career_result_rows(result) == 1)
        names = career_result_value(result, 0, 0).data;
    snprintf(self->unapplied, sizeof(self->unapplied), "%s", names ? names : "");
    career_result_release(result);
    return !self->lost;
}

static bool make_ready(career_postgres *self, career_naming *naming, career_moment deadline)
{
    if (!meet(self, deadline) || !is_complete(self, deadline) ||
        !compare_migrations(self, deadline))
        return false;
    if (*naming == CAREER_NAMING_AUTO && self->pooled)
        *naming = CAREER_NAMING_OFF;
    self->named = *naming != CAREER_NAMING_OFF;
    if (prepare(self, deadline, naming))
        return true;
    if (self->lost || !self->named || *naming != CAREER_NAMING_OFF)
        return false;
    self->named = false; /* a pooler that shows only now */
    return prepare(self, deadline, naming);
}

/* ------------------------------------------------------------------------------------ one host of several */

/* Closes what there is of a connection without a word to the server's statement, and keeps the reason. */
static void discard(career_postgres *self)
{
    PQfinish(self->conn);
    self->conn = NULL;
    self->open = 0;
    self->farewell = self->lost = self->overran = self->pooled = false;
}

/* What is wrong with each of several hosts, in the order of the list, whichever was tried first: one of them is the
 * cause, and a standby that only reads is not. */
static void join_reasons(career_postgres *self, char reasons[][CAREER_WHY_SIZE], unsigned count)
{
    size_t len = 0;

    for (unsigned n = 0; n < count && len < sizeof(self->why); n++)
        if (*reasons[n])
            len += (size_t)snprintf(self->why + len, sizeof(self->why) - len, "%s%s",
                                    len ? "; " : "", reasons[n]);
}

/* A host has its share even where the deadline is past, which only the resolver can do to us, inside libpq: else
 * a name that is not found in time would keep every other host from being tried. */
static bool try_hosts(career_postgres *self, career_address *address, const char *attrs,
                      career_naming *naming, career_moment deadline)
{
    unsigned first = atomic_load(&address->favourite);
    career_moment fair = (deadline - career_clock_now()) / address->count;
    char reasons[CAREER_HOSTS_MAX][CAREER_WHY_SIZE] = {""};
    bool lacking = false;

    for (unsigned i = 0; i < address->count && self->stop_by == CAREER_NEVER; i++) {
        unsigned n = (first + i) % address->count;
        career_moment now = career_clock_now(), left = (deadline - now) / (address->count - i);
        career_moment until = now + (left > fair ? left : fair);

        if (establish(self, &address->hosts[n], attrs, until) && make_ready(self, naming, until)) {
            atomic_store(&address->favourite, n);
            return true;
        }
        career_postgres_note(reasons[n], "", self->why);
        lacking = lacking || self->lacking;
        discard(self);
    }
    join_reasons(self, reasons, address->count);
    self->lacking = lacking;
    return false;
}

career_postgres *career_postgres_open(career_address *address, career_naming *naming,
                                      career_moment deadline, int stop_fd,
                                      char why[CAREER_WHY_SIZE], bool *lacking)
{
    career_postgres *self = calloc(1, sizeof(*self));
    bool opened;

    *lacking = false;
    if (!self) {
        career_postgres_note(why, "", "out of memory");
        return NULL;
    }
    self->stop_fd = stop_fd;
    self->stop_by = CAREER_NEVER;
    if (address->prefer_standby) {
        career_moment now = career_clock_now();

        opened = try_hosts(self, address, "standby", naming, now + (deadline - now) / 2) ||
                 try_hosts(self, address, "any", naming, deadline);
    } else {
        opened = try_hosts(self, address, NULL, naming, deadline);
    }
    if (opened)
        return self;
    career_postgres_note(why, "", self->why);
    *lacking = self->lacking;
    free(self);
    return NULL;
}
