/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A private redis-server for a test program: on a unix socket in a folder of its own, as the node of
 * a cluster also on a port of loopback, stopped and started at will, asked through a connection of its own. A test that cannot start one is skipped
 * by its group.
 */
#ifndef T_REDIS_SERVER_H
#define T_REDIS_SERVER_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>

#include <apr_strings.h>

#include "cache/dial.h"

#include "unit.h"

typedef struct redis_server {
    apr_pool_t *pool;
    char folder[32];
    const char *socket;
    const char *url;
    int port; /* 0: no node of a cluster */
    pid_t pid;
    career_redis *redis; /* of the test */
} redis_server;

#define LONG_ENOUGH (60 * CAREER_SECOND)

static inline bool redis_server_connect(redis_server *server)
{
    career_moment until = career_clock_now() + LONG_ENOUGH;
    career_redis_url url;
    char why[CAREER_REDIS_CAUSE];

    career_redis_url_parse(server->pool, server->url, &url);
    while (!server->redis && career_clock_now() < until &&
           (server->pid <= 0 || waitpid(server->pid, NULL, WNOHANG) == 0)) {
        server->redis = career_redis_open(&url, CAREER_SECOND, LONG_ENOUGH, why);
        if (!server->redis)
            usleep(5000);
    }
    return server->redis != NULL;
}

static inline bool redis_server_start(redis_server *server)
{
    server->pid = fork();
    if (server->pid == 0) {
        int null = open("/dev/null", O_RDWR);

        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that dies leaves none behind */
        dup2(null, 0);
        dup2(null, 1);
        dup2(null, 2);
        execlp("redis-server", "redis-server", "--port", apr_itoa(server->pool, server->port),
               "--bind", "127.0.0.1", "--unixsocket", server->socket, "--dir", server->folder,
               "--save", "", "--appendonly", "no", "--slowlog-log-slower-than", "5000",
               "--maxclients", "200", "--cluster-enabled", server->port ? "yes" : "no",
               (char *)NULL);
        _exit(127);
    }
    return server->pid > 0 && redis_server_connect(server);
}

static inline bool redis_server_make_node(redis_server *server, int port)
{
    memset(server, 0, sizeof(*server));
    server->port = port;
    server->pool = pool;
    strcpy(server->folder, "/tmp/career-redis-XXXXXX");
    if (system("command -v redis-server >/dev/null") != 0 || !mkdtemp(server->folder))
        return false;
    server->socket = apr_pstrcat(pool, server->folder, "/s", NULL);
    server->url = apr_pstrcat(pool, "unix:", server->socket, NULL);
    return redis_server_start(server);
}

static inline bool redis_server_make(redis_server *server)
{
    return redis_server_make_node(server, 0);
}

static inline void redis_server_stop(redis_server *server)
{
    career_redis_close(server->redis);
    server->redis = NULL;
    if (server->pid > 0) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
    }
    server->pid = 0;
    unlink(server->socket);
}

static inline void redis_server_end(redis_server *server)
{
    redis_server_stop(server);
    unlink(apr_pstrcat(server->pool, server->folder, "/nodes.conf", NULL));
    rmdir(server->folder);
}

/* One command, its words parted by blanks. The reply lives until the next. */
__attribute__((format(printf, 2, 3))) static inline career_reply redis_ask(redis_server *server,
                                                                           const char *format, ...)
{
    career_slice words[64];
    size_t count = 0;
    va_list args;
    char *line, *state;

    va_start(args, format);
    line = apr_pvsprintf(server->pool, format, args);
    va_end(args);
    for (char *word = strtok_r(line, " ", &state); word && count < 64;
         word = strtok_r(NULL, " ", &state))
        words[count++] = career_slice_of(word);
    career_redis_queue(server->redis, count, words);
    if (!career_redis_exchange(server->redis, career_clock_now() + LONG_ENOUGH)) {
        fprintf(stderr, "# %s\n", career_redis_cause(server->redis));
        abort();
    }
    return career_redis_reply(server->redis, 0);
}

/* So many foreign keys filler:N, each a few bytes; in steps, for a script blocks the server. */
static inline void redis_fill(redis_server *server, long count)
{
    for (long at = 0; at < count; at += 10000)
        redis_ask(server,
                  "EVAL for\ti=%ld,%ld\tdo\tredis.call('SET','filler:'..i,i)end\treturn\t1 0",
                  at + 1, at + 10000 < count ? at + 10000 : count);
}

/* A number out of INFO. */
static inline long redis_info(redis_server *server, const char *section, const char *name)
{
    career_reply reply = redis_ask(server, "INFO %s", section);
    const char *at = strstr(reply.text.data, name);

    return at ? strtol(at + strlen(name), NULL, 10) : 0;
}

/* The one of a program, with a pool for all its tests. */
static redis_server server __attribute__((unused));

static inline int redis_begin(void **state)
{
    if (pool_begin(state) != 0)
        return -1;
    redis_server_make(&server);
    return 0;
}

static inline int redis_end(void **state)
{
    redis_server_end(&server);
    return pool_end(state);
}

#endif
