/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/handler.h"

#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>

#include <apr_strings.h>

#include "httpd/module.h"
#include "httpd/request.h"

/* The resource is …/profile/career, wherever the operator hangs it. */
static bool is_the_resource(const request_rec *r)
{
    static const char path[] = "/profile/career";
    size_t len = strlen(r->uri), want = sizeof(path) - 1;

    return len >= want && strcmp(r->uri + len - want, path) == 0;
}

/* ErrorDocuments would take the contract's JSON away: for this request there are none. */
static void forget_error_documents(request_rec *r)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);

    if (!core->response_code_exprs)
        return;
    for (int id = 0; id < CAREER_ERROR_COUNT; id++) {
        int status = career_error_describe((career_error_id)id)->status;

        ap_custom_response(r, status, "\"");
    }
}

/* The core shows hooks of this phase the server's defaults, and walks the locations after it. */
static bool is_located(request_rec *r)
{
    ap_conf_vector_t *defaults = r->per_dir_config;

    if (!career_config_of(r->server)->host)
        return false;
    if (ap_location_walk(r) == OK && career_request_is_ours(r))
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
        apr_table_setn(r->err_headers_out, "Allow", CAREER_ALLOW);
        return HTTP_METHOD_NOT_ALLOWED;
    }
    return OK;
}

static career_error *get(career_request *rq, int *status)
{
    career_conditions conditions = career_conditions_of(rq->r);
    career_store *store = rq->host->store;
    const career_row *row;
    career_error *error;

    error = career_store_read(store, rq->r->pool, rq->user->user_id, career_store_deadline(store),
                              &row);
    if (!error)
        error = career_conditions_check(rq->r->pool, &conditions, rq->layout, row, false);
    if (error)
        return error;
    if (!row)
        return career_error_make(rq->r->pool, CAREER_ERROR_PROFILE_NOT_FOUND, "no row");
    if (career_condition_not_modified(&conditions, career_row_tag(rq->r->pool, rq->layout, row)))
        *status = career_reply_not_modified(rq, row);
    else
        *status = career_reply_profile(rq, row);
    return NULL;
}

/* What a committed change clears. It is saved: from here on nothing makes the request fail, and what cannot
 * be cleared now is in the outbox. */
static career_cache_outcome invalidate(career_request *rq, const career_saved *saved)
{
    career_cache_outcome pending = {CAREER_CACHE_PENDING, 0};
    career_targets targets;
    career_error *error;

    error = career_rules_targets(rq->rules, rq->r->pool, rq->user, saved->document, saved->previous,
                                 saved->row->version, &targets);
    if (error) {
        career_log_say(rq->host->log, CAREER_LOG_RULES_FUNCTION_FAILED, "caches.lua: %s",
                       error->cause);
        return pending;
    }
    return career_invalidator_clear(rq->host->invalidator, rq->user->user_id, saved->row->version,
                                    &targets, rq->host->config->invalidate_wait);
}

static career_error *put(career_request *rq, int *status)
{
    career_cache_outcome cache = {CAREER_CACHE_INVALIDATED, 0};
    const career_json *body;
    career_saved saved;
    career_error *error = career_request_body(rq, &body);

    if (!error)
        error = career_request_save(rq, body, &saved);
    if (error)
        return error;
    if (saved.changed)
        cache = invalidate(rq, &saved);
    *status = career_reply_saved(rq, &saved, &cache);
    return NULL;
}

static career_error *require_if_match(career_request *rq)
{
    if (!rq->host->config->require_if_match || apr_table_get(rq->r->headers_in, "If-Match") ||
        apr_table_get(rq->r->headers_in, "If-None-Match"))
        return NULL;
    return career_error_make(rq->r->pool, CAREER_ERROR_PRECONDITION_REQUIRED, "no If-Match");
}

static bool is_change(const request_rec *r)
{
    return r->method_number == M_PUT || r->method_number == M_PATCH;
}

static career_error *check_method(career_request *rq)
{
    const request_rec *r = rq->r;

    if (!is_the_resource(r))
        return career_error_make(r->pool, CAREER_ERROR_NOT_FOUND, "a path below the resource");
    if (r->method_number != M_GET && r->method_number != M_OPTIONS && !is_change(r))
        return career_error_make(r->pool, CAREER_ERROR_METHOD_NOT_ALLOWED, "method");
    return NULL;
}

static career_error *run(career_request *rq, int *status)
{
    bool change = is_change(rq->r);
    career_error *error = check_method(rq);

    if (error)
        return error;
    if (rq->r->method_number == M_OPTIONS) {
        career_cors_preflight(rq);
        *status = career_reply_empty(rq, HTTP_NO_CONTENT);
        return NULL;
    }
    if (change)
        error = career_request_media_type(rq);
    if (!error)
        error = career_request_authenticate(rq);
    if (!error && change)
        error = require_if_match(rq);
    if (error)
        return error;
    career_request_use_rules(rq);
    return change ? put(rq, status) : get(rq, status);
}

static int unconfigured(career_request *rq)
{
    career_error *error = career_error_make(rq->r->pool, CAREER_ERROR_INTERNAL_ERROR,
                                            "CareerDatabase does not apply to this virtual host");

    return career_reply_error(rq, error);
}

int career_handler_run(request_rec *r)
{
    career_error *error;
    career_request *rq;
    int status = OK;

    if (!r->handler || strcmp(r->handler, CAREER_HANDLER) != 0)
        return DECLINED;
    rq = career_request_of(r);
    if (!rq->host)
        return unconfigured(rq);
    error = run(rq, &status);
    return error ? career_reply_error(rq, error) : status;
}
