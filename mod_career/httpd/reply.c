/* SPDX-License-Identifier: Apache-2.0 */
/* Every answer with a body of ours, and the headers that belong to it. */
#include <http_protocol.h>
#include <mod_core.h>

#include <apr_time.h>
#include <apr_strings.h>

#include "httpd/account.h"
#include "httpd/module.h"
#include "httpd/request.h"

/* What we say is said whole: httpd would cut a saved profile, too, and answer 416 to a save that is committed. */
static void ignore_range(request_rec *r)
{
    for (ap_filter_t *f = r->output_filters; f; f = f->next) {
        if (f->r == r && f->frec == ap_byterange_filter_handle) {
            ap_remove_output_filter(f);
            return;
        }
    }
}

/* One brigade, one pass. */
static int pass_as(career_request *rq, int status, const char *type, const career_text *body)
{
    request_rec *r = rq->r;
    conn_rec *c = r->connection;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, c->bucket_alloc);

    r->status = status;
    ignore_range(r);
    apr_table_setn(r->err_headers_out, "X-Content-Type-Options", "nosniff");
    ap_set_content_type(r, type);
    ap_set_content_length(r, (apr_off_t)body->len);
    APR_BRIGADE_INSERT_TAIL(
        brigade, apr_bucket_pool_create(body->data, body->len, r->pool, c->bucket_alloc));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(c->bucket_alloc));
    ap_pass_brigade(r->output_filters, brigade);
    return OK; /* a client that has gone away is no error of ours */
}

static int pass(career_request *rq, int status, const career_text *body)
{
    return pass_as(rq, status, "application/json", body);
}

int career_reply_text(career_request *rq, int status, const char *type, const career_text *body)
{
    apr_table_setn(rq->r->headers_out, "Cache-Control", "no-store");
    return pass_as(rq, status, type, body);
}

int career_reply_empty(career_request *rq, int status)
{
    rq->r->status = status;
    return OK;
}

static void set_tag(career_request *rq, const char *tag)
{
    apr_table_setn(rq->r->headers_out, "ETag", apr_pstrcat(rq->r->pool, "\"", tag, "\"", NULL));
}

static void set_validators(career_request *rq, const char *tag)
{
    apr_table_t *out = rq->r->headers_out;

    set_tag(rq, tag);
    apr_table_setn(out, "Cache-Control", "private, no-cache");
    apr_table_setn(out, "Vary", "Authorization, Cookie, Origin");
}

/* RFC 9110 5.6.7 */
static const char *http_date(apr_pool_t *pool, apr_time_t time)
{
    char *date = apr_palloc(pool, APR_RFC822_DATE_LEN);

    apr_rfc822_date(date, time);
    return date;
}

int career_reply_profile(career_request *rq, const career_row *row, const char *tag)
{
    career_text body = career_text_make(rq->r->pool, 2048);

    set_validators(rq, tag);
    apr_table_setn(rq->r->headers_out, "Last-Modified", http_date(rq->r->pool, row->updated_at));
    career_text_add_slice(&body, CAREER_SLICE("{\"success\":true,\"data\":"));
    career_row_write(&body, rq->layout, row);
    career_text_add_char(&body, '}');
    return pass(rq, HTTP_OK, &body);
}

int career_reply_not_modified(career_request *rq, const char *tag)
{
    set_validators(rq, tag);
    return career_reply_empty(rq, HTTP_NOT_MODIFIED);
}

static void set_schema_validators(career_request *rq, const char *tag)
{
    apr_table_t *out = rq->r->headers_out;

    set_tag(rq, tag);
    apr_table_setn(out, "Cache-Control", "public, max-age=60");
    apr_table_setn(out, "Vary", "Origin");
}

int career_reply_schema(career_request *rq, const char *tag)
{
    career_text body = career_text_make(rq->r->pool, 8192);

    set_schema_validators(rq, tag);
    career_json_write(&body, career_rules_schema(rq->rules, rq->r->pool));
    return pass(rq, HTTP_OK, &body);
}

int career_reply_schema_not_modified(career_request *rq, const char *tag)
{
    set_schema_validators(rq, tag);
    return career_reply_empty(rq, HTTP_NOT_MODIFIED);
}

typedef struct outcome_text {
    const char *message;
    const char *status;
} outcome_text;

static outcome_text describe(const career_saved *saved, career_cache_status cache)
{
    static const outcome_text texts[] = {
        [CAREER_CACHE_INVALIDATED] = {"Career profile saved. Caches invalidated.", "invalidated"},
        [CAREER_CACHE_PENDING] = {"Career profile saved. Cache invalidation is pending.",
                                  "pending"},
        [CAREER_CACHE_DISABLED] = {"Career profile saved.", "disabled"}};
    static const outcome_text unchanged = {"Career profile unchanged.", "unchanged"};

    return saved->changed ? texts[cache] : unchanged;
}

int career_reply_saved(career_request *rq, const career_saved *saved,
                       const career_cache_outcome *cache)
{
    career_text body = career_text_make(rq->r->pool, 4096);
    outcome_text text = describe(saved, cache->status);
    const char *here = ap_escape_uri(rq->r->pool, rq->r->uri);
    apr_table_t *out = rq->r->headers_out;

    rq->cache = text.status;
    set_tag(rq, career_row_tag(rq->r->pool, rq->layout, saved->row));
    apr_table_setn(out, "Cache-Control", "no-store");
    apr_table_setn(out, "Content-Location", here);
    if (saved->created)
        apr_table_setn(out, "Location", here);
    career_text_add_slice(&body, CAREER_SLICE("{\"success\":true,\"data\":"));
    career_row_write(&body, rq->layout, saved->row);
    career_text_add_format(
        &body,
        ",\"message\":\"%s\",\"cache\":{\"status\":\"%s\",\"keys\":%" APR_UINT64_T_FMT
        "},\"recommendations\":",
        text.message, text.status, cache->keys);
    career_json_write(&body, career_rules_recommend(rq->rules, rq->r->pool, saved->document));
    career_text_add_char(&body, '}');
    return pass(rq, saved->created ? HTTP_CREATED : HTTP_OK, &body);
}

static void add_member(career_text *text, const char *name, const char *value)
{
    career_text_add_format(text, "\"%s\":", name);
    career_json_write_string(text, value, strlen(value));
}

static void add_violation(career_text *text, const career_violation *violation)
{
    career_text_add_char(text, '{');
    add_member(text, "field", violation->field);
    career_text_add_char(text, ',');
    add_member(text, "code", violation->code);
    career_text_add_char(text, ',');
    add_member(text, "message", violation->message);
    if (violation->allowed) {
        career_text_add_string(text, ",\"allowed\":[");
        for (const char *const *at = violation->allowed; *at; at++) {
            if (at != violation->allowed)
                career_text_add_char(text, ',');
            career_json_write_string(text, *at, strlen(*at));
        }
        career_text_add_char(text, ']');
    }
    career_text_add_char(text, '}');
}

static void add_details(career_text *text, const career_violations *details)
{
    career_text_add_string(text, ",\"details\":[");
    for (size_t i = 0; i < details->count; i++) {
        if (i)
            career_text_add_char(text, ',');
        add_violation(text, &details->items[i]);
    }
    career_text_add_char(text, ']');
    if (details->omitted)
        career_text_add_format(text, ",\"detailsOmitted\":%" APR_SIZE_T_FMT, details->omitted);
}

career_text career_reply_envelope(career_request *rq, const career_error *error)
{
    const career_error_info *info = career_error_describe(error->id);
    career_text text = career_text_make(rq->r->pool, 512);

    career_text_add_string(&text, "{\"success\":false,");
    if (error->id == CAREER_ERROR_PROFILE_NOT_FOUND)
        career_text_add_string(&text, "\"data\":null,");
    add_member(&text, "error", error->message ? error->message : info->text);
    career_text_add_char(&text, ',');
    add_member(&text, "code", info->code);
    career_text_add_char(&text, ',');
    add_member(&text, "requestId", rq->id);
    if (error->details)
        add_details(&text, error->details);
    career_text_add_char(&text, '}');
    return text;
}

/* The cause behind its reason code, in the characters that RFC 6750 3 allows. */
static const char *description(apr_pool_t *pool, const char *cause)
{
    const char *colon = strstr(cause, ": ");
    char *text = apr_pstrdup(pool, colon ? colon + 2 : cause);

    for (char *c = text; *c; c++)
        if (*c < 0x20 || *c > 0x7e || *c == '"' || *c == '\\')
            *c = ' ';
    return text;
}

static const char *challenge(career_request *rq, const career_error *error)
{
    switch (error->id) {
    case CAREER_ERROR_NO_TOKEN:
        return CAREER_CHALLENGE;
    case CAREER_ERROR_INVALID_TOKEN:
    case CAREER_ERROR_TOKEN_EXPIRED:
        return apr_psprintf(rq->r->pool, "%s, error=\"invalid_token\", error_description=\"%s\"",
                            CAREER_CHALLENGE, description(rq->r->pool, error->cause));
    case CAREER_ERROR_FORBIDDEN:
    case CAREER_ERROR_DATABASE_FORBIDDEN:
        return apr_psprintf(rq->r->pool, "%s, error=\"insufficient_scope\"", CAREER_CHALLENGE);
    default:
        return NULL;
    }
}

static void add_error_headers(apr_table_t *out, career_request *rq, const career_error *error)
{
    const char *authenticate = challenge(rq, error);

    apr_table_setn(out, "Cache-Control", "no-store");
    if (authenticate)
        apr_table_setn(out, "WWW-Authenticate", authenticate);
    if (error->retry_after)
        apr_table_setn(out, "Retry-After", apr_itoa(rq->r->pool, error->retry_after));
    if (error->id == CAREER_ERROR_METHOD_NOT_ALLOWED)
        apr_table_setn(out, "Allow", rq->resource->allow);
    if (error->id == CAREER_ERROR_UNSUPPORTED_MEDIA_TYPE) {
        apr_table_setn(out, "Accept", "application/json, application/merge-patch+json");
        apr_table_setn(out, "Accept-Encoding", "identity");
    }
}

void career_reply_error_headers(career_request *rq, const career_error *error)
{
    add_error_headers(rq->r->headers_out, rq, error);
}

/* Which request, and whose. */
static const char *whom(const career_request *rq)
{
    if (rq->user)
        return apr_psprintf(rq->r->pool, "request %s of user %s", rq->id, rq->user->user_id);
    return apr_pstrcat(rq->r->pool, "request ", rq->id, NULL);
}

void career_reply_say(career_request *rq, career_log_tag tag, const char *what)
{
    static const int levels[] = {[CAREER_LEVEL_EMERGENCY] = APLOG_EMERG,
                                 [CAREER_LEVEL_ERROR] = APLOG_ERR,
                                 [CAREER_LEVEL_WARNING] = APLOG_WARNING,
                                 [CAREER_LEVEL_NOTICE] = APLOG_NOTICE,
                                 [CAREER_LEVEL_INFO] = APLOG_INFO};
    const career_log_info *info = career_log_describe(tag);

    ap_log_rerror(APLOG_MARK, levels[info->level], 0, rq->r, "CAREER%04d: %s: %s: %s; %s",
                  info->number, info->what, whom(rq), what, info->cure);
}

/* The one log line: a fault of the client at info, a dependency that fails at error, both held back when
 * they repeat, and so is a database that refuses a user, which may be the operator's or the policies' doing;
 * what is our own fault always, with the id that the client has. */
static void log_error(career_request *rq, const career_error *error)
{
    const career_error_info *info = career_error_describe(error->id);
    const char *what =
        apr_psprintf(rq->r->pool, "%d %s: %s", info->status, info->code, error->cause);

    rq->code = info->code;
    if (info->status == 401 || error->id == CAREER_ERROR_FORBIDDEN)
        career_account_refusal(rq, error);
    if (!rq->host && !(rq->resource && rq->resource->internal))
        career_reply_say(rq, CAREER_LOG_HOST_UNCONFIGURED, what);
    else if (info->status == 503 && rq->host)
        career_log_say(rq->host->log, CAREER_LOG_REQUEST_FAILED, "%s: %s", whom(rq), what);
    else if (info->status >= 500)
        career_reply_say(rq, CAREER_LOG_REQUEST_FAILED, what);
    else if (error->id == CAREER_ERROR_DATABASE_FORBIDDEN && rq->host)
        career_log_say(rq->host->log, CAREER_LOG_DATABASE_REFUSED, "%s: %s", whom(rq), what);
    else if ((info->status == 401 || info->status == 403) && rq->host)
        career_log_say(rq->host->log, CAREER_LOG_TOKEN_REFUSED, "request %s: %d %s", rq->id,
                       info->status, error->cause);
    else
        career_reply_say(rq, CAREER_LOG_REQUEST_REFUSED, what);
}

int career_reply_error(career_request *rq, const career_error *error)
{
    career_text body;

    log_error(rq, error);
    if (rq->answered)
        return AP_FILTER_ERROR;
    body = career_reply_envelope(rq, error);
    career_reply_error_headers(rq, error);
    return pass(rq, career_error_describe(error->id)->status, &body);
}

int career_reply_refusal(career_request *rq, const career_error *error)
{
    log_error(rq, error);
    add_error_headers(rq->r->err_headers_out, rq, error);
    return career_error_describe(error->id)->status;
}
