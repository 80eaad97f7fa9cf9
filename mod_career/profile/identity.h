/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is asking, as a verified token says: made by auth/, read by rules/ and store/. Plain data, owned by
 * the pool it was made in; nothing in it is ever logged but the user id.
 */
#ifndef CAREER_IDENTITY_H
#define CAREER_IDENTITY_H

#include "base/json.h"
#include "profile/profile.h"

/* What nobody reads (user_metadata) may be nested deeper than our own documents. */
#define CAREER_CLAIMS_DEPTH_MAX 512

typedef struct career_identity {
    char user_id[CAREER_USER_ID_SIZE]; /* the claim "sub", normalised to lower case */
    const char *role;                  /* the claim "role", as CareerJwtRole spells it */
    const char *aal;                   /* the claim "aal", or NULL */
    career_slice payload; /* all claims, as the token has them; data NULL: there was no token */
} career_identity;

/* All claims as an object, NULL where there was no token. Parsed with each call: few ask for more than the
 * members above. */
const career_json *career_identity_claims(apr_pool_t *pool, const career_identity *identity);

/* With all that it reaches. */
const career_identity *career_identity_copy(apr_pool_t *pool, const career_identity *identity);

#endif
