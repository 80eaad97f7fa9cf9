/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Supabase access token (RFC 7515, 7519, 8725) becomes an identity, or a reason why not. Strict:
 * compact serialization only, canonical base64url, one algorithm per key, every required claim.
 * Pure: no clock, no I/O, no log. Any thread.
 */
#ifndef CAREER_TOKEN_H
#define CAREER_TOKEN_H

#include <apr_time.h>

#include "auth/keys.h"
#include "base/error.h"
#include "profile/identity.h"

#define CAREER_TOKEN_MAX (16 * 1024 - 1) /* bytes; looked at before anything is decoded */

typedef struct career_token_policy {
    const char *issuer;               /* exact (RFC 8725 3.8), or NULL: not checked */
    const char *audience;             /* must be "aud" or in it */
    const char *const *roles;         /* NULL-terminated: the roles admitted */
    apr_interval_time_t leeway;       /* µs */
    apr_interval_time_t lifetime_max; /* µs between now and exp, or 0: not checked */
} career_token_policy;

/* The reason codes of a token that names a key, or needs one of an algorithm, that the set lacks: a newer set
 * might have it. */
#define CAREER_TOKEN_UNKNOWN_KID "unknown_kid"
#define CAREER_TOKEN_NO_KEY "no_key"

/* Is that what was wrong? NULL is allowed. */
bool career_token_key_is_unknown(const career_error *error);

/* The token of an Authorization header field value (RFC 6750 2.1). Fails with NO_TOKEN for another
 * scheme or NULL, with INVALID_TOKEN for a Bearer scheme without one well-formed token. The slice
 * points into the value. */
career_error *career_token_from_header(apr_pool_t *pool, const char *authorization,
                                       career_slice *token);

/* Verifies. INVALID_TOKEN, TOKEN_EXPIRED, FORBIDDEN (wrong role) or KEYS_UNAVAILABLE (a well-formed
 * token, but keys is NULL or empty). The cause is a stable reason code, a colon and an explanation:
 * those of career_jws_verify, "api_key", "payload", "claim_exp", "claim_nbf", "claim_iat",
 * "claim_iss", "claim_aud", "claim_sub", "claim_role", "expired", "role". It never quotes the token
 * but its kid, escaped and capped. The identity lives in the pool. */
career_error *career_token_verify(apr_pool_t *pool, career_slice token, const career_keys *keys,
                                  const career_token_policy *policy, apr_time_t now,
                                  career_identity **identity);

#endif
