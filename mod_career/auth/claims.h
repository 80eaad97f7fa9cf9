/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The claims of a verified token (RFC 7519 4) are held against the policy and become an identity.
 * Pure: the caller brings the clock. Any thread.
 */
#ifndef CAREER_CLAIMS_H
#define CAREER_CLAIMS_H

#include "auth/token.h"

/* The claims that are held against the policy, as an object: of a payload that is one, all of it well-formed.
 * Otherwise NULL. */
const career_json *career_claims_parse(apr_pool_t *pool, career_slice payload);

/* Is this one of a Supabase project's own keys in the form of a JWT (anon, service_role)? Those are
 * signed like tokens of users but name no user. */
bool career_claims_are_api_key(const career_json *claims);

/* INVALID_TOKEN, TOKEN_EXPIRED (nothing but its age is wrong) or FORBIDDEN (wrong role). The identity takes the
 * payload as it is. */
career_error *career_claims_check(apr_pool_t *pool, const career_json *claims, career_slice payload,
                                  const career_token_policy *policy, apr_time_t now,
                                  career_identity **identity);

#endif
