/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The claims of a verified token (RFC 7519 4) are held against the policy and become an identity.
 * Pure: the caller brings the clock. Any thread.
 */
#ifndef CAREER_CLAIMS_H
#define CAREER_CLAIMS_H

#include "auth/token.h"

/* The claims that are looked at. */
typedef enum career_claim {
    CAREER_CLAIM_ISS,
    CAREER_CLAIM_SUB,
    CAREER_CLAIM_AUD,
    CAREER_CLAIM_EXP,
    CAREER_CLAIM_NBF,
    CAREER_CLAIM_IAT,
    CAREER_CLAIM_ROLE,
    CAREER_CLAIM_AAL,
    CAREER_CLAIM_COUNT
} career_claim;

typedef struct career_claims {
    const career_json *values[CAREER_CLAIM_COUNT]; /* NULL: absent */
} career_claims;

/* False unless the payload is an object, all of it well-formed. The values live in the pool. */
bool career_claims_read(apr_pool_t *pool, career_slice payload, career_claims *claims);

/* Is this one of a Supabase project's own keys in the form of a JWT (anon, service_role)? Those are
 * signed like tokens of users but name no user. */
bool career_claims_are_api_key(const career_claims *claims);

/* INVALID_TOKEN, TOKEN_EXPIRED (nothing but its age is wrong) or FORBIDDEN (wrong role). The identity takes the
 * payload as it is. */
career_error *career_claims_check(apr_pool_t *pool, const career_claims *claims,
                                  career_slice payload, const career_token_policy *policy,
                                  apr_time_t now, career_identity **identity);

#endif
