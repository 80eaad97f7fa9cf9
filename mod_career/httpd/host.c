/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/host.h"

#include <stdlib.h>

#include <ap_mpm.h>
#include <apr_strings.h>
#include <http_core.h>
#include <mpm_common.h>

#include "base/thread.h"
#include "httpd/module.h"

/* httpd's parent waits a few seconds for a child to end before it insists. */
#define STOP_PATIENCE (2 * CAREER_SECOND)
#define TICK CAREER_SECOND

/* All hosts of the configuration in force, in the order of the servers. Set before fork. */
static apr_array_header_t *hosts;
static career_ticker *ticker; /* of this child */

static const int levels[] = {[CAREER_LEVEL_ERROR] = APLOG_ERR,
                             [CAREER_LEVEL_WARNING] = APLOG_WARNING,
                             [CAREER_LEVEL_NOTICE] = APLOG_NOTICE,
                             [CAREER_LEVEL_INFO] = APLOG_INFO};

static void write_line(void *server, career_log_level level, const char *line)
{
    ap_log_error(APLOG_MARK, levels[level], 0, server, "%s", line);
}

static career_log *log_of(apr_pool_t *pool, server_rec *server)
{
    career_log *log = apr_pcalloc(pool, sizeof(*log));

    log->sink = write_line;
    log->context = server;
    return log;
}

static int refuse(apr_pool_t *pool, server_rec *server, const char *fault)
{
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, server, "CAREER0003: configuration of %s: %s",
                 career_config_name(pool, server), fault);
    return HTTP_INTERNAL_SERVER_ERROR;
}

static career_rules_budget budget_of(const career_config *config)
{
    return (career_rules_budget){config->rules_time, (size_t)config->rules_memory};
}

/* The configuration's faults, and the conninfo, URL and secret in it; not yet the rules. */
static int check_settings(apr_pool_t *pool, server_rec *server)
{
    const char *fault = career_config_fault(pool, career_config_of(server));

    return fault ? refuse(pool, server, fault) : OK;
}

int career_hosts_check(apr_pool_t *temp, server_rec *main_server)
{
    for (server_rec *server = main_server; server; server = server->next) {
        career_config *config = career_config_of(server);
        const char *why = NULL;
        career_rules_budget budget;
        int status;

        if (!career_config_applies(config))
            continue;
        career_config_complete(server->process->pconf, config);
        status = check_settings(temp, server);
        if (status != OK)
            return status;
        budget = budget_of(config);
        if (ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST &&
            !career_watch_open(temp, config->rules, &budget, NULL, NULL, &why))
            return refuse(temp, server, apr_psprintf(temp, "CareerRules: %s", why));
    }
    return OK;
}

static const char *digest(apr_pool_t *pool, const char *a, const char *b, const char *c)
{
    const career_slice parts[] = {career_slice_of(a), career_slice_of(b), career_slice_of(c)};

    return career_text_digest(pool, parts, 3);
}

/* The watch of an earlier host with the same rules and budget, or NULL. */
static career_watch *shared_watch(const career_config *config)
{
    for (int i = 0; i < hosts->nelts; i++) {
        const career_host *other = APR_ARRAY_IDX(hosts, i, career_host *);

        if (strcmp(other->config->rules, config->rules) == 0 &&
            other->config->rules_time == config->rules_time &&
            other->config->rules_memory == config->rules_memory)
            return other->watch;
    }
    return NULL;
}

static int open_rules(apr_pool_t *pool, apr_pool_t *process, career_host *host)
{
    career_rules_budget budget = budget_of(host->config);
    const char *name = apr_pstrcat(pool, "rules:", host->config->rules, NULL), *why = NULL;
    career_board *board;

    host->watch = shared_watch(host->config);
    host->owns_watch = !host->watch;
    if (!host->owns_watch)
        return OK;
    board = career_board_open(process, name, 2 * CAREER_RULES_FILE_MAX);
    if (!board)
        return refuse(pool, host->server, "shared memory for the rules cannot be had");
    host->watch = career_watch_open(pool, host->config->rules, &budget, board, host->log, &why);
    if (!host->watch)
        return refuse(pool, host->server, apr_psprintf(pool, "CareerRules: %s", why));
    if (why)
        career_log_say(host->log, CAREER_LOG_RULES_REJECTED, "%s", why);
    return OK;
}

static career_host *host_make(apr_pool_t *pool, server_rec *server, career_config *config)
{
    career_host *host = apr_pcalloc(pool, sizeof(*host));

    host->server = server;
    host->config = config;
    host->log = log_of(pool, server);
    host->policy = (career_token_policy){.issuer = config->jwt_issuer,
                                         .audience = config->jwt_audience,
                                         .roles = config->jwt_roles,
                                         .leeway = config->jwt_leeway,
                                         .lifetime_max = config->jwt_lifetime_max};
    host->cache = digest(pool, config->database, config->redis, config->rules);
    config->host = host;
    return host;
}

int career_hosts_open(apr_pool_t *pool, apr_pool_t *process, server_rec *main_server)
{
    hosts = apr_array_make(pool, 4, sizeof(career_host *));
    for (server_rec *server = main_server; server; server = server->next) {
        career_config *config = career_config_of(server);
        career_host *host;
        int status;

        if (!career_config_applies(config))
            continue;
        host = host_make(pool, server, config);
        status = open_rules(pool, process, host);
        if (status != OK)
            return status;
        host->relay = career_board_open(process, apr_pstrcat(pool, "relay:", host->cache, NULL), 0);
        if (!host->relay)
            return refuse(pool, server, "shared memory for the outbox cannot be had");
        APR_ARRAY_PUSH(hosts, career_host *) = host;
    }
    return OK;
}

static unsigned connections_of(const career_config *config)
{
    int threads = 0;

    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    if (threads < 1)
        threads = 1;
    return config->pool_connections < threads ? (unsigned)config->pool_connections
                                              : (unsigned)threads;
}

static career_store_config store_config(const career_config *config)
{
    return (career_store_config){.conninfo = config->database,
                                 .connections = connections_of(config),
                                 .queue = (unsigned)config->pool_queue,
                                 .wait = config->pool_wait,
                                 .idle = config->pool_idle,
                                 .lifetime = config->pool_lifetime,
                                 .connect = config->database_connect,
                                 .query = config->database_query,
                                 .prepare = config->database_prepare == CAREER_AUTO
                                                ? CAREER_PREPARE_AUTO
                                            : config->database_prepare ? CAREER_PREPARE_ON
                                                                       : CAREER_PREPARE_OFF};
}

static bool same_store(const career_config *a, const career_config *b)
{
    return strcmp(a->database, b->database) == 0 && a->pool_connections == b->pool_connections &&
           a->pool_queue == b->pool_queue && a->pool_wait == b->pool_wait &&
           a->pool_idle == b->pool_idle && a->pool_lifetime == b->pool_lifetime &&
           a->database_connect == b->database_connect && a->database_query == b->database_query &&
           a->database_prepare == b->database_prepare;
}

static bool same_invalidator(const career_host *a, const career_host *b)
{
    return strcmp(a->cache, b->cache) == 0 && a->watch == b->watch && a->store == b->store &&
           a->config->redis_connect == b->config->redis_connect &&
           a->config->redis_command == b->config->redis_command;
}

/* Takes over what an earlier host of this child already has. */
static void share(career_host *host, int before)
{
    for (int i = 0; i < before; i++) {
        const career_host *other = APR_ARRAY_IDX(hosts, i, career_host *);

        if (!host->store && same_store(host->config, other->config))
            host->store = other->store;
        if (!host->invalidator && host->store && same_invalidator(host, other))
            host->invalidator = other->invalidator;
    }
}

/* What an entry found in the outbox clears, by the rules in force now. */
static bool outbox_targets(void *context, apr_pool_t *pool, const career_outbox_entry *entry,
                           career_targets *targets)
{
    career_host *host = context;
    career_rules *rules = career_watch_acquire(host->watch);
    const career_document *profile = NULL;
    career_identity user = {.role = NULL};
    career_error *error = NULL;

    apr_cpystrn(user.user_id, entry->user_id, sizeof(user.user_id));
    if (entry->row)
        error = career_document_read(pool, career_rules_layout(rules), entry->row, &profile);
    if (!error)
        error = career_rules_targets(rules, pool, &user, profile, NULL, entry->version, targets);
    if (error)
        career_log_say(host->log, CAREER_LOG_OUTBOX_ENTRY, "%s", error->cause);
    career_rules_release(rules);
    return !error;
}

static career_invalidator *start_invalidator(career_host *host)
{
    career_invalidator_config config = {.url = host->config->redis,
                                        .connect = host->config->redis_connect,
                                        .command = host->config->redis_command,
                                        .targets = outbox_targets,
                                        .context = host,
                                        .board = host->relay};

    return career_invalidator_create(&config, host->store, host->log);
}

static career_keys *load_keys(const career_config *config)
{
    career_keys *keys = career_keys_create(1);

    if (keys && config->jwt_secret)
        career_keys_add_secret(keys, config->jwt_secret, strlen(config->jwt_secret));
    return keys;
}

static void start(career_host *host, int index)
{
    career_store_config config = store_config(host->config);

    host->keys = load_keys(host->config);
    share(host, index);
    host->owns_store = !host->store;
    if (host->owns_store)
        host->store = career_store_create(&config, host->log);
    host->owns_invalidator = !host->invalidator;
    if (host->owns_invalidator && host->store)
        host->invalidator = start_invalidator(host);
    if (!host->keys || !host->store || !host->invalidator) {
        ap_log_error(APLOG_MARK, APLOG_EMERG, 0, host->server, "CAREER0003: out of memory");
        exit(APEXIT_CHILDSICK);
    }
}

static void tick(void *unused)
{
    career_moment now = career_clock_now();

    (void)unused;
    for (int i = 0; i < hosts->nelts; i++) {
        career_host *host = APR_ARRAY_IDX(hosts, i, career_host *);

        if (host->owns_watch && now >= host->look_at) {
            host->look_at = now + host->config->rules_interval;
            career_watch_tick(host->watch);
        }
        if (host->owns_invalidator)
            career_invalidator_tick(host->invalidator);
    }
}

static career_moment shortest_interval(void)
{
    career_moment shortest = TICK;

    for (int i = 0; i < hosts->nelts; i++) {
        career_moment wanted = APR_ARRAY_IDX(hosts, i, career_host *)->config->rules_interval;

        if (wanted < shortest)
            shortest = wanted;
    }
    return shortest < 10 * CAREER_MILLISECOND ? 10 * CAREER_MILLISECOND : shortest;
}

void career_hosts_start(apr_pool_t *child, server_rec *main_server)
{
    (void)child;
    if (!hosts || hosts->nelts == 0)
        return;
    career_json_start();
    for (int i = 0; i < hosts->nelts; i++)
        start(APR_ARRAY_IDX(hosts, i, career_host *), i);
    ticker = career_ticker_start("career-ticker", shortest_interval(), tick, NULL);
    if (!ticker)
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, main_server,
                     "CAREER0003: no thread for the ticker; this child will not see new rules");
}

/* The ticker first, since it uses the rest; then the invalidators, since they use the stores. */
void career_hosts_stop(bool graceful)
{
    career_moment until = career_clock_now() + (graceful ? STOP_PATIENCE : STOP_PATIENCE / 4);

    if (!hosts || hosts->nelts == 0 || !career_ticker_stop(ticker, until))
        return;
    ticker = NULL;
    for (int i = 0; i < hosts->nelts; i++) {
        career_host *host = APR_ARRAY_IDX(hosts, i, career_host *);

        if (host->owns_invalidator && !career_invalidator_stop(host->invalidator, until))
            return;
    }
    for (int i = 0; i < hosts->nelts; i++) {
        career_host *host = APR_ARRAY_IDX(hosts, i, career_host *);

        if (host->owns_store)
            career_store_stop(host->store, until);
    }
    hosts = NULL;
}
