/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/identity.h"

#include <apr_strings.h>

const career_json *career_identity_claims(apr_pool_t *pool, const career_identity *identity)
{
    const char *why;

    if (!identity->payload.data)
        return NULL;
    return career_json_parse_deep(pool, identity->payload.data, identity->payload.len,
                                  CAREER_CLAIMS_DEPTH_MAX, &why);
}

const career_identity *career_identity_copy(apr_pool_t *pool, const career_identity *identity)
{
    career_identity *copy = apr_pmemdup(pool, identity, sizeof(*identity));

    copy->role = apr_pstrdup(pool, identity->role);
    copy->aal = apr_pstrdup(pool, identity->aal);
    if (identity->payload.data)
        copy->payload.data = apr_pstrmemdup(pool, identity->payload.data, identity->payload.len);
    return copy;
}
