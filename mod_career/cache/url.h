/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the directive CareerRedis names, taken apart: which servers, which rights, which database.
 * Opens nothing and resolves nothing. What it says about a bad URL never repeats the URL, which may
 * hold a password. Any thread.
 */
#ifndef CAREER_REDIS_URL_H
#define CAREER_REDIS_URL_H

#include <stdbool.h>
#include <stddef.h>

#include <apr_pools.h>

#define CAREER_REDIS_HOSTS 32 /* sentinels, or nodes of a cluster to begin with */
#define CAREER_HOST_ROOM 256  /* a DNS name, or a numeric address */
#define CAREER_PORT_ROOM 6

typedef enum career_redis_kind {
    CAREER_REDIS_NONE, /* "none": there is no Redis */
    CAREER_REDIS_TCP,
    CAREER_REDIS_UNIX,
    CAREER_REDIS_SENTINEL, /* the hosts are sentinels, who know the master */
    CAREER_REDIS_CLUSTER   /* the hosts are some of its nodes */
} career_redis_kind;

typedef struct career_redis_address {
    char host[CAREER_HOST_ROOM]; /* a name or a numeric address, IPv6 without its brackets */
    char port[CAREER_PORT_ROOM]; /* decimal, 1 to 65535 */
} career_redis_address;

typedef struct career_redis_url {
    career_redis_kind kind;
    bool tls;
    career_redis_address *hosts; /* at least one; of TCP exactly one */
    size_t host_count;
    const char *path;     /* UNIX: of the socket */
    const char *master;   /* SENTINEL: what the sentinels call it */
    const char *user;     /* NULL: the default user */
    const char *password; /* NULL: no AUTH; secret */
    unsigned db;
} career_redis_url;

/* Forms: redis://[[user]:password@]host[:port][/db], unix:[//][[user]:password@]/path[?db=N],
 * redis+sentinel://[[user]:password@]host[:port],…/NAME[/db],
 * redis+cluster://[[user]:password@]host[:port],…, and rediss… for the three over TLS; none.
 * User, password and NAME are percent-decoded. Everything in *url is of the pool. NULL, or why not:
 * a sentence for the operator that quotes no secret. */
const char *career_redis_url_parse(apr_pool_t *pool, const char *text, career_redis_url *url);

/* How the log calls it: "127.0.0.1:6379", "/run/redis.sock", "main of a:26379,b:26379". No secret
 * in it. */
const char *career_redis_url_name(apr_pool_t *pool, const career_redis_url *url);

/* "127.0.0.1:6379", "[::1]:6379" */
const char *career_redis_address_name(apr_pool_t *pool, const career_redis_address *address);

/* The first of several did not serve: it is tried last the next time. */
void career_redis_address_move_last(career_redis_address *hosts, size_t count);

/* Is it a number from 1 to 65535? */
bool career_port_is_good(const char *text, size_t len);

#endif
