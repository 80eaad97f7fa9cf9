/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files postgres*.c share, who together are the only ones that know libpq: what an address, a result
 * and a connection are made of. Nobody else may include this.
 */
#ifndef CAREER_POSTGRES_STATE_H
#define CAREER_POSTGRES_STATE_H

#include <stdatomic.h>

#include <libpq-fe.h>

#include "store/postgres.h"

/* -- postgres_address.c ----------------------------------------------------------------------------- */

#define CAREER_HOSTS_MAX 16
#define CAREER_KEYWORDS_MAX 80

/* One host of the list, as libpq takes it: keywords and values. */
typedef struct career_host {
    const char *keywords[CAREER_KEYWORDS_MAX + 1];
    const char *values[CAREER_KEYWORDS_MAX + 1];
    char *name, *numeric, *port; /* owned; the other values belong to the options */
} career_host;

struct career_address {
    PQconninfoOption *options;
    char *name;
    bool prefer_standby; /* libpq's two passes over its list are ours to make */
    atomic_uint favourite;
    unsigned count;
    career_host hosts[CAREER_HOSTS_MAX];
};

/* In place of what the keyword has; NULL and "" are no values. Both must live as long as the host. */
void career_host_set(career_host *host, const char *keyword, const char *value);

/* -- postgres_result.c ------------------------------------------------------------------------------ */

struct career_result {
    PGresult *failure; /* all that the server said of it; NULL: it gave rows */
    atomic_uint holders;
    int rows;
    int columns;
    career_slice values[]; /* row by row; their bytes behind the last one */
};

/* Takes libpq's over; NULL, and it is cleared, when memory is short. */
career_result *career_result_wrap(PGresult *from);

/* -- postgres.c ------------------------------------------------------------------------------------- */

typedef struct career_statement_text {
    const char *name;
    int parameters;
    const char *sql;
} career_statement_text;

extern const career_statement_text career_postgres_statements[CAREER_STATEMENT_COUNT];

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

/* One line of a message that may have several, or be NULL. */
void career_postgres_note(char why[CAREER_WHY_SIZE], const char *prefix, const char *message);

/* Waits until the socket is ready; false: the time is up, or the lanes are to stop and have no patience. */
bool career_postgres_await(career_postgres *postgres, short events, career_moment deadline);

#endif
