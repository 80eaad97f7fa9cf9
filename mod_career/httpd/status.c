/* SPDX-License-Identifier: Apache-2.0 */
/* The resource career-status: what goes on, on one page for people; with ?json for programs. */
#include "httpd/status.h"

#include <stdlib.h>

#include <http_core.h>
#include <scoreboard.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "httpd/request.h"

#define REFRESH_MAX 3600

/* The word of the query that begins with the name: what follows it, or NULL. */
static const char *query_word(const request_rec *r, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = r->args; at; at = strchr(at, '&')) {
        at += *at == '&';
        if (strncmp(at, name, len) == 0 && (!at[len] || at[len] == '&' || at[len] == '='))
            return at + len + (at[len] == '=');
    }
    return NULL;
}

/* ?refresh=10, as mod_status has it. */
static int refresh_of(const request_rec *r)
{
    const char *word = query_word(r, "refresh");
    int seconds = word ? atoi(word) : 0;

    if (seconds < 0 || seconds > REFRESH_MAX)
        seconds = REFRESH_MAX;
    return seconds;
}

/* Unpredictable, so that nothing but our own style is ever applied. */
static const char *make_nonce(apr_pool_t *pool)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[16];
    char *text = apr_palloc(pool, 2 * sizeof(bytes) + 1);

    if (apr_generate_random_bytes(bytes, sizeof(bytes)) != APR_SUCCESS)
        return NULL;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * sizeof(bytes)] = '\0';
    return text;
}

static void protect(career_request *rq, const char *nonce)
{
    apr_table_t *out = rq->r->headers_out;

    apr_table_setn(out, "Content-Security-Policy",
                   apr_pstrcat(rq->r->pool, "default-src 'none'; style-src 'nonce-", nonce,
                               "'; img-src data:; base-uri 'none'; form-action 'none'; "
                               "frame-ancestors 'none'",
                               NULL));
    apr_table_setn(out, "Referrer-Policy", "no-referrer");
    apr_table_setn(out, "Vary", "Accept-Encoding");
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(career_facts *const *)a)->host->label,
                  (*(career_facts *const *)b)->host->label);
}

static career_page make_page(career_request *rq)
{
    apr_pool_t *pool = rq->r->pool;
    size_t count = career_hosts_count();
    career_facts **hosts = apr_palloc(pool, (count + 1) * sizeof(*hosts));

    for (size_t i = 0; i < count; i++)
        hosts[i] = career_facts_gather(career_hosts_at(i), pool);
    qsort(hosts, count, sizeof(*hosts), by_name);
    return (career_page){.now = apr_time_now(),
                         .restarted = ap_scoreboard_image->global->restart_time,
                         .refresh = refresh_of(rq->r),
                         .hosts = hosts,
                         .host_count = count};
}

static career_error *serve(career_request *rq, int *status)
{
    career_page page = make_page(rq);
    career_text body = career_text_make(rq->r->pool, 16384);

    if (query_word(rq->r, "json")) {
        career_status_write_json(&body, &page, rq->r->pool);
        *status = career_reply_text(rq, HTTP_OK, "application/json", &body);
        return NULL;
    }
    page.nonce = make_nonce(rq->r->pool);
    if (!page.nonce)
        return career_error_make(rq->r->pool, CAREER_ERROR_INTERNAL_ERROR, "no random bytes");
    protect(rq, page.nonce);
    career_status_write_html(&body, &page);
    *status = career_reply_text(rq, HTTP_OK, "text/html; charset=utf-8", &body);
    return NULL;
}

const career_resource career_resource_status = {
    .handler = "career-status", .allow = "GET, HEAD", .internal = true, .serve = serve};
