/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the directive CareerRedis names, taken apart: which server, which rights, which database.
 * Opens nothing and resolves nothing. What it says about a bad URL never repeats the URL, which may
 * hold a password. Any thread.
 */
#ifndef CAREER_REDIS_URL_H
#define CAREER_REDIS_URL_H

#include <apr_pools.h>

typedef enum career_redis_kind {
    CAREER_REDIS_NONE, /* "none": there is no Redis */
    CAREER_REDIS_TCP,
    CAREER_REDIS_UNIX
} career_redis_kind;

typedef struct career_redis_url {
    career_redis_kind kind;
    const char *host;     /* TCP: a name or a numeric address, IPv6 without its brackets */
    const char *port;     /* TCP: decimal, 1 to 65535 */
    const char *path;     /* UNIX: of the socket */
    const char *user;     /* NULL: the default user */
    const char *password; /* NULL: no AUTH; secret */
    unsigned db;
} career_redis_url;

/* Forms: redis://[[user]:password@]host[:port][/db], unix:[//][[user]:password@]/path[?db=N], none.
 * User and password are percent-decoded. Everything in *url is of the pool. NULL, or why not: a
 * sentence for the operator that quotes no secret. */
const char *career_redis_url_parse(apr_pool_t *pool, const char *text, career_redis_url *url);

/* How the log calls that server: "127.0.0.1:6379", "/run/redis.sock". No secret in it. */
const char *career_redis_url_name(apr_pool_t *pool, const career_redis_url *url);

#endif
