/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/handler.h"

#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>

#include <apr_strings.h>

#include "httpd/module.h"
#include "httpd/request.h"

static apr_hash_t *error_documents(const request_rec *r)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);

    return core->response_code_exprs;
}

/* They would take the contract's JSON away: for this request there are none, whatever the status. */
static void forget_error_documents(request_rec *r)
{
    apr_hash_t *documents = error_documents(r);

    if (!documents)
        return;
    for (int status = HTTP_BAD_REQUEST; status <= HTTP_NETWORK_AUTHENTICATION_REQUIRED; status++) {
        int index = ap_index_of_response(status);

        if (apr_hash_get(documents, &index, sizeof(index)))
            ap_custom_response(r, status, "\"");
    }
}

/* The locations have been walked once, for the hooks of this phase, which may refuse the request. */
int career_handler_translate(request_rec *r)
{
    if (error_documents(r) && career_config_of(r->server)->host && career_request_resource(r))
        forget_error_documents(r);
    return DECLINED;
}

/* The core shows hooks of this phase the server's defaults, and walks the locations after it. */
static bool is_located(request_rec *r)
{
    ap_conf_vector_t *defaults = r->per_dir_config;

    if (!career_config_of(r->server)->host)
        return false;
    if (ap_location_walk(r) == OK && career_request_resource(r))
        return true;
    r->per_dir_config = defaults;
    return false;
}

int career_handler_locate(request_rec *r)
{
    if (!is_located(r))
        return DECLINED;
    career_request_of(r);
    forget_error_documents(r);
    if (r->method_number == M_TRACE) {
        apr_table_setn(r->err_headers_out, "Allow", career_request_of(r)->resource->allow);
        return HTTP_METHOD_NOT_ALLOWED;
    }
    return OK;
}

static int unconfigured(career_request *rq)
{
    career_error *error = career_error_make(rq->r->pool, CAREER_ERROR_INTERNAL_ERROR,
                                            "CareerDatabase does not apply to this virtual host");

    return career_reply_error(rq, error);
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), want = strlen(end);

    return len >= want && strcmp(text + len - want, end) == 0;
}

/* Methods are case-sensitive (RFC 9110 9.1). */
static bool is_allowed(const career_resource *resource, const char *method)
{
    size_t len = strlen(method);
    const char *at = resource->allow;

    while ((at = strstr(at, method)) != NULL) {
        if ((at == resource->allow || at[-1] == ' ') && (!at[len] || at[len] == ','))
            return true;
        at += len;
    }
    return false;
}

static career_error *run(career_request *rq, int *status)
{
    const career_resource *resource = rq->resource;
    request_rec *r = rq->r;

    if (resource->path && !ends_with(r->uri, resource->path))
        return career_error_make(r->pool, CAREER_ERROR_NOT_FOUND, "a path below the resource");
    if (!is_allowed(resource, r->method))
        return career_error_make(r->pool, CAREER_ERROR_METHOD_NOT_ALLOWED, "method");
    if (r->method_number != M_OPTIONS)
        return resource->serve(rq, status);
    if (!resource->internal)
        career_cors_preflight(rq);
    *status = career_reply_empty(rq, HTTP_NO_CONTENT);
    return NULL;
}

int career_handler_run(request_rec *r)
{
    const career_resource *resource = career_request_resource(r);
    career_error *error;
    career_request *rq;
    int status = OK;

    if (!resource || !r->handler || strcmp(r->handler, resource->handler) != 0)
        return DECLINED;
    rq = career_request_of(r);
    if (!rq->host && !resource->internal)
        return unconfigured(rq);
    error = run(rq, &status);
    return error ? career_reply_error(rq, error) : status;
}
