/* SPDX-License-Identifier: Apache-2.0 */
#include "store/postgres.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <libpq-fe.h>
#include <pg_config.h>

#include "base/thread.h"

#define HOSTS_MAX 16
#define KEYWORDS_MAX 80
/* What an exchange in progress may still take when the lanes are to stop. */
#define STOP_PATIENCE (500 * CAREER_MILLISECOND)
/* A cancellation waits for the server; a frozen one must not gather threads. */
#define CANCELS_MAX 4

static const struct {
    const char *name;
    int parameters;
    const char *sql;
} statements[CAREER_STATEMENT_COUNT] = {
#define CAREER_X(name, parameters, sql) {"career_" #name, parameters, sql},
    CAREER_STATEMENTS(CAREER_X)
#undef CAREER_X
};

/* ------------------------------------------------------------------------------------ addresses */

/* One host of the list, as libpq takes it: keywords and values. */
typedef struct host {
    const char *keywords[KEYWORDS_MAX + 1];
    const char *values[KEYWORDS_MAX + 1];
    char *name, *numeric, *port; /* owned; the other values belong to the options */
} host;

struct career_address {
    PQconninfoOption *options;
    char *name;
    bool prefer_standby; /* libpq's two passes over its list are ours to make */
    atomic_uint favourite;
    unsigned count;
    host hosts[HOSTS_MAX];
};

static const char *option(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val && *options->val ? options->val : NULL;
    return NULL;
}

static unsigned list_length(const char *list)
{
    unsigned count = 1;

    for (; list && *list; list++)
        count += *list == ',';
    return list ? count : 0;
}

/* Item i of a comma-separated list; the only one of a list of one. */
static char *list_item(const char *list, unsigned i)
{
    if (!list)
        return NULL;
    if (list_length(list) > 1)
        while (i--)
            list = strchr(list, ',') + 1;
    return strndup(list, strcspn(list, ","));
}

static void set(host *self, const char *keyword, const char *value)
{
    size_t n = 0;

    if (!value || !*value)
        return;
    while (self->keywords[n] && strcmp(self->keywords[n], keyword) != 0)
        n++;
    if (n == KEYWORDS_MAX)
        return;
    self->keywords[n] = keyword;
    self->values[n] = value;
}

static void fill_host(career_address *address, unsigned i)
{
    static const char *const defaults[][2] = {
        {"fallback_application_name", "mod_career"},
        {"keepalives_idle", "10"},
        {"keepalives_interval", "3"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "10000"},
    };
    host *self = &address->hosts[i];

    for (size_t n = 0; n < sizeof(defaults) / sizeof(*defaults); n++)
        set(self, defaults[n][0], defaults[n][1]);
    for (const PQconninfoOption *o = address->options; o->keyword; o++)
        set(self, o->keyword, o->val);
    set(self, "client_encoding", "UTF8");
    self->name = list_item(option(address->options, "host"), i);
    self->numeric = list_item(option(address->options, "hostaddr"), i);
    self->port = list_item(option(address->options, "port"), i);
    set(self, "host", self->name);
    set(self, "hostaddr", self->numeric);
    set(self, "port", self->port);
}

/* libpq's own message may quote a part of the string, such as half a password. */
static const char *describe_fault(const char *message)
{
    if (message && strstr(message, "invalid connection option"))
        return "it names an option that libpq does not know";
    if (message && strstr(message, "unterminated quoted string"))
        return "a quoted value does not end";
    if (message && strstr(message, "missing \"=\""))
        return "an option has no \"=\" (a value with blanks needs single quotes)";
    return "it is neither \"key=value ...\" nor a postgresql:// URI";
}

static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits < 6 && text[digits] == '\0' &&
           (!digits || (atoi(text) > 0 && atoi(text) < 65536));
}

static bool are_ports(const char *list, unsigned count)
{
    bool good = true;

    for (unsigned i = 0; i < count && good; i++) {
        char *port = list_item(list, i);

        good = port && is_port(port);
        free(port);
    }
    return good;
}

static const char *judge(career_address *address)
{
    static const char *const attrs[] = {"any",     "read-write", "read-only",
                                        "primary", "standby",    "prefer-standby"};
    const char *wanted = option(address->options, "target_session_attrs");
    unsigned hosts = list_length(option(address->options, "host"));
    unsigned numeric = list_length(option(address->options, "hostaddr"));
    unsigned ports = list_length(option(address->options, "port"));

    address->count = hosts > numeric ? hosts : numeric;
    if (address->count == 0)
        address->count = 1;
    if (address->count > HOSTS_MAX)
        return "it names too many hosts";
    if (hosts && numeric && hosts != numeric)
        return "host and hostaddr name different numbers of hosts";
    if (ports > 1 && ports != address->count)
        return "it names more or fewer ports than hosts";
    if (!are_ports(option(address->options, "port"), ports))
        return "a port is no number from 1 to 65535";
    for (size_t i = 0; wanted && i < sizeof(attrs) / sizeof(*attrs); i++)
        if (strcmp(wanted, attrs[i]) == 0)
            wanted = NULL;
    return wanted ? "target_session_attrs has a value that libpq does not know" : NULL;
}

static char *name_servers(const PQconninfoOption *options)
{
    const char *names = option(options, "host"), *numbers = option(options, "hostaddr");
    const char *ports = option(options, "port");
    char *all;

    if (asprintf(&all, "%s%s%s:%s", names ? names : "", numbers ? "=" : "", numbers ? numbers : "",
                 ports ? ports : "5432") < 0)
        return NULL;
    return all;
}

const char *career_address_parse(const char *conninfo, career_address **out)
{
    career_address *address = calloc(1, sizeof(*address));
    const char *wanted, *fault;
    char *message = NULL;

    if (!address)
        return "out of memory";
    address->options = PQconninfoParse(conninfo, &message);
    fault = address->options ? judge(address) : describe_fault(message);
    PQfreemem(message);
    if (fault) {
        address->count = 0;
        career_address_free(address);
        return fault;
    }
    address->name = name_servers(address->options);
    wanted = option(address->options, "target_session_attrs");
    address->prefer_standby = wanted && strcmp(wanted, "prefer-standby") == 0;
    for (unsigned i = 0; i < address->count; i++)
        fill_host(address, i);
    *out = address;
    return NULL;
}

void career_address_free(career_address *address)
{
    for (unsigned i = 0; i < address->count; i++) {
        free(address->hosts[i].name);
        free(address->hosts[i].numeric);
        free(address->hosts[i].port);
    }
    PQconninfoFree(address->options);
    free(address->name);
    free(address);
}

const char *career_address_name(const career_address *address)
{
    return address->name ? address->name : "";
}

/* -------------------------------------------------------------------------------------- results */

struct career_result {
    PGresult *result;
    atomic_uint holders;
};

static career_result *wrap(PGresult *result)
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

/* ----------------------------------------------------------------------------------- connection */

struct career_postgres {
    PGconn *conn;
    int stop_fd;
    bool named;    /* statements have names here */
    unsigned open; /* transactions sent whose end was not acknowledged yet */
    bool farewell; /* the server said that it ends the session */
    bool lost;
    bool overran;
    bool pooled;           /* a pooler stands between */
    bool lacking;          /* why names what the database lacks */
    bool recorded;         /* which migrations were applied can be read */
    char unapplied[200];   /* those that were not */
    unsigned admits;       /* connections like this one; 0: not known */
    career_moment stop_by; /* CAREER_NEVER until the lanes are to stop */
    char why[CAREER_WHY_SIZE];
};

/* One line of a message that may have several. */
static void note(char why[CAREER_WHY_SIZE], const char *prefix, const char *message)
{
    size_t len;

    snprintf(why, CAREER_WHY_SIZE, "%s%s", prefix, message ? message : "unknown");
    len = strlen(why);
    while (len && (why[len - 1] == '\n' || why[len - 1] == ' '))
        why[--len] = '\0';
    for (char *c = why; *c; c++)
        if (*c == '\n' || *c == '\t')
            *c = ' ';
}

static void lose(career_postgres *self, const char *prefix, const char *message)
{
    if (!self->lost)
        note(self->why, prefix, message);
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

/* What the server says unasked; libpq would print it to stderr. */
static void hear(void *arg, const PGresult *notice)
{
    career_postgres *self = arg;
    const char *severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0)) {
        self->farewell = true;
        note(self->why, "", PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY));
    }
}

/* Waits until the socket is ready, or the time is up (0), or the lanes are to stop and have no patience. */
static bool await(career_postgres *self, short events, career_moment deadline)
{
    for (;;) {
        bool stopping = self->stop_by != CAREER_NEVER;
        career_moment until = deadline < self->stop_by ? deadline : self->stop_by;
        struct pollfd fds[2] = {{PQsocket(self->conn), events, 0}, {self->stop_fd, POLLIN, 0}};

        if (fds[0].fd < 0)
            return true; /* libpq has closed it, and says so when asked */
        if (poll(fds, stopping || self->stop_fd < 0 ? 1 : 2, career_clock_poll_ms(until)) < 0)
            continue; /* EINTR: signals are blocked here, but a debugger may do it */
        if (fds[0].revents)
            return true;
        if (fds[1].revents)
            self->stop_by = career_clock_now() + STOP_PATIENCE;
        else if (career_clock_now() >= until)
            return false;
    }
}

/* Drives libpq through one attempt. */
static bool establish(career_postgres *self, const host *target, const char *attrs,
                      career_moment deadline)
{
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    host to = *target;

    self->lacking = false; /* that was said of the host before */
    if (attrs)
        set(&to, "target_session_attrs", attrs);
    self->conn = PQconnectStartParams(to.keywords, to.values, 0);
    if (!self->conn || PQstatus(self->conn) == CONNECTION_BAD) {
        note(self->why, "", self->conn ? PQerrorMessage(self->conn) : "out of memory");
        return false;
    }
    PQsetNoticeReceiver(self->conn, hear, self);
    while (status != PGRES_POLLING_OK) {
        short events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;

        if (!await(self, events, deadline)) {
            note(self->why, "", "no connection within the time limit");
            return false;
        }
        status = PQconnectPoll(self->conn);
        if (status == PGRES_POLLING_FAILED) {
            note(self->why, "", PQerrorMessage(self->conn));
            return false;
        }
    }
    return PQsetnonblocking(self->conn, 1) == 0 && PQenterPipelineMode(self->conn) == 1;
}

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
        PQsendPrepare(self->conn, self->named ? statements[i].name : "", statements[i].sql, 0,
                      NULL);
    career_postgres_sync(self);
    for (int i = 0; i < CAREER_STATEMENT_OPENING && good; i++) {
        good = career_postgres_next(self, deadline, &result) == CAREER_ANSWER_DONE;
        if (!good && !self->lost && result) {
            const char *code = career_result_sqlstate(result);

            if (!refuses_names(code)) {
                note(self->why, "is sql/ applied? ", career_result_message(result));
            } else {
                if (*naming == CAREER_NAMING_AUTO)
                    *naming = CAREER_NAMING_OFF;
                note(self->why, "",
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
            note(self->why, "", career_result_message(result));
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
        note(self->why, "not applied: ", lacks);
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

/* Closes what there is of a connection without a word to the server's statement, and keeps the reason. */
static void discard(career_postgres *self)
{
    PQfinish(self->conn);
    self->conn = NULL;
    self->open = 0;
    self->farewell = self->lost = self->overran = self->pooled = false;
}

static bool try_hosts(career_postgres *self, career_address *address, const char *attrs,
                      career_naming *naming, career_moment deadline)
{
    unsigned first = atomic_load(&address->favourite);

    for (unsigned i = 0; i < address->count && self->stop_by == CAREER_NEVER; i++) {
        unsigned n = (first + i) % address->count;
        career_moment now = career_clock_now();
        career_moment share = now + (deadline - now) / (address->count - i);

        if (establish(self, &address->hosts[n], attrs, share) && make_ready(self, naming, share)) {
            atomic_store(&address->favourite, n);
            return true;
        }
        discard(self);
    }
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
        note(why, "", "out of memory");
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
    note(why, "", self->why);
    *lacking = self->lacking;
    free(self);
    return NULL;
}

unsigned career_postgres_admits(const career_postgres *self)
{
    return self->admits;
}

const char *career_postgres_unapplied(const career_postgres *self)
{
    return *self->unapplied ? self->unapplied : NULL;
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

static atomic_uint cancels;

static void *cancel(void *data)
{
    char message[256];

    PQcancel(data, message, sizeof(message));
    PQfreeCancel(data);
    atomic_fetch_sub(&cancels, 1);
    return NULL;
}

/* PQcancel blocks on a connection of its own. */
static void start_cancel(PGconn *conn)
{
    PGcancel *data = atomic_fetch_add(&cancels, 1) < CANCELS_MAX ? PQgetCancel(conn) : NULL;
    pthread_t thread;

    if (data && career_thread_start(&thread, "career-cancel", cancel, data)) {
        pthread_detach(thread);
        return;
    }
    PQfreeCancel(data);
    atomic_fetch_sub(&cancels, 1);
}

void career_postgres_close(career_postgres *self)
{
    if (self->open && self->overran)
        start_cancel(self->conn);
    PQfinish(self->conn);
    free(self);
}

/* ------------------------------------------------------------------------------------- exchange */

void career_postgres_queue(career_postgres *self, career_statement statement,
                           const char *const *values)
{
    int parameters = statements[statement].parameters;
    int sent;

    if (self->lost)
        return;
    if (self->named)
        sent = PQsendQueryPrepared(self->conn, statements[statement].name, parameters, values, NULL,
                                   NULL, 0);
    else
        sent = PQsendQueryParams(self->conn, statements[statement].sql, parameters, NULL, values,
                                 NULL, NULL, 0);
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
        if (!await(self, unsent ? POLLIN | POLLOUT : POLLIN, deadline)) {
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
    *result = wrap(from);
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

career_answer career_postgres_settle(career_postgres *self, career_moment deadline,
                                     career_result **result)
{
    PGresult *from;

    *result = NULL;
    while (!self->lost) {
        from = receive(self, deadline);
        if (self->lost)
            break;
        if (from && PQresultStatus(from) == PGRES_PIPELINE_SYNC) {
            PQclear(from);
            self->open--;
            return *result ? CAREER_ANSWER_FAILED : CAREER_ANSWER_DONE;
        }
        if (from && PQresultStatus(from) == PGRES_FATAL_ERROR && !*result)
            *result = wrap(from);
        else
            PQclear(from);
    }
    career_result_release(*result);
    *result = NULL;
    return CAREER_ANSWER_LOST;
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
