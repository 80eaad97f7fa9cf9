/* SPDX-License-Identifier: Apache-2.0 */
/* The value of a Cookie header: a token comes out of it, or one line that says why not. */
#include "fuzz.h"

#include <apr_strings.h>

#include "auth/cookie.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    apr_initialize();
    career_json_start();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    char *header = malloc(size + 1); /* of that size, so that a read past the end is seen */
    career_slice token = {NULL, 0};
    career_error *error;

    CHECK(header);
    memcpy(header, data, size);
    header[size] = '\0';
    error = career_cookie_token(pool, header, "sb-ref-auth-token", &token);
    if (error) {
        CHECK(error->id == CAREER_ERROR_NO_TOKEN || error->id == CAREER_ERROR_INVALID_TOKEN);
        fuzz_check_sentence(error->cause);
    } else {
        CHECK(token.data && token.len <= CAREER_COOKIE_MAX);
        CHECK(career_utf8_valid(token.data, token.len));
    }
    free(header);
    apr_pool_destroy(pool);
    return 0;
}
