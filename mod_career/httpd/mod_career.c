/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module's table of contents: which function of which file httpd calls when.
 */
#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mpm_common.h>

#include "httpd/account.h"
#include "base/pool.h"
#include "httpd/handler.h"
#include "httpd/host.h"
#include "httpd/module.h"

static int check_config(apr_pool_t *pool, apr_pool_t *log, apr_pool_t *temp, server_rec *server)
{
    (void)pool;
    (void)log;
    return career_hosts_check(temp, server);
}

static int post_config(apr_pool_t *pool, apr_pool_t *log, apr_pool_t *temp, server_rec *server)
{
    (void)log;
    /* httpd reads its configuration twice before it starts. The second counts; but by then it has left the terminal,
     * and whoever started it would be told that all went well. */
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG)
        return career_hosts_check_rules(temp, server);
    career_store_before_fork(pool);
    return career_hosts_open(pool, server->process->pool, temp, server);
}

static apr_status_t child_end(void *unused)
{
    (void)unused;
    career_child_stop();
    return APR_SUCCESS;
}

/* The hook child_stopping would come too early: requests go on being served after it. When the child's pool
 * goes they have all ended; before that its subpools go, which the threads must not see. */
static void child_init(apr_pool_t *child, server_rec *server)
{
    career_child_start(server);
    apr_pool_pre_cleanup_register(child, NULL, child_end);
}

static void register_hooks(apr_pool_t *pool)
{
    career_pool_keep_until(pool);
    ap_hook_check_config(check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(child_init, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_translate_name(career_handler_translate, NULL, NULL, APR_HOOK_REALLY_FIRST);
    /* before the core can answer TRACE, and before the file system is walked */
    ap_hook_map_to_storage(career_handler_locate, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_check_access_ex(career_authn_admit, NULL, NULL, APR_HOOK_FIRST,
                            AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authn(career_authn_check, NULL, NULL, APR_HOOK_MIDDLE, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_note_auth_failure(career_authn_note, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(career_handler_run, NULL, NULL, APR_HOOK_MIDDLE);
    /* before mod_log_config writes its line */
    ap_hook_log_transaction(career_account_request, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_insert_error_filter(career_envelope_insert, NULL, NULL, APR_HOOK_LAST);
    career_server_status_register();
    career_envelope_register();
}

module AP_MODULE_DECLARE_DATA career_module = {
    STANDARD20_MODULE_STUFF, NULL,           NULL, career_config_create, career_config_merge,
    career_directives,       register_hooks,
#ifdef AP_MODULE_FLAG_NONE
    AP_MODULE_FLAG_NONE,
#endif
};
