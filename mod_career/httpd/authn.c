/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is asking: the token of the Authorization header, or else of the session cookie, verified with the keys
 * in force. Serves the resource itself, and as AuthType Career any other location.
 */
#include <http_core.h>
#include <http_request.h>

#include <apr_strings.h>

#include "auth/cookie.h"
#include "httpd/handler.h"
#include "httpd/module.h"
#include "httpd/request.h"

/* For a fetch over TLS from another continent, name and all. */
#define ROTATION_PATIENCE (2 * CAREER_SECOND)

/* The keys in force, held until the request ends. */
static const career_keys *use_keys(career_request *rq)
{
    career_keys *keys = career_keyring_acquire(rq->host->keyring);

    if (keys)
        career_snapshot_release_with((career_snapshot *)keys, rq->r->pool);
    return keys;
}

/* As of now: the time of the request is that of its first line, and its headers may take their time. */
static career_error *verify(career_request *rq, career_slice token, const career_keys *keys,
                            career_identity **user)
{
    return career_token_verify(rq->r->pool, token, keys, &rq->host->policy, apr_time_now(), user);
}

static bool might_newer_help(const career_error *error)
{
    return career_token_key_is_unknown(error) ||
           (error && error->id == CAREER_ERROR_KEYS_UNAVAILABLE);
}

/* A key that no set had a moment ago: the request waits for the fetch that it causes rather than tell a
 * frontend that its user is signed out. While a set is missing altogether, nobody can say. */
static career_error *verify_with_newer(career_request *rq, career_slice token,
                                       const career_keys *keys, career_error *error,
                                       career_identity **user)
{
    career_moment until = career_clock_now() + ROTATION_PATIENCE;
    uint64_t generation = keys ? career_keys_generation(keys) : 0;

    if (career_keyring_await(rq->host->keyring, generation, until)) {
        keys = use_keys(rq);
        error = verify(rq, token, keys, user);
    }
    if (!career_token_key_is_unknown(error) || career_keyring_is_complete(rq->host->keyring))
        return error;
    return career_error_make(rq->r->pool, CAREER_ERROR_KEYS_UNAVAILABLE,
                             "a key set has not been fetched yet, or is too old");
}

/* Does a browser say that another site made it send this? An Origin that is ours or allowed is none. */
static bool is_cross_site(career_request *rq)
{
    const apr_table_t *in = rq->r->headers_in;
    const char *origin = apr_table_get(in, "Origin"), *site = apr_table_get(in, "Sec-Fetch-Site");
    const char *host = apr_table_get(in, "Host"), *authority;

    if (!origin)
        return site && strcasecmp(site, "cross-site") == 0;
    if (career_cors_is_allowed(rq, origin))
        return false;
    authority = strstr(origin, "://");
    return !authority || !host || strcasecmp(authority + 3, host) != 0;
}

static bool is_safe(const request_rec *r)
{
    return r->method_number == M_GET || r->method_number == M_OPTIONS; /* M_GET is HEAD, too */
}

/* The header wins, good or bad: no request is tried twice with different credentials. */
static career_error *find_token(career_request *rq, career_slice *token)
{
    request_rec *r = rq->r;
    const char *authorization = apr_table_get(r->headers_in, "Authorization");
    const char *name = rq->host->config->jwt_cookie;
    career_error *error;

    if (authorization || !name)
        return career_token_from_header(r->pool, authorization, token);
    error = career_cookie_token(r->pool, apr_table_get(r->headers_in, "Cookie"), name, token);
    if (!error && !is_safe(r) && is_cross_site(rq))
        error = career_error_make(r->pool, CAREER_ERROR_FORBIDDEN,
                                  "cross_site: another site made a browser send its cookie");
    return error;
}

career_error *career_request_authenticate(career_request *rq)
{
    request_rec *r = rq->r;
    const career_keys *keys;
    career_identity *user;
    career_slice token;
    career_error *error;

    if (rq->user)
        return NULL; /* AuthType Career came first */
    error = find_token(rq, &token);
    if (error)
        return error;
    keys = use_keys(rq);
    error = verify(rq, token, keys, &user);
    if (might_newer_help(error))
        error = verify_with_newer(rq, token, keys, error, &user);
    if (error)
        return error;
    rq->user = user;
    r->user = user->user_id; /* access logs (%u) and other modules see who asked */
    r->ap_auth_type = "Bearer";
    return NULL;
}

static bool is_ours_to_check(request_rec *r)
{
    const char *type = ap_auth_type(r);

    return type && strcasecmp(type, "Career") == 0;
}

int career_authn_admit(request_rec *r)
{
    return r->method_number == M_OPTIONS && is_ours_to_check(r) && career_request_resource(r)
               ? OK
               : DECLINED;
}

int career_authn_check(request_rec *r)
{
    career_request *rq;

    if (!is_ours_to_check(r))
        return DECLINED;
    rq = career_request_of(r);
    if (!rq->host) {
        career_reply_say(rq, CAREER_LOG_AUTH_UNCONFIGURED, r->uri);
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    rq->refusal = career_request_authenticate(rq);
    return rq->refusal ? career_reply_refusal(rq, rq->refusal) : OK;
}

int career_authn_note(request_rec *r, const char *type)
{
    if (strcasecmp(type, "Career") != 0)
        return DECLINED;
    apr_table_setn(r->err_headers_out, "WWW-Authenticate", CAREER_CHALLENGE);
    return OK;
}
