/* SPDX-License-Identifier: Apache-2.0 */
/* The request body: its media type, then its bytes within the limit, then its JSON. */
#include <http_protocol.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "httpd/request.h"

#define READ_SIZE 8192

static career_error *unsupported(career_request *rq, const char *why)
{
    return career_error_make(rq->r->pool, CAREER_ERROR_UNSUPPORTED_MEDIA_TYPE, "%s", why);
}

static bool is_json(const char *type, size_t len)
{
    static const char *const types[] = {"application/json", "application/merge-patch+json"};

    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (len == strlen(types[i]) && strncasecmp(type, types[i], len) == 0)
            return true;
    return false;
}

/* Parameters of the media type: only charset matters, and only UTF-8 is JSON (RFC 8259 8.1). */
static bool charset_is_utf8(const char *parameters)
{
    const char *charset = ap_strcasestr(parameters, "charset=");

    if (!charset)
        return true;
    charset += strlen("charset=");
    charset += *charset == '"';
    return strncasecmp(charset, "utf-8", 5) == 0 && !apr_isalnum(charset[5]) && charset[5] != '-';
}

career_error *career_request_media_type(career_request *rq)
{
    const apr_table_t *in = rq->r->headers_in;
    const char *type = apr_table_get(in, "Content-Type");
    const char *encoding = apr_table_get(in, "Content-Encoding");
    const char *transfer = apr_table_get(in, "Transfer-Encoding");
    size_t len;

    if (!type)
        return unsupported(rq, "no Content-Type");
    len = strcspn(type, "; \t");
    if (!is_json(type, len) || !charset_is_utf8(type + len))
        return unsupported(rq, "Content-Type is not JSON in UTF-8");
    if (encoding && strcasecmp(encoding, "identity") != 0)
        return unsupported(rq, "Content-Encoding");
    if (transfer && strcasecmp(transfer, "chunked") != 0)
        return unsupported(rq, "Transfer-Encoding");
    return NULL;
}

static career_error *too_large(career_request *rq)
{
    return career_error_make(rq->r->pool, CAREER_ERROR_PAYLOAD_TOO_LARGE,
                             "more than %" PRId64 " bytes", rq->host->config->body_limit);
}

/* What httpd's input filters say (mod_reqtimeout, LimitRequestBody, a connection that broke). */
static career_error *read_failed(career_request *rq, apr_status_t status)
{
    apr_pool_t *pool = rq->r->pool;

    rq->r->connection->keepalive = AP_CONN_CLOSE; /* where the body ends is not known any more */
    rq->answered = status == AP_FILTER_ERROR;
    if (APR_STATUS_IS_TIMEUP(status))
        return career_error_make(pool, CAREER_ERROR_REQUEST_TIMEOUT, "the body stalled");
    if (rq->answered && rq->r->status != HTTP_REQUEST_ENTITY_TOO_LARGE)
        return career_error_make(pool, CAREER_ERROR_BAD_REQUEST, "the body is framed wrongly");
    if (rq->answered ||
        ap_map_http_request_error(status, HTTP_BAD_REQUEST) == HTTP_REQUEST_ENTITY_TOO_LARGE)
        return career_error_make(pool, CAREER_ERROR_PAYLOAD_TOO_LARGE, "LimitRequestBody");
    return career_error_make(pool, CAREER_ERROR_INVALID_JSON, "the body ended early: %s",
                             apr_strerror(status, apr_palloc(pool, 128), 128));
}

/* Takes what a brigade holds; *end when it holds the last of the body. */
static career_error *take(career_request *rq, apr_bucket_brigade *brigade, career_text *text,
                          bool *end)
{
    for (apr_bucket *b = APR_BRIGADE_FIRST(brigade); b != APR_BRIGADE_SENTINEL(brigade);
         b = APR_BUCKET_NEXT(b)) {
        const char *data;
        apr_size_t len;
        apr_status_t status;

        if (APR_BUCKET_IS_EOS(b))
            *end = true;
        if (APR_BUCKET_IS_METADATA(b))
            continue;
        status = apr_bucket_read(b, &data, &len, APR_BLOCK_READ);
        if (status != APR_SUCCESS)
            return read_failed(rq, status);
        if (text->len + len > (size_t)rq->host->config->body_limit)
            return too_large(rq);
        career_text_add(text, data, len);
    }
    return NULL;
}

static career_error *read_all(career_request *rq, career_text *text)
{
    request_rec *r = rq->r;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    bool end = false;

    while (!end) {
        apr_status_t status =
            ap_get_brigade(r->input_filters, brigade, AP_MODE_READBYTES, APR_BLOCK_READ, READ_SIZE);
        career_error *error;

        if (status != APR_SUCCESS)
            return read_failed(rq, status);
        error = take(rq, brigade, text, &end);
        apr_brigade_cleanup(brigade);
        if (error)
            return error;
    }
    return NULL;
}

static career_error *malformed(career_request *rq, const char *why)
{
    career_error *error = career_error_make(rq->r->pool, CAREER_ERROR_INVALID_JSON,
                                            "not parsed"); /* no body in logs */

    error->message = apr_psprintf(rq->r->pool, "The request body is not valid JSON: %s", why);
    return error;
}

career_error *career_request_body(career_request *rq, const career_json **body)
{
    const char *announced = apr_table_get(rq->r->headers_in, "Content-Length");
    career_text text = career_text_make(rq->r->pool, 2048);
    const char *why;
    career_error *error;

    if (announced && apr_atoi64(announced) > rq->host->config->body_limit)
        return too_large(rq);
    error = read_all(rq, &text);
    if (error)
        return error;
    rq->body_length = text.len;
    *body = career_json_parse(rq->r->pool, text.data, text.len, &why);
    if (!*body)
        return malformed(rq, why);
    if ((*body)->type != CAREER_JSON_OBJECT)
        return malformed(rq, "an object is expected");
    return NULL;
}
