/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What operators set, one line a setting: its directive, option, kind, member and default. The struct, the
 * merge of virtual hosts and the command table follow from that one table, so that no setting can be
 * forgotten in any of them. Made while the configuration is read, before fork; then only read.
 */
#ifndef CAREER_CONFIG_H
#define CAREER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <httpd.h>
#include <http_config.h>

#include "base/clock.h"

/*  directive, option (NULL: the directive's own value), kind, member, default.
 *  TEXT and SECRET are strings (a SECRET stands in the environment or a file; MAYBE_SECRET may also stand
 *  in the configuration), WORDS a list of strings, SOURCES one that further lines add to, COUNT a number, DURATION µs, SIZE bytes, SWITCH on or
 *  off, AUTO auto, on or off. */
#define CAREER_SETTINGS(X)                                                                         \
    X("CareerDatabase", NULL, MAYBE_SECRET, database, NULL)                                        \
    X("CareerDatabasePool", "connections", COUNT, pool_connections, "2")                           \
    X("CareerDatabasePool", "queue", COUNT, pool_queue, "512")                                     \
    X("CareerDatabasePool", "wait", DURATION, pool_wait, "250ms")                                  \
    X("CareerDatabasePool", "idle", DURATION, pool_idle, "60s")                                    \
    X("CareerDatabasePool", "lifetime", DURATION, pool_lifetime, "30min")                          \
    X("CareerDatabaseTimeout", "connect", DURATION, database_connect, "2s")                        \
    X("CareerDatabaseTimeout", "query", DURATION, database_query, "2s")                            \
    X("CareerDatabasePrepare", NULL, AUTO, database_prepare, "auto")                               \
    X("CareerDatabaseClaims", NULL, SWITCH, database_claims, "off")                                \
    X("CareerRequireIfMatch", NULL, SWITCH, require_if_match, "off")                               \
    X("CareerRedis", NULL, MAYBE_SECRET, redis, NULL)                                              \
    X("CareerRedisTimeout", "connect", DURATION, redis_connect, "500ms")                           \
    X("CareerRedisTimeout", "command", DURATION, redis_command, "500ms")                           \
    X("CareerInvalidateWait", NULL, DURATION, invalidate_wait, "100ms")                            \
    X("CareerInvalidateAgain", NULL, DURATION_OR_OFF, invalidate_again, "2s")                      \
    X("CareerJwtSecret", NULL, SECRET, jwt_secret, NULL)                                           \
    X("CareerJwtKeys", NULL, SOURCES, jwt_keys, NULL)                                              \
    X("CareerJwtKeysRefresh", "every", DURATION, keys_every, "10min")                              \
    X("CareerJwtKeysRefresh", "cooldown", DURATION, keys_cooldown, "30s")                          \
    X("CareerJwtKeysRefresh", "stale", DURATION, keys_stale, "24h")                                \
    X("CareerJwtIssuer", NULL, TEXT, jwt_issuer, NULL)                                             \
    X("CareerJwtAudience", NULL, TEXT, jwt_audience, "authenticated")                              \
    X("CareerJwtRole", NULL, WORDS, jwt_roles, "authenticated")                                    \
    X("CareerJwtLeeway", NULL, DURATION, jwt_leeway, "30s")                                        \
    X("CareerJwtMaxLifetime", NULL, DURATION_OR_OFF, jwt_lifetime_max, "off")                      \
    X("CareerJwtCookie", NULL, TEXT, jwt_cookie, NULL)                                             \
    X("CareerRules", NULL, TEXT, rules, "lua")                                                     \
    X("CareerRulesInterval", NULL, DURATION, rules_interval, "1s")                                 \
    X("CareerRulesBudget", "time", DURATION, rules_time, "50ms")                                   \
    X("CareerRulesBudget", "memory", SIZE, rules_memory, "8M")                                     \
    X("CareerBodyLimit", NULL, SIZE, body_limit, "64K")                                            \
    X("CareerCorsOrigin", NULL, WORDS, cors_origins, NULL)

/* The C type of each kind. -1 (NULL) is "not set here". */
#define CAREER_TYPE_TEXT const char *
#define CAREER_TYPE_SECRET const char *
#define CAREER_TYPE_MAYBE_SECRET const char *
#define CAREER_TYPE_WORDS const char *const * /* NULL-terminated */
#define CAREER_TYPE_SOURCES const char *const *
#define CAREER_TYPE_COUNT int64_t
#define CAREER_TYPE_DURATION int64_t
#define CAREER_TYPE_DURATION_OR_OFF int64_t /* off is 0 */
#define CAREER_TYPE_SIZE int64_t
#define CAREER_TYPE_SWITCH int64_t
#define CAREER_TYPE_AUTO int64_t /* off 0, on 1, auto 2 */

#define CAREER_AUTO 2

typedef struct career_host career_host; /* host.h */

typedef struct career_config {
#define X(directive, option, kind, member, fallback) CAREER_TYPE_##kind member;
    CAREER_SETTINGS(X)
#undef X
    career_host
        *host; /* what serves it, once the configuration is complete; NULL: not configured */
} career_config;

extern const command_rec career_directives[];

void *career_config_create(apr_pool_t *pool, server_rec *server);
void *career_config_merge(apr_pool_t *pool, void *base, void *added);

/* Fills in the defaults of what is set nowhere, and makes paths absolute. */
void career_config_complete(apr_pool_t *pool, career_config *config);

/* A host is configured once CareerDatabase applies to it. */
static inline bool career_config_applies(const career_config *config)
{
    return config->database != NULL;
}

career_config *career_config_of(server_rec *server);

/* What is missing or contradicts itself, with its cure; NULL when all is well. */
const char *career_config_fault(apr_pool_t *pool, const career_config *config);

/* "www.example.org:443 (/etc/apache2/sites-enabled/x.conf:12)": how messages name a virtual host. */
const char *career_config_name(apr_pool_t *pool, const server_rec *server);

#endif
