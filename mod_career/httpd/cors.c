/* SPDX-License-Identifier: Apache-2.0 */
/* Cross-origin requests (Fetch standard, CORS protocol): who may read our answers from a browser. */
#include <http_protocol.h>

#include <apr_strings.h>

#include "httpd/request.h"

#define PREFLIGHT_VARY "Access-Control-Request-Method, Access-Control-Request-Headers"

bool career_cors_is_allowed(const career_request *rq, const char *origin)
{
    const char *const *at = rq->host ? rq->host->config->cors_origins : NULL;

    for (; origin && at && *at; at++)
        if (strcasecmp(*at, origin) == 0)
            return true;
    return false;
}

void career_cors_apply(career_request *rq)
{
    apr_table_t *out = rq->r->err_headers_out;
    const char *origin = apr_table_get(rq->r->headers_in, "Origin");

    if (!career_cors_is_allowed(rq, origin))
        return;
    apr_table_setn(out, "Access-Control-Allow-Origin", origin);
    apr_table_setn(out, "Access-Control-Expose-Headers",
                   "ETag, Location, Retry-After, X-Request-Id");
    apr_table_mergen(out, "Vary", "Origin");
    if (rq->host->config->jwt_cookie)
        apr_table_setn(out, "Access-Control-Allow-Credentials", "true");
}

static bool is_preflight(const request_rec *r)
{
    return r->method_number == M_OPTIONS && apr_table_get(r->headers_in, "Origin") &&
           apr_table_get(r->headers_in, "Access-Control-Request-Method");
}

/* OPTIONS, plain or preflight. What is allowed is said to allowed origins only. */
void career_cors_preflight(career_request *rq)
{
    apr_table_t *out = rq->r->err_headers_out;

    apr_table_setn(out, "Allow", rq->resource->allow);
    if (!is_preflight(rq->r))
        return;
    apr_table_mergen(out, "Vary", PREFLIGHT_VARY);
    if (!apr_table_get(out, "Access-Control-Allow-Origin"))
        return;
    apr_table_setn(out, "Access-Control-Allow-Methods", rq->resource->allow);
    apr_table_setn(out, "Access-Control-Allow-Headers",
                   "authorization, content-type, if-match, if-none-match, x-request-id");
    apr_table_setn(out, "Access-Control-Max-Age", "7200");
}
