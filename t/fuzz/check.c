/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents against the shipped rules: the input is the body of a save and, behind a line break, what is stored.
 * Judging twice says the same; what is accepted is accepted again as it was saved.
 */
#include "fuzz.h"

#include "rules/rules.h"

static career_rules *rules;

static career_slice read_file(apr_pool_t *pool, const char *path)
{
    FILE *file = fopen(path, "rb");
    char *bytes = apr_palloc(pool, CAREER_RULES_FILE_MAX);
    size_t len;

    CHECK(file);
    len = fread(bytes, 1, CAREER_RULES_FILE_MAX, file);
    fclose(file);
    return (career_slice){bytes, len};
}

/* Run from the top of the tree, as make does. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const career_rules_budget budget = {CAREER_SECOND, (size_t)8 * 1024 * 1024};
    career_rules_source source = {"lua", {0}, {0}, 1};
    apr_pool_t *pool;
    const char *why;

    (void)argc;
    (void)argv;
    apr_initialize();
    career_json_start();
    pool = fuzz_pool();
    source.validation = read_file(pool, "lua/validation.lua");
    source.caches = read_file(pool, "lua/caches.lua");
    rules = career_rules_compile(&source, &budget, pool, &why);
    CHECK(rules);
    apr_pool_destroy(pool);
    return 0;
}

static career_violations *judge(apr_pool_t *pool, const career_json *body,
                                const career_document *previous, career_document **merged)
{
    const career_identity user = {.user_id = "00000000-0000-4000-8000-00000000000a"};
    career_violations *violations = career_violations_make(pool);

    *merged = career_document_merge(pool, career_rules_layout(rules), previous, body, violations);
    CHECK(!career_rules_check(rules, pool, *merged, previous, &user, 0, violations));
    return violations;
}

static void check_same(const career_violations *a, const career_violations *b)
{
    CHECK(a->count == b->count && a->omitted == b->omitted);
    for (size_t i = 0; i < a->count; i++) {
        CHECK(strcmp(a->items[i].field, b->items[i].field) == 0);
        CHECK(strcmp(a->items[i].code, b->items[i].code) == 0);
        fuzz_check_sentence(a->items[i].message);
        CHECK(career_utf8_valid(a->items[i].field, strlen(a->items[i].field)));
    }
}

/* What was saved can be sent back, and then changes nothing. */
static void check_again(apr_pool_t *pool, const career_document *saved)
{
    career_document *again;

    CHECK(judge(pool, career_document_json(pool, saved), NULL, &again)->count == 0);
    CHECK(career_json_equal(career_document_json(pool, saved), career_document_json(pool, again)));
}

static void check_targets(apr_pool_t *pool, const career_document *document)
{
    const career_identity user = {.user_id = "00000000-0000-4000-8000-00000000000a"};
    career_targets targets;

    CHECK(!career_rules_targets(rules, pool, &user, document, NULL, 1, &targets));
    CHECK(targets.count == 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    career_slice input = {(const char *)data, size}, line = fuzz_line(&input);
    const char *why;
    const career_json *body = career_json_parse(pool, line.data, line.len, &why),
                      *stored = career_json_parse(pool, input.data, input.len, &why);
    career_document *previous = NULL, *merged, *again;

    if (body && body->type == CAREER_JSON_OBJECT) {
        career_violations *violations;

        if (stored && stored->type == CAREER_JSON_OBJECT)
            previous = career_document_merge(pool, career_rules_layout(rules), NULL, stored,
                                             career_violations_make(pool));
        violations = judge(pool, body, previous, &merged);
        check_same(violations, judge(pool, body, previous, &again));
        if (violations->count == 0 && !previous)
            check_again(pool, merged);
        career_rules_recommend(rules, pool, merged);
        check_targets(pool, merged);
    }
    apr_pool_destroy(pool);
    return 0;
}
