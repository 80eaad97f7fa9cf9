/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/host.h"

#include <stdarg.h>

#include <ap_mpm.h>
#include <http_core.h>

#include <apr_strings.h>

#include "auth/fetch.h"
#include "httpd/module.h"
#include "httpd/review.h"
#include "httpd/values.h"
#include "httpd/versions.h"

/* All hosts of the configuration in force, in the order of the servers. Set before fork. */
static apr_array_header_t *hosts;

static const int levels[] = {[CAREER_LEVEL_EMERGENCY] = APLOG_EMERG,
                             [CAREER_LEVEL_ERROR] = APLOG_ERR,
                             [CAREER_LEVEL_WARNING] = APLOG_WARNING,
                             [CAREER_LEVEL_NOTICE] = APLOG_NOTICE,
                             [CAREER_LEVEL_INFO] = APLOG_INFO};

static void write_line(void *server, career_log_level level, const char *line)
{
    const career_host *host = hosts && hosts->nelts > 1 ? career_config_of(server)->host : NULL;

    if (host) /* which of them */
        ap_log_error(APLOG_MARK, levels[level], 0, server, "%s [%s]", line, host->label);
    else
        ap_log_error(APLOG_MARK, levels[level], 0, server, "%s", line);
}

static career_log *log_of(apr_pool_t *pool, server_rec *server)
{
    career_log *log = apr_pcalloc(pool, sizeof(*log));

    log->sink = write_line;
    log->context = server;
    return log;
}

void career_host_say(server_rec *server, career_log_tag tag, const char *cause, ...)
{
    career_log log = {.sink = write_line, .context = server}; /* a fresh one holds nothing back */
    char text[768];
    va_list args;

    va_start(args, cause);
    vsnprintf(text, sizeof(text), cause, args);
    va_end(args);
    career_log_say(&log, tag, "%s", text);
}

static int refuse(apr_pool_t *pool, server_rec *server, const char *fault)
{
    career_host_say(server, CAREER_LOG_CONFIG, "%s: %s", career_config_name(pool, server), fault);
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

int career_hosts_check_rules(apr_pool_t *temp, server_rec *main_server)
{
    for (server_rec *server = main_server; server; server = server->next) {
        const career_config *config = career_config_of(server);
        career_rules_budget budget = budget_of(config);
        const char *why = NULL;

        if (career_config_applies(config) &&
            !career_watch_open(temp, config->rules, &budget, NULL, NULL, &why))
            return refuse(temp, server, apr_psprintf(temp, "CareerRules: %s", why));
    }
    return OK;
}

static int check_all_settings(apr_pool_t *temp, server_rec *main_server)
{
    int status = OK;

    for (server_rec *server = main_server; server && status == OK; server = server->next) {
        career_config *config = career_config_of(server);

        if (!career_config_applies(config))
            continue;
        career_config_complete(server->process->pconf, config);
        status = check_settings(temp, server);
    }
    return status;
}

int career_hosts_check(apr_pool_t *temp, server_rec *main_server)
{
    int status = check_all_settings(temp, main_server);

    if (status != OK || ap_state_query(AP_SQ_RUN_MODE) != AP_SQ_RM_CONFIG_TEST)
        return status;
    status = career_hosts_check_rules(temp, main_server);
    if (status == OK)
        career_review(temp, main_server);
    return status;
}

static const char *digest(apr_pool_t *pool, const char *a, const char *b, const char *c)
{
    const career_slice parts[] = {career_slice_of(a), career_slice_of(b), career_slice_of(c)};

    return career_text_digest(pool, parts, 3);
}

/* An earlier host with the same rules and budget, whose watch serves, too; or NULL. */
static const career_host *watch_owner(const career_config *config)
{
    for (int i = 0; i < hosts->nelts; i++) {
        const career_host *other = APR_ARRAY_IDX(hosts, i, career_host *);

        if (strcmp(other->config->rules, config->rules) == 0 &&
            other->config->rules_time == config->rules_time &&
            other->config->rules_memory == config->rules_memory)
            return other->watch_owner;
    }
    return NULL;
}

/* The files may be worse, or newer, than when the server ran last; its counters remember. */
static void note_rules(career_host *host, const career_board *board, const char *why)
{
    uint64_t generation = career_board_generation(board);

    if (career_get(host->counters, RULES_GENERATION) != (int64_t)generation)
        career_set(host->counters, RULES_RELOADED, apr_time_now());
    career_set(host->counters, RULES_GENERATION, (int64_t)generation);
    career_set(host->counters, RULES_GOOD, !why);
    career_counters_remark(host->counters, CAREER_REMARK_RULES, why ? why : "");
}

static int open_rules(apr_pool_t *pool, apr_pool_t *process, career_host *host)
{
    career_rules_budget budget = budget_of(host->config);
    const char *name = apr_pstrcat(pool, "rules:", host->config->rules, NULL), *why = NULL;
    career_board *board;

    host->watch_owner = watch_owner(host->config);
    host->owns_watch = !host->watch_owner;
    if (!host->owns_watch) {
        host->watch = host->watch_owner->watch;
        return OK;
    }
    host->watch_owner = host;
    board = career_board_open(process, name, 2 * CAREER_RULES_FILE_MAX);
    if (!board)
        return refuse(pool, host->server, "shared memory for the rules cannot be had");
    host->watch = career_watch_open(pool, host->config->rules, &budget, board, host->log, &why);
    if (!host->watch)
        return refuse(pool, host->server, apr_psprintf(pool, "CareerRules: %s", why));
    career_watch_count(host->watch, host->counters);
    note_rules(host, board, why);
    if (why)
        career_log_say(host->log, CAREER_LOG_RULES_REJECTED, "%s", why);
    return OK;
}

/* How pages and metrics name it; the second host of the same name and port has a number. */
static const char *label_of(apr_pool_t *pool, const server_rec *server)
{
    unsigned port = server->is_virtual && server->addrs ? server->addrs->host_port : server->port;
    const char *name = server->server_hostname ? server->server_hostname : "main", *label;
    size_t len;
    int same = 0;

    label = port ? apr_psprintf(pool, "%s:%u", name, port) : name;
    len = strlen(label);
    for (int i = 0; i < hosts->nelts; i++) {
        const char *other = APR_ARRAY_IDX(hosts, i, career_host *)->label;

        same += strncmp(other, label, len) == 0 && (!other[len] || other[len] == '#');
    }
    return same ? apr_psprintf(pool, "%s#%d", label, same + 1) : label;
}

/* Children of the configuration that is being replaced live on for a while. */
static unsigned processes_at_once(void)
{
    int children = 0;

    ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &children);
    return 2 * (unsigned)(children > 0 ? children : 1);
}

/* What processes share besides rules and keys. */
static int open_shared(apr_pool_t *pool, apr_pool_t *process, career_host *host)
{
    host->counters = career_counters_open(process, host->label, processes_at_once());
    host->relay = career_board_open(process, apr_pstrcat(pool, "relay:", host->cache, NULL), 0);
    host->probe = career_board_open(process, apr_pstrcat(pool, "probe:", host->label, NULL), 0);
    host->sweeps = career_commons_open(process, digest(pool, "sweeps", host->config->redis, ""));
    host->outage = career_outage_make(pool); /* without it each child speaks for itself */
    if (host->counters && host->relay && host->probe && host->sweeps)
        return OK;
    return refuse(pool, host->server, "shared memory for counters cannot be had");
}

static career_host *host_make(apr_pool_t *pool, server_rec *server, career_config *config)
{
    career_host *host = apr_pcalloc(pool, sizeof(*host));

    host->server = server;
    host->config = config;
    host->log = log_of(pool, server);
    host->label = label_of(pool, server);
    host->policy = (career_token_policy){.issuer = config->jwt_issuer,
                                         .audience = config->jwt_audience,
                                         .roles = config->jwt_roles,
                                         .leeway = config->jwt_leeway,
                                         .lifetime_max = config->jwt_lifetime_max};
    host->database_server = career_store_server(pool, config->database);
    host->cache = digest(pool, config->database, config->redis, config->rules);
    config->host = host;
    return host;
}

/* One board per URL, whichever hosts name it. */
static career_board *board_of_url(apr_pool_t *pool, apr_pool_t *process, const char *url)
{
    return career_board_open(process, apr_pstrcat(pool, "keys:", url, NULL), CAREER_FETCH_SIZE);
}

static const char *open_key_file(apr_pool_t *pool, career_host *host, const char *path,
                                 career_slice *files)
{
    const char *text, *skipped = NULL, *fault = career_value_file(pool, path, false, &text);

    if (!fault)
        fault = career_keyring_check_text(pool, career_slice_of(text), &skipped);
    if (fault)
        return fault;
    files[host->sources.file_count++] = career_slice_of(text);
    if (skipped)
        career_log_say(host->log, CAREER_LOG_KEYS_SKIPPED, "%s: %s", path, skipped);
    return NULL;
}

static const char *open_source(apr_pool_t *pool, apr_pool_t *process, career_host *host,
                               const char *source, career_slice *files)
{
    career_keyring_config *sources = &host->sources;
    career_board *board;

    if (strncmp(source, "file:", 5) == 0)
        return open_key_file(pool, host, source + 5, files);
    board = board_of_url(pool, process, source);
    sources->urls[sources->url_count] = source;
    sources->boards[sources->url_count++] = board;
    return board ? NULL : "shared memory cannot be had";
}

/* A quarter of the server's threads: enough for a rotation, and a flood of forged key ids leaves the rest. */
static unsigned key_seats(void)
{
    int threads = 0, children = 0;

    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    ap_mpm_query(AP_MPMQ_MAX_DAEMONS, &children);
    return 2 + (unsigned)(children > 0 ? children : 0) * (unsigned)(threads > 1 ? threads : 1) / 4;
}

static int open_keys(apr_pool_t *pool, apr_pool_t *process, career_host *host)
{
    const career_config *config = host->config;
    size_t count = 0;
    career_slice *files;

    host->sources = (career_keyring_config){.secret = config->jwt_secret,
                                            .counters = host->counters,
                                            .refresh = {.every = config->keys_every,
                                                        .cooldown = config->keys_cooldown,
                                                        .stale = config->keys_stale,
                                                        .seats = key_seats()}};
    while (config->jwt_keys && config->jwt_keys[count])
        count++;
    host->sources.files = files = apr_pcalloc(pool, (count + 1) * sizeof(*files));
    for (size_t i = 0; i < count; i++) {
        const char *source = config->jwt_keys[i];
        const char *fault = open_source(pool, process, host, source, files);

        if (fault)
            return refuse(pool, host->server,
                          apr_psprintf(pool, "CareerJwtKeys %s: %s", source, fault));
    }
    return OK;
}

unsigned career_host_connections(const career_config *config)
{
    int threads = 0;

    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    if (threads < 1)
        threads = 1;
    return config->pool_connections < threads ? (unsigned)config->pool_connections
                                              : (unsigned)threads;
}

bool career_host_same_store(const career_config *a, const career_config *b)
{
    return strcmp(a->database, b->database) == 0 && a->pool_connections == b->pool_connections &&
           a->pool_queue == b->pool_queue && a->pool_wait == b->pool_wait &&
           a->pool_idle == b->pool_idle && a->pool_lifetime == b->pool_lifetime &&
           a->database_connect == b->database_connect && a->database_query == b->database_query &&
           a->database_prepare == b->database_prepare && a->database_claims == b->database_claims;
}

/* Does an earlier host bring the store of this one? */
static bool is_counted(int index)
{
    const career_config *config = APR_ARRAY_IDX(hosts, index, career_host *)->config;

    for (int i = 0; i < index; i++)
        if (career_host_same_store(config, APR_ARRAY_IDX(hosts, i, career_host *)->config))
            return true;
    return false;
}

/* Database connections of a child, all hosts together or those to one server. */
static unsigned connections_of_child(const char *server)
{
    unsigned sum = 0;

    for (int i = 0; i < hosts->nelts; i++) {
        const career_host *host = APR_ARRAY_IDX(hosts, i, career_host *);

        if ((!server || strcmp(host->database_server, server) == 0) && !is_counted(i))
            sum += career_host_connections(host->config);
    }
    return sum;
}

static void sum_up(apr_pool_t *temp, server_rec *server)
{
    int children = 0;
    unsigned each = connections_of_child(NULL);

    ap_mpm_query(AP_MPMQ_MAX_DAEMONS, &children);
    for (int i = 0; i < hosts->nelts; i++) {
        career_host *host = APR_ARRAY_IDX(hosts, i, career_host *);

        host->database_total = (unsigned)children * connections_of_child(host->database_server);
    }
    career_host_say(server, CAREER_LOG_STARTED,
                    "%d virtual host%s, at most %d children of %u database connection%s each: "
                    "%u in all; %s",
                    hosts->nelts, hosts->nelts == 1 ? "" : "s", children, each,
                    each == 1 ? "" : "s", (unsigned)children * each, career_versions(temp));
}

int career_hosts_open(apr_pool_t *pool, apr_pool_t *process, apr_pool_t *temp,
                      server_rec *main_server)
{
    hosts = apr_array_make(pool, 4, sizeof(career_host *));
    for (server_rec *server = main_server; server; server = server->next) {
        career_config *config = career_config_of(server);
        career_host *host;
        int status;

        if (!career_config_applies(config))
            continue;
        host = host_make(pool, server, config);
        status = open_shared(pool, process, host);
        if (status == OK)
            status = open_rules(pool, process, host);
        if (status == OK)
            status = open_keys(pool, process, host);
        if (status != OK)
            return status;
        APR_ARRAY_PUSH(hosts, career_host *) = host;
    }
    career_review(temp, main_server);
    if (hosts->nelts)
        sum_up(temp, main_server);
    return OK;
}

size_t career_hosts_count(void)
{
    return hosts ? (size_t)hosts->nelts : 0;
}

career_host *career_hosts_at(size_t index)
{
    return APR_ARRAY_IDX(hosts, (int)index, career_host *);
}
