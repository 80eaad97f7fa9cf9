/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text of published keys: a JWKS, a JWK or PEM. What is taken is described in one line, what is not is told in
 * another, and no set outgrows its bounds; the same text a second time changes nothing.
 */
#include "fuzz.h"

#include "auth/keyring.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    apr_initialize();
    career_json_start();
    return 0;
}

/* With every key of the set: whatever it is made of, it can be asked, and nothing it says is made of zeros. */
static void ask(const career_keys *keys)
{
    static const char zeros[1024];

    for (int algorithm = 0; algorithm < CAREER_ALGORITHM_COUNT; algorithm++)
        for (size_t len = 32; len <= sizeof(zeros); len *= 2)
            CHECK(career_keys_verify(keys, (career_algorithm)algorithm, (career_slice){NULL, 0},
                                     CAREER_SLICE("header.payload"),
                                     (career_slice){zeros, len}) != CAREER_VERDICT_GOOD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    career_slice text = {(const char *)data, size};
    career_keys *keys = career_keys_create(1);
    const char *skipped = NULL, *fault;
    unsigned added;

    CHECK(keys);
    added = career_keys_add_public(keys, pool, text, &skipped);
    CHECK(added >= career_keys_count(keys) && career_keys_count(keys) <= CAREER_KEYS_MAX);
    if (skipped)
        fuzz_check_sentence(skipped);
    fuzz_check_sentence(career_keys_describe(keys, pool));
    ask(keys);
    added = career_keys_count(keys);
    career_keys_add_public(keys, pool, text, &skipped);
    CHECK(career_keys_count(keys) == added);
    fault = career_keyring_check_text(pool, text, &skipped);
    CHECK(!fault == (added > 0));
    if (fault)
        fuzz_check_sentence(fault);
    career_keys_release(keys);
    apr_pool_destroy(pool);
    return 0;
}
