/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What serves a configured virtual host: its rules, keys, store and invalidator. The parent opens what must
 * be opened before fork (rules directory, shared memory); each child starts the rest for itself, and one
 * thread, the ticker, that looks after all hosts. Hosts with the same rules directory, database or Redis
 * share the thing. Requests only read it.
 */
#ifndef CAREER_HOST_H
#define CAREER_HOST_H

#include "auth/keyring.h"
#include "auth/token.h"
#include "base/counters.h"
#include "base/log.h"
#include "cache/invalidator.h"
#include "httpd/config.h"
#include "rules/watch.h"
#include "store/store.h"

struct career_host {
    server_rec *server;
    const career_config *config;
    const char *database_server; /* hosts and ports of CareerDatabase */
    unsigned database_total;     /* connections of all children and hosts to it */
    career_token_policy policy;
    career_watch *watch;
    career_board *relay;    /* elects who asks the outbox */
    career_commons *sweeps; /* of its Redis, shared by all hosts that name it */
    career_outage *outage;  /* of its Redis; or NULL */
    const char *cache;      /* names what the invalidator does, so that equal hosts share one */
    career_log *log;
    const char *label; /* "api.example.org:443", its own among the hosts */
    career_counters
        *counters;       /* what it owns counts there, for itself and for those it shares with */
    career_board *probe; /* elects who asks whether the database answers */
    career_keyring_config sources; /* of keys */
    bool owns_watch; /* likewise below: several hosts may share one, the first looks after it */
    const career_host *watch_owner, *store_owner,
        *invalidator_owner; /* itself, or an earlier host */
    /* from here on: of this process, made in child_init */
    career_moment look_at; /* when the ticker looks at the rules again */
    career_keyring *keyring;
    bool owns_store;
    career_store *store;
    bool owns_invalidator;
    career_invalidator *invalidator;
};

/* One line about a server, at once: for what happens once, before or while a child starts. */
void career_host_say(server_rec *server, career_log_tag tag, const char *cause, ...)
    __attribute__((format(printf, 3, 4)));

/* httpd -t: everything that can be known before start, for every configured host. OK, or an HTTP-style
 * error after one log line. */
int career_hosts_check(apr_pool_t *temp, server_rec *main_server);

/* Before a start: are the rules of every configured host good? On a restart the last good ones would do. */
int career_hosts_check_rules(apr_pool_t *temp, server_rec *main_server);

/* post_config: makes the hosts (they live in pool). process: the pool that outlives restarts. */
int career_hosts_open(apr_pool_t *pool, apr_pool_t *process, apr_pool_t *temp,
                      server_rec *main_server);

/* The hosts of the configuration in force. */
size_t career_hosts_count(void);
career_host *career_hosts_at(size_t index);

/* Database connections of one child for such a host, and whether two may share them. */
unsigned career_host_connections(const career_config *config);
bool career_host_same_store(const career_config *a, const career_config *b);

/* child.c: child_init, and the end of the child's pool, when its request threads have ended. Under prefork the
 * latter may be inside a signal handler. */
void career_child_start(server_rec *main_server);
void career_child_stop(void);

#endif
