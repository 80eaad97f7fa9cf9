/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A private Postgres for a test program: in a folder of its own, on a unix socket, run as an ordinary user
 * even when the tests are root, stopped, frozen and started at will, asked through psql. A test that cannot
 * start one is skipped by its group.
 */
#ifndef T_POSTGRES_SERVER_H
#define T_POSTGRES_SERVER_H

#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "unit.h"

#define POSTGRES_BIN                                                                               \
    "${CAREER_PG_BIN:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)}"

typedef struct postgres_server {
    apr_pool_t *pool;
    char folder[40];
    const char *as; /* what a command begins with to run as the server's user */
} postgres_server;

__attribute__((format(printf, 2, 3))) static inline bool postgres_shell(postgres_server *server,
                                                                        const char *format, ...)
{
    va_list args;
    const char *command;
    int status;

    va_start(args, format);
    command = apr_pvsprintf(server->pool, format, args);
    va_end(args);
    status = system(command);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static inline bool postgres_server_start(postgres_server *server)
{
    return postgres_shell(server,
                          "cd / && %s " POSTGRES_BIN "/pg_ctl -D %s/data -l %s/log -w -t 60 "
                          "-o '-c listen_addresses= -c unix_socket_directories=%s -c fsync=off "
                          "-c max_connections=60' start >/dev/null 2>&1 </dev/null",
                          server->as, server->folder, server->folder, server->folder);
}

static inline bool postgres_server_stop(postgres_server *server, const char *mode)
{
    return postgres_shell(
        server, "cd / && %s " POSTGRES_BIN "/pg_ctl -D %s/data -w -m %s stop >/dev/null 2>&1",
        server->as, server->folder, mode);
}

static inline bool postgres_server_make(postgres_server *server)
{
    struct passwd *user = getpwnam("postgres");

    server->pool = pool;
    server->as = "";
    strcpy(server->folder, "/var/tmp/career-postgres-XXXXXX");
    if (!user)
        user = getpwnam("nobody");
    if (!mkdtemp(server->folder))
        return false;
    if (geteuid() == 0) {
        if (!user || chown(server->folder, user->pw_uid, user->pw_gid) != 0)
            return false;
        server->as = apr_psprintf(pool, "setpriv --reuid=%u --regid=%u --clear-groups",
                                  (unsigned)user->pw_uid, (unsigned)user->pw_gid);
    }
    return postgres_shell(server,
                          "cd / && %s " POSTGRES_BIN "/initdb -D %s/data -U postgres -A trust "
                          "--encoding=UTF8 --locale=C --no-sync >/dev/null 2>&1",
                          server->as, server->folder) &&
           postgres_server_start(server);
}

/* SIGSTOP or SIGCONT to the server and all its processes. */
static inline bool postgres_server_signal(postgres_server *server, const char *name)
{
    return postgres_shell(
        server,
        "main=$(head -1 %s/data/postmaster.pid); kill -%s $main "
        "$(grep -ls \"^PPid:[[:space:]]*$main$\" /proc/[0-9]*/status | cut -d/ -f3)",
        server->folder, name);
}

static inline void postgres_server_end(postgres_server *server)
{
    postgres_server_stop(server, "immediate");
    postgres_shell(server, "rm -rf '%s'", server->folder);
}

/* What psql prints for a statement, without the last line break; "ERROR" when it fails. */
static inline const char *postgres_ask(postgres_server *server, const char *database,
                                       const char *sql)
{
    char *out = apr_pcalloc(server->pool, 4096);
    const char *file = apr_psprintf(server->pool, "%s/ask.sql", server->folder);
    FILE *text = fopen(file, "w");
    FILE *pipe;
    size_t len;

    fputs(sql, text);
    fclose(text);
    pipe =
        popen(apr_psprintf(server->pool,
                           "PGOPTIONS='-c client_min_messages=error' psql -qXAt -v ON_ERROR_STOP=1 "
                           "-h %s -U postgres -d %s -f %s",
                           server->folder, database, file),
              "r");
    len = fread(out, 1, 4095, pipe);
    while (len && out[len - 1] == '\n')
        out[--len] = '\0';
    return pclose(pipe) == 0 ? out : "ERROR";
}

static inline bool postgres_migrate(postgres_server *server, const char *database)
{
    return postgres_shell(
        server,
        "for file in sql/[0-9]*.sql; do psql -qXAt -v ON_ERROR_STOP=1 -h %s -U postgres "
        "-d %s -f \"$file\" || exit 1; done",
        server->folder, database);
}

#endif
