/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config.h"

#include <stddef.h>

#include <http_core.h>

#include <apr_strings.h>

#include "httpd/module.h"
#include "httpd/values.h"

typedef enum kind {
    TEXT,
    SECRET,
    MAYBE_SECRET,
    WORDS,
    SOURCES,
    COUNT,
    DURATION,
    DURATION_OR_OFF,
    SIZE,
    SWITCH,
    AUTO
} kind;

typedef struct setting {
    const char *directive;
    const char *option;
    kind kind;
    size_t offset;
    const char *fallback;
} setting;

static const setting settings[] = {
#define X(directive, option, kind, member, fallback)                                               \
    {directive, option, kind, offsetof(career_config, member), fallback},
    CAREER_SETTINGS(X)
#undef X
};

#define SETTINGS (sizeof(settings) / sizeof(*settings))

static bool is_pointer(const setting *s)
{
    return s->kind <= SOURCES;
}

static void *member(const career_config *config, const setting *s)
{
    return (char *)config + s->offset;
}

static bool is_set(const career_config *config, const setting *s)
{
    return is_pointer(s) ? *(void **)member(config, s) != NULL : *(int64_t *)member(config, s) >= 0;
}

static void copy(career_config *to, const career_config *from, const setting *s)
{
    if (is_pointer(s))
        *(void **)member(to, s) = *(void **)member(from, s);
    else
        *(int64_t *)member(to, s) = *(int64_t *)member(from, s);
}

void *career_config_create(apr_pool_t *pool, server_rec *server)
{
    career_config *config = apr_pcalloc(pool, sizeof(*config));

    (void)server;
    for (size_t i = 0; i < SETTINGS; i++)
        if (!is_pointer(&settings[i]))
            *(int64_t *)member(config, &settings[i]) = -1;
    return config;
}

void *career_config_merge(apr_pool_t *pool, void *base, void *added)
{
    career_config *merged = apr_pcalloc(pool, sizeof(*merged));

    for (size_t i = 0; i < SETTINGS; i++)
        copy(merged, is_set(added, &settings[i]) ? added : base, &settings[i]);
    return merged;
}

static const char *add_word(apr_pool_t *pool, const char *const **words, const char *word)
{
    size_t count = 0;
    const char **longer;

    while (*words && (*words)[count])
        count++;
    longer = apr_pcalloc(pool, (count + 2) * sizeof(*longer));
    if (count)
        memcpy(longer, *words, count * sizeof(*longer));
    longer[count] = apr_pstrdup(pool, word);
    *words = longer;
    return NULL;
}

static const char *take(apr_pool_t *pool, career_config *config, const setting *s, const char *text)
{
    void *at = member(config, s);

    switch (s->kind) {
    case TEXT:
        *(const char **)at = apr_pstrdup(pool, text);
        return *text ? NULL : "the value is empty";
    case SECRET:
    case MAYBE_SECRET:
        return career_value_secret(pool, apr_pstrdup(pool, text), s->kind == MAYBE_SECRET, at);
    case WORDS:
    case SOURCES:
        return add_word(pool, at, text);
    case COUNT:
        return career_value_count(pool, text, at);
    case DURATION_OR_OFF:
        if (strcasecmp(text, "off") == 0)
            return *(int64_t *)at = 0, NULL;
        return career_value_duration(pool, text, at);
    case DURATION:
        return career_value_duration(pool, text, at);
    case SIZE:
        return career_value_size(pool, text, at);
    case SWITCH:
        return career_value_switch(pool, text, at);
    default:
        return career_value_auto(pool, text, at);
    }
}

/* The setting that a word of the directive's line means; *value is what it sets. */
static const setting *find(const char *directive, const char *word, const char **value)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        const setting *s = &settings[i];
        size_t len = s->option ? strlen(s->option) : 0;

        if (strcasecmp(s->directive, directive) != 0)
            continue;
        if (len && (strncasecmp(word, s->option, len) != 0 || word[len] != '='))
            continue;
        *value = len ? word + len + 1 : word;
        return s;
    }
    return NULL;
}

/* Every directive of ours: a line of words. Within one line a setting is named once; a later line replaces
 * an earlier one. */
static const char *set(cmd_parms *cmd, void *unused, const char *line)
{
    career_config *config = career_config_of(cmd->server);
    const char *directive = cmd->cmd->name, *fault;
    const setting *before = NULL;

    (void)unused;
    if (!*line)
        return apr_psprintf(cmd->pool, "%s needs a value", directive);
    while (*line) {
        const char *word = ap_getword_conf(cmd->temp_pool, &line), *value;
        const setting *s = find(directive, word, &value);

        if (!s)
            return apr_psprintf(cmd->pool, "%s does not know '%s'", directive, word);
        if (!s->option && before == s && s->kind != WORDS && s->kind != SOURCES)
            return apr_psprintf(cmd->pool, "%s takes one value (quote it if it has blanks)",
                                directive);
        if (s->kind == WORDS && before != s)
            *(void **)member(config, s) = NULL;
        fault = take(cmd->pool, config, s, value);
        if (fault)
            return apr_psprintf(cmd->pool, "%s%s%s: %s", directive, s->option ? " " : "",
                                s->option ? s->option : "", fault);
        before = s;
    }
    return NULL;
}

#define DIRECTIVE(name, help) AP_INIT_RAW_ARGS(name, set, NULL, RSRC_CONF, help)

const command_rec career_directives[] = {
    DIRECTIVE("CareerDatabase", "libpq connection string, or env:NAME, or file:PATH"),
    DIRECTIVE("CareerDatabasePool", "connections=N queue=N wait=TIME idle=TIME lifetime=TIME"),
    DIRECTIVE("CareerDatabaseTimeout", "connect=TIME query=TIME"),
    DIRECTIVE("CareerDatabasePrepare", "auto, on or off: named statements"),
    DIRECTIVE("CareerDatabaseClaims", "on or off: ask as the token's role, with its claims"),
    DIRECTIVE("CareerRequireIfMatch", "on or off: a change must carry If-Match"),
    DIRECTIVE("CareerRedis",
              "redis://[[user]:password@]host:port/db, unix:/path, redis+sentinel://, "
              "redis+cluster://, rediss:// (README.md), none, "
              "or env:NAME, or file:PATH"),
    DIRECTIVE("CareerRedisTimeout", "connect=TIME command=TIME"),
    DIRECTIVE("CareerInvalidateWait", "how long a PUT waits for the invalidation; 0: not at all"),
    DIRECTIVE("CareerInvalidateAgain", "off, or how long after the first the second pass follows"),
    DIRECTIVE("CareerJwtSecret", "env:NAME or file:PATH of the HS256 secret"),
    DIRECTIVE("CareerJwtKeys", "file:PATH or https://… of public keys; may be repeated"),
    DIRECTIVE("CareerJwtKeysRefresh", "every=TIME cooldown=TIME stale=TIME"),
    DIRECTIVE("CareerJwtIssuer", "the exact claim iss"),
    DIRECTIVE("CareerJwtAudience", "what the claim aud must be or contain"),
    DIRECTIVE("CareerJwtRole", "the roles admitted"),
    DIRECTIVE("CareerJwtLeeway", "how far clocks may differ"),
    DIRECTIVE("CareerJwtMaxLifetime", "off, or how far ahead exp may be"),
    DIRECTIVE("CareerJwtCookie", "name of the Supabase session cookie: sb-REF-auth-token"),
    DIRECTIVE("CareerRules", "directory of validation.lua and caches.lua"),
    DIRECTIVE("CareerRulesInterval", "how often the rules are looked at"),
    DIRECTIVE("CareerRulesBudget", "time=TIME memory=SIZE of an operator's function"),
    DIRECTIVE("CareerBodyLimit", "largest request body"),
    DIRECTIVE("CareerCorsOrigin", "origins of frontends, as browsers send them"),
    {NULL, {NULL}, NULL, 0, RAW_ARGS, NULL},
};

void career_config_complete(apr_pool_t *pool, career_config *config)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (!is_set(config, &settings[i]) && settings[i].fallback)
            take(pool, config, &settings[i], settings[i].fallback);
    config->rules = ap_server_root_relative(pool, config->rules);
}

career_config *career_config_of(server_rec *server)
{
    return ap_get_module_config(server->module_config, &career_module);
}

const char *career_config_name(apr_pool_t *pool, const server_rec *server)
{
    const char *name = server->server_hostname ? server->server_hostname : "the main server";
    unsigned port = server->addrs ? server->addrs->host_port : server->port;

    if (!server->is_virtual)
        return apr_psprintf(pool, "%s (main server)", name);
    return apr_psprintf(pool, "%s:%u (%s:%u)", name, port,
                        server->defn_name ? server->defn_name : "?", server->defn_line_number);
}
