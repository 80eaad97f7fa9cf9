/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors that are not ours: httpd's core and other modules answer them in HTML. Where the location is the
 * resource, a filter puts the contract's JSON in place of their page.
 */
#include <http_protocol.h>
#include <http_request.h>
#include <util_filter.h>

#include "httpd/handler.h"
#include "httpd/module.h"
#include "httpd/request.h"

#define FILTER "career-envelope"

static career_error_id id_of_status(int status)
{
    static const career_error_id chosen[] = {CAREER_ERROR_BAD_REQUEST, CAREER_ERROR_NO_TOKEN,
                                             CAREER_ERROR_NOT_FOUND, CAREER_ERROR_OVERLOADED};

    for (size_t i = 0; i < sizeof(chosen) / sizeof(*chosen); i++)
        if (career_error_describe(chosen[i])->status == status)
            return chosen[i];
    for (int id = 0; id < CAREER_ERROR_COUNT; id++)
        if (career_error_describe((career_error_id)id)->status == status)
            return (career_error_id)id;
    return status < 500 ? CAREER_ERROR_BAD_REQUEST : CAREER_ERROR_INTERNAL_ERROR;
}

/* AuthType Career on the resource itself knows more than the status says. "417 Expectation Failed" says more than our sentence where the table has no row for the status. */
static const career_error *foreign_error(const career_request *rq)
{
    const request_rec *r = rq->r;
    career_error *error;

    if (rq->refusal && career_error_describe(rq->refusal->id)->status == r->status)
        return rq->refusal;
    error = career_error_make(r->pool, id_of_status(r->status), "%d", r->status);
    if (career_error_describe(error->id)->status != r->status)
        error->message = ap_get_status_line(r->status) + 4;
    return error;
}

static apr_status_t replace(ap_filter_t *f, apr_bucket_brigade *brigade)
{
    request_rec *r = f->r;
    career_request *rq = career_request_of(r);
    const career_error *error = foreign_error(rq);
    career_text body = career_reply_envelope(rq, error);
    const char *challenge = apr_table_get(r->headers_out, "WWW-Authenticate");

    rq->code = career_error_describe(error->id)->code;
    ap_remove_output_filter(f);
    apr_brigade_cleanup(brigade);
    if (!apr_table_get(r->headers_out, "X-Request-Id"))
        career_request_stamp(rq);
    career_reply_error_headers(rq, error);
    if (challenge) /* whoever asked for credentials knows which */
        apr_table_setn(r->headers_out, "WWW-Authenticate", challenge);
    ap_set_content_type(r, "application/json");
    ap_set_content_length(r, (apr_off_t)body.len);
    APR_BRIGADE_INSERT_TAIL(
        brigade, apr_bucket_pool_create(body.data, body.len, r->pool, f->c->bucket_alloc));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(f->c->bucket_alloc));
    return ap_pass_brigade(f->next, brigade);
}

void career_envelope_register(void)
{
    ap_register_output_filter(FILTER, replace, NULL, AP_FTYPE_CONTENT_SET);
}

void career_envelope_insert(request_rec *r)
{
    if (r->status >= 400 && career_request_resource(r))
        ap_add_output_filter(FILTER, NULL, r, r->connection);
}
