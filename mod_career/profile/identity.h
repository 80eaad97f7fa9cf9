/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is asking, as a verified token says: made by auth/, read by rules/ and store/. Plain data, owned by
 * the pool it was made in; nothing in it is ever logged but the user id.
 */
#ifndef CAREER_IDENTITY_H
#define CAREER_IDENTITY_H

#include "base/json.h"
#include "profile/profile.h"

typedef struct career_identity {
    char user_id[CAREER_USER_ID_SIZE]; /* the claim "sub", normalised to lower case */
    const char *role;                  /* the claim "role" */
    const char *aal;                   /* the claim "aal", or NULL */
    const career_json *claims;         /* the whole payload */
} career_identity;

#endif
