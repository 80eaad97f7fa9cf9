/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What operators write: the input is validation.lua and, behind a line of four dashes, caches.lua. Whatever it is,
 * it compiles or is refused in one line; what compiles judges a profile and names targets.
 */
#include "fuzz.h"

#include "rules/rules.h"

static const career_rules_budget budget = {2 * CAREER_MILLISECOND, (size_t)2 * 1024 * 1024};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    apr_initialize();
    career_json_start();
    return 0;
}

static void check_violations(const career_violations *violations)
{
    for (size_t i = 0; i < violations->count; i++) {
        const career_violation *v = &violations->items[i];

        CHECK(v->code && *v->code && v->message && v->field);
        CHECK(career_utf8_valid(v->field, strlen(v->field)));
        CHECK(career_utf8_valid(v->message, strlen(v->message)));
    }
}

/* No glob may match every key there is. */
static void check_targets(const career_targets *targets)
{
    for (size_t i = 0; i < targets->count; i++) {
        career_slice text = targets->items[i].text;

        CHECK(text.len > 0);
        if (targets->items[i].kind == CAREER_TARGET_GLOB)
            CHECK(strspn(text.data, "*?") < text.len);
    }
}

static void use(apr_pool_t *pool, career_rules *rules)
{
    static const char body[] = "{\"currentRole\":\"a\",\"seniority\":\"senior\",\"industry\":\"*\","
                               "\"x\":[1,\"a\",null,{\"a\":1}],\"y\":\"a\",\"z\":2.5}";
    const career_identity user = {.user_id = "00000000-0000-4000-8000-00000000000a"};
    career_violations *violations = career_violations_make(pool);
    career_text text = career_text_make(pool, 256);
    career_targets targets;
    const char *why;
    const career_json *json = career_json_parse(pool, body, sizeof(body) - 1, &why);
    career_document *merged =
        career_document_merge(pool, career_rules_layout(rules), NULL, json, violations);
    career_error *error = career_rules_check(rules, pool, merged, NULL, &user, 0, violations);

    if (error)
        fuzz_check_sentence(error->cause);
    check_violations(violations);
    career_rules_recommend(rules, pool, merged);
    error = career_rules_targets(rules, pool, &user, merged, NULL, 1, &targets);
    if (error)
        fuzz_check_sentence(error->cause);
    else
        check_targets(&targets);
    career_json_write(&text, career_rules_schema(rules, pool));
    CHECK(career_json_parse_deep(pool, text.data, text.len, 64, &why));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    career_slice text = {(const char *)data, size}, rest = text;
    career_rules_source source = {"lua", text, CAREER_SLICE("return {}"), 1};
    const char *why = NULL;
    career_rules *rules;

    while (rest.len) {
        const char *at = rest.data;
        career_slice line = fuzz_line(&rest);

        if (career_slice_equal(line, CAREER_SLICE("----"))) {
            source.validation.len = (size_t)(at - text.data);
            source.caches = rest;
            break;
        }
    }
    rules = career_rules_compile(&source, &budget, pool, &why);
    if (rules)
        use(pool, rules);
    else
        fuzz_check_sentence(why);
    career_rules_release(rules);
    apr_pool_destroy(pool);
    return 0;
}
