/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/review.h"

#include <http_config.h>
#include <http_core.h>

#include "httpd/host.h"

/* A session of three or four chunks needs so much of one header field. */
#define SESSION_FIELD 16384

/* httpd's default is half of that, and the core answers 400 before we see the request. */
static void review_fields(apr_pool_t *temp, server_rec *server, const career_config *config)
{
    if (config->jwt_cookie && server->limit_req_fieldsize < SESSION_FIELD)
        career_host_say(server, CAREER_LOG_FIELD_SIZE,
                        "%s: CareerJwtCookie, and LimitRequestFieldSize is %d",
                        career_config_name(temp, server), server->limit_req_fieldsize);
}

/* What a section says of the body is not looked at: whether a request meets it is known with the request. */
static void review_body(apr_pool_t *temp, server_rec *server, const career_config *config)
{
    const core_dir_config *core = ap_get_core_module_config(server->lookup_defaults);

    if (core->limit_req_body > 0 && core->limit_req_body < config->body_limit)
        career_host_say(server, CAREER_LOG_BODY_LIMIT,
                        "%s: CareerBodyLimit is %" APR_INT64_T_FMT
                        ", and LimitRequestBody is %" APR_OFF_T_FMT,
                        career_config_name(temp, server), config->body_limit, core->limit_req_body);
}

/* The host whose <VirtualHost> that is; the main server for NULL, and for one that httpd did not make. */
static server_rec *server_of(server_rec *main_server, const ap_directive_t *section)
{
    for (server_rec *server = main_server; section && server; server = server->next)
        if (server->defn_line_number == (unsigned)section->line_num && server->defn_name &&
            strcmp(server->defn_name, section->filename) == 0)
            return server;
    return main_server;
}

static bool needs_database(apr_pool_t *temp, const ap_directive_t *at)
{
    const char *args = at->args, *word = ap_getword_conf(temp, &args);

    if (strcasecmp(at->directive, "SetHandler") == 0)
        return strcmp(word, "career-profile") == 0 || strcmp(word, "career-schema") == 0;
    return strcasecmp(at->directive, "AuthType") == 0 && strcasecmp(word, "Career") == 0;
}

static bool is_any_configured(server_rec *server)
{
    for (; server; server = server->next)
        if (career_config_applies(career_config_of(server)))
            return true;
    return false;
}

/* What stands outside all virtual hosts is meant for those that are configured, if any is. */
static void review_use(apr_pool_t *temp, server_rec *main_server, const ap_directive_t *at,
                       const ap_directive_t *section)
{
    server_rec *server = server_of(main_server, section);

    if (!needs_database(temp, at))
        return;
    if (server == main_server ? is_any_configured(main_server)
                              : career_config_applies(career_config_of(server)))
        return;
    career_host_say(
        server, CAREER_LOG_NO_DATABASE, "%s: %s %s at %s:%d, and no CareerDatabase applies to it",
        career_config_name(temp, server), at->directive, at->args, at->filename, at->line_num);
}

static void review_tree(apr_pool_t *temp, server_rec *main_server, const ap_directive_t *at,
                        const ap_directive_t *section)
{
    for (; at; at = at->next) {
        bool is_host = strcasecmp(at->directive, "<VirtualHost") == 0;

        review_use(temp, main_server, at, section);
        if (at->first_child)
            review_tree(temp, main_server, at->first_child, is_host ? at : section);
    }
}

void career_review(apr_pool_t *temp, server_rec *main_server)
{
    for (server_rec *server = main_server; server; server = server->next) {
        const career_config *config = career_config_of(server);

        if (!career_config_applies(config))
            continue;
        review_fields(temp, server, config);
        review_body(temp, server, config);
    }
    review_tree(temp, main_server, ap_conftree, NULL);
}
