/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token. An input of one line is the value of an Authorization header; of one that begins with a brace, the
 * first line is a JOSE header and the rest a payload, and both are signed with the server's own secret,
 * so that the claims are reached too.
 */
#include "fuzz.h"

#include "../unit/mint.h"
#include "auth/token.h"

#define NOW INT64_C(1700000100) /* tokens of CLAIMS are in force then */

static const char *const roles[] = {"authenticated", NULL};
static const career_token_policy strict = {ISSUER, "authenticated", roles, 0,
                                           3600 * APR_USEC_PER_SEC};
static const career_token_policy lenient = {NULL, "authenticated", roles, 30 * APR_USEC_PER_SEC, 0};
static career_keys *keys;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    apr_initialize();
    career_json_start();
    keys = career_keys_create(1);
    CHECK(keys && career_keys_add_secret(keys, SECRET, sizeof(SECRET) - 1));
    return 0;
}

static void check_identity(apr_pool_t *pool, const career_identity *identity)
{
    CHECK(identity && identity->role);
    CHECK(career_identity_claims(pool, identity)); /* what was picked from is what is parsed */
    CHECK(strlen(identity->user_id) == CAREER_USER_ID_SIZE - 1);
    CHECK(strspn(identity->user_id, "0123456789abcdef-") == CAREER_USER_ID_SIZE - 1);
    CHECK(strcmp(identity->role, roles[0]) == 0);
}

static void check_error(const career_error *error)
{
    CHECK(error->id == CAREER_ERROR_INVALID_TOKEN || error->id == CAREER_ERROR_TOKEN_EXPIRED ||
          error->id == CAREER_ERROR_FORBIDDEN || error->id == CAREER_ERROR_KEYS_UNAVAILABLE);
    fuzz_check_sentence(error->cause);
}

static bool verify(apr_pool_t *pool, career_slice token, const career_token_policy *policy)
{
    career_identity *identity = NULL;
    career_error *error =
        career_token_verify(pool, token, keys, policy, NOW * APR_USEC_PER_SEC, &identity);

    if (error)
        check_error(error);
    else
        check_identity(pool, identity);
    return !error;
}

static void check(apr_pool_t *pool, career_slice token)
{
    career_identity *nobody = NULL;

    if (verify(pool, token, &strict))
        CHECK(verify(pool, token,
                     &lenient)); /* what the strict policy admits, the lenient one does */
    else
        verify(pool, token, &lenient);
    CHECK(career_token_verify(pool, token, NULL, &strict, 0, &nobody));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    career_slice input = {(const char *)data, size}, token;

    if (size && data[0] == '{') {
        career_slice header = fuzz_line(&input);

        check(pool, career_slice_of(mint_slices(pool, header, input)));
    } else if (!career_token_from_header(pool, apr_pstrmemdup(pool, input.data, size), &token)) {
        check(pool, token);
    }
    apr_pool_destroy(pool);
    return 0;
}
