/* SPDX-License-Identifier: Apache-2.0 */
/* What makes a host's configuration unusable: settings that are missing, contradict each other or can never work. */
#include "httpd/config.h"

#include <http_core.h>

#include <apr_strings.h>

#include "auth/fetch.h"
#include "auth/keyring.h"
#include "cache/invalidator.h"
#include "httpd/values.h"
#include "store/store.h"

/* A sandbox, the shipped rules and what it takes to compile them, with some room. */
#define RULES_MEMORY_MIN (256 * 1024)

static const char *source_fault(apr_pool_t *pool, const char *source)
{
    const char *text = NULL, *skipped, *fault;

    if (strncmp(source, "file:", 5) != 0)
        fault = career_fetch_check_url(source);
    else
        fault = career_value_file(pool, source + 5, false, &text);
    if (!fault && strncmp(source, "file:", 5) == 0)
        fault = career_keyring_check_text(pool, career_slice_of(text), &skipped);
    return fault ? apr_psprintf(pool, "CareerJwtKeys: '%s': %s", source, fault) : NULL;
}

static const char *token_fault(apr_pool_t *pool, const career_config *config)
{
    size_t urls = 0;

    if (!config->jwt_secret && !config->jwt_keys)
        return "CareerJwtSecret and CareerJwtKeys are missing: without a key no token can be "
               "verified; write CareerJwtKeys https://REF.supabase.co/auth/v1/.well-known/jwks.json, "
               "or CareerJwtSecret env:NAME or file:PATH";
    if (config->jwt_secret && strlen(config->jwt_secret) < CAREER_SECRET_MIN)
        return "CareerJwtSecret: the secret is shorter than 32 bytes (RFC 7518 3.2); "
               "use the JWT secret of your Supabase project";
    for (const char *const *at = config->jwt_keys; at && *at; at++) {
        const char *fault = source_fault(pool, *at);

        urls += strncmp(*at, "file:", 5) != 0;
        if (fault)
            return fault;
    }
    if (config->keys_cooldown < 100 * CAREER_MILLISECOND ||
        config->keys_every < config->keys_cooldown || config->keys_stale < config->keys_every)
        return "CareerJwtKeysRefresh: cooldown is at least 100ms, every at least cooldown, and stale "
               "at least every";
    return urls > CAREER_KEYRING_URLS_MAX ? "CareerJwtKeys: at most 8 URLs" : NULL;
}

/* RFC 6265 4.1.1: a token. */
static bool is_cookie_name(const char *name)
{
    return name[strspn(name, "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`"
                             "abcdefghijklmnopqrstuvwxyz|~")] == '\0';
}

/* Browsers write a scheme, a host in ASCII and a port that is not the scheme's own; nothing else ever matches. */
static bool is_origin(const char *text)
{
    const char *host = strstr(text, "://"), *port;

    if (!host || host == text || !host[3])
        return false;
    for (const char *at = text; *at; at++)
        if (*at <= 0x20 || *at >= 0x7f || (at >= host + 3 && strchr("/?#*@", *at)))
            return false;
    port = strrchr(host + 3, ':');
    return !port || !((strncasecmp(text, "https:", 6) == 0 && strcmp(port, ":443") == 0) ||
                      (strncasecmp(text, "http:", 5) == 0 && strcmp(port, ":80") == 0));
}

static const char *browser_fault(apr_pool_t *pool, const career_config *config)
{
    for (const char *const *at = config->cors_origins; at && *at; at++)
        if (!is_origin(*at))
            return apr_psprintf(pool,
                                "CareerCorsOrigin: '%s' is no origin; write it as browsers "
                                "send it: https://app.example.org",
                                *at);
    if (config->jwt_cookie && !is_cookie_name(config->jwt_cookie))
        return apr_psprintf(pool,
                            "CareerJwtCookie: '%s' cannot be the name of a cookie; "
                            "write the name alone: sb-REF-auth-token",
                            config->jwt_cookie);
    return NULL;
}

static const char *limit_fault(const career_config *config)
{
    if (config->database_connect == 0 || config->database_query == 0 ||
        config->redis_connect == 0 || config->redis_command == 0)
        return "CareerDatabaseTimeout, CareerRedisTimeout: a limit of 0 would fail every request; "
               "write at least 1ms";
    if (config->pool_wait == 0)
        return "CareerDatabasePool: with wait=0 no request could be handed to a connection; "
               "write at least wait=1ms";
    if (config->pool_idle == 0 || config->pool_lifetime == 0)
        return "CareerDatabasePool: with idle=0 or lifetime=0 every request would open a connection "
               "of its own; write how long one is kept, such as idle=60s lifetime=30min";
    if (config->rules_time == 0 || config->rules_memory < RULES_MEMORY_MIN)
        return "CareerRulesBudget: no file can be loaded with so little; "
               "write at least time=1ms memory=256K";
    return NULL;
}

const char *career_config_fault(apr_pool_t *pool, const career_config *config)
{
    const char *fault = career_store_check_conninfo(pool, config->database);

    if (fault)
        return apr_psprintf(pool, "CareerDatabase: %s", fault);
    if (!config->redis)
        return "CareerRedis is missing: name the Redis whose caches a save clears, "
               "or write CareerRedis none";
    fault = career_invalidator_check_url(pool, config->redis);
    if (fault)
        return apr_psprintf(pool, "CareerRedis: %s", fault);
    fault = limit_fault(config);
    if (fault)
        return fault;
    for (const char *const *role = config->jwt_roles; config->database_claims && *role; role++)
        if (strcmp(*role, "none") == 0)
            return "CareerJwtRole: with CareerDatabaseClaims 'none' would be the login role itself; "
                   "name the role that the policies speak of";
    fault = token_fault(pool, config);
    return fault ? fault : browser_fault(pool, config);
}
