/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The access token inside a Supabase session cookie, in every form that its libraries have written:
 * JSON, URL-encoded JSON, "base64-" and base64url, an array instead of an object, whole or in
 * chunks. Nothing else in the session is believed. Pure; any thread.
 */
#ifndef CAREER_COOKIE_H
#define CAREER_COOKIE_H

#include "base/error.h"
#include "base/text.h"

#define CAREER_COOKIE_CHUNKS_MAX 32
#define CAREER_COOKIE_MAX (64 * 1024) /* bytes of a session, its chunks joined */

/* Finds the token in the value of a Cookie header field (RFC 6265 4.2), NULL when there is none.
 * The cookie of exactly that name is read, or, where it is absent or empty, its chunks name.0,
 * name.1 and so on. NO_TOKEN when neither is there; INVALID_TOKEN for anything ambiguous (a name
 * that occurs twice, a missing chunk), too large or not understood. The cause begins with the
 * reason code "no_token" or "cookie" and quotes nothing. The token lives in the pool and is not
 * verified. */
career_error *career_cookie_token(apr_pool_t *pool, const char *cookie, const char *name,
                                  career_slice *token);

#endif
