/* SPDX-License-Identifier: Apache-2.0 */
/* Any text: career_json_pick takes what the parser takes, and finds in it what the parser finds. */
#include "fuzz.h"

#define NAMES 4
static const career_slice names[NAMES + 1] = {CAREER_SLICE("a"), CAREER_SLICE("exp"),
                                              CAREER_SLICE("aud"), CAREER_SLICE("sub")};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    apr_initialize();
    career_json_start();
    return 0;
}

static void compare(apr_pool_t *pool, const char *data, size_t size, size_t depth_max)
{
    const char *why = NULL;
    const career_json *tree = career_json_parse_deep(pool, data, size, depth_max, &why);
    const career_json *picked[NAMES];
    bool taken = career_json_pick(pool, data, size, depth_max, names, picked, &why);

    if (tree && tree->type != CAREER_JSON_OBJECT)
        tree = NULL;
    CHECK(!tree == !taken);
    if (!taken)
        fuzz_check_sentence(why);
    for (size_t i = 0; taken && i < NAMES; i++) {
        const career_json *there = career_json_get_slice(tree, names[i]);

        CHECK(!there == !picked[i]);
        CHECK(!there || (there->type == picked[i]->type && career_json_equal(there, picked[i])));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();

    compare(pool, (const char *)data, size, CAREER_JSON_DEPTH_MAX);
    compare(pool, (const char *)data, size, 512);
    apr_pool_destroy(pool);
    return 0;
}
