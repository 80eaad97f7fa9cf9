/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/request.h"

#include <pthread.h>
#include <stdatomic.h>

#include <http_core.h>
#include <http_protocol.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "httpd/module.h"

/* SetHandler is an expression to httpd, even where it is a plain name. */
static const char *configured_handler(request_rec *r)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);
    const char *fault = NULL, *name = core->handler;

    if (core->expr_handler)
        name = ap_expr_str_exec(r, core->expr_handler, &fault);
    return fault ? NULL : name;
}

const career_resource *career_request_resource(request_rec *r)
{
    static const career_resource *const all[] = {&career_resource_profile, &career_resource_schema,
                                                 &career_resource_metrics, &career_resource_health,
                                                 &career_resource_status};
    const career_request *rq = ap_get_module_config(r->request_config, &career_module);
    const char *handler;

    if (rq)
        return rq->resource;
    handler = configured_handler(r);
    for (size_t i = 0; handler && i < sizeof(all) / sizeof(*all); i++)
        if (strcmp(handler, all[i]->handler) == 0)
            return all[i];
    return NULL;
}

static bool is_request_id(const char *text)
{
    size_t len = 0;

    for (; text[len]; len++)
        if (len == 128 || !(apr_isalnum(text[len]) || strchr("._-", text[len])))
            return false;
    return len > 0;
}

static pthread_once_t started = PTHREAD_ONCE_INIT;
static char start[18]; /* of this process */

static void make_start(void)
{
    uint64_t seed;

    ap_random_insecure_bytes(&seed, sizeof(seed));
    apr_snprintf(start, sizeof(start), "%016" APR_UINT64_T_HEX_FMT "-", seed);
}

/* Unique enough to find a line in a log: a random start per process, then counted. */
static const char *make_request_id(apr_pool_t *pool)
{
    static _Atomic uint64_t count;

    pthread_once(&started, make_start);
    return apr_pstrcat(pool, start, apr_off_t_toa(pool, (apr_off_t)atomic_fetch_add(&count, 1)),
                       NULL);
}

static const char *request_id(request_rec *r)
{
    const char *sent = apr_table_get(r->headers_in, "X-Request-Id");
    const char *unique = apr_table_get(r->subprocess_env, "UNIQUE_ID");

    if (sent && is_request_id(sent))
        return sent;
    return unique ? unique : make_request_id(r->pool);
}

void career_request_stamp(career_request *rq)
{
    apr_table_t *out = rq->r->err_headers_out;

    apr_table_setn(out, "X-Request-Id", rq->id);
    if (!rq->resource)
        return;
    apr_table_setn(out, "X-Content-Type-Options", "nosniff");
    if (!rq->resource->internal)
        career_cors_apply(rq);
}

career_request *career_request_of(request_rec *r)
{
    career_request *rq = ap_get_module_config(r->request_config, &career_module);

    if (rq)
        return rq;
    rq = apr_pcalloc(r->pool, sizeof(*rq));
    rq->resource = career_request_resource(r);
    ap_set_module_config(r->request_config, &career_module, rq);
    rq->r = r;
    rq->host = career_config_of(r->server)->host;
    rq->id = request_id(r);
    career_request_stamp(rq);
    return rq;
}

void career_request_use_rules(career_request *rq)
{
    rq->rules = career_watch_acquire(rq->host->watch);
    rq->layout = career_rules_layout(rq->rules);
    career_snapshot_release_with((career_snapshot *)rq->rules, rq->r->pool);
}
