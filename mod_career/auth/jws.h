/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JWS in compact serialization (RFC 7515 3.1, 5.2): three parts, a header that says no more than
 * we understand, and a signature that one of our keys made. Knows nothing of claims. Pure; any
 * thread.
 */
#ifndef CAREER_JWS_H
#define CAREER_JWS_H

#include "auth/keys.h"
#include "base/error.h"

/* The verified payload, from the pool; it may be empty. Fails with INVALID_TOKEN, or with
 * KEYS_UNAVAILABLE when the token looks right but keys is NULL or empty. The cause begins with a
 * reason code: "malformed", "too_long", "header", "algorithm" (one that no key of ours can
 * have), "unknown_kid", "no_key" (for a token without kid), "signature". */
career_error *career_jws_verify(apr_pool_t *pool, career_slice token, const career_keys *keys,
                                career_slice *payload);

#endif
