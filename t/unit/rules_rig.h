/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules and documents for the tests of rules/: compiled from texts, without a server. Everything is in one
 * pool, which each test begins anew.
 */
#ifndef RULES_RIG_H
#define RULES_RIG_H

#include <stdio.h>

#include <apr_strings.h>

#include "rules/rules.h"

#include "unit.h"

#define USER "aaaaaaaa-0000-4000-8000-000000000001"
#define RIG_NOW apr_time_from_sec(1700000000)
#define REQUIRED_FIELDS                                                                            \
    "currentRole = field.text { min = 1, max = 20 }, seniority = field.one_of { 'junior', "        \
    "'senior' }, industry = field.text {}, "
#define REQUIRED_NAMES "required = { 'currentRole', 'seniority', 'industry' }, "
#define REQUIRED_VALUES "\"currentRole\":\"Dev\",\"seniority\":\"senior\",\"industry\":\"Energy\""

/* A validation.lua with these fields beside the required ones, and these sections. */
#define RULES(fields, sections)                                                                    \
    "return { fields = { " REQUIRED_FIELDS fields " }, " REQUIRED_NAMES sections " }"

static career_rules *rules;
static const char *why;

static inline int rig_start(void **state)
{
    rules = NULL;
    why = NULL;
    return pool_begin(state);
}

static inline int rig_stop(void **state)
{
    if (rules)
        career_rules_release(rules);
    return pool_end(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_start, rig_stop)

/* Releases those of before. NULL and `why` when the texts are wrong. */
static inline career_rules *rig_compile(const char *validation, const char *caches)
{
    const career_rules_budget budget = {50 * CAREER_MILLISECOND, (size_t)8 * 1024 * 1024};
    const career_rules_source source = {"dir", career_slice_of(validation), career_slice_of(caches),
                                        7};

    if (rules)
        career_rules_release(rules);
    rules = career_rules_compile(&source, &budget, pool, &why);
    return rules;
}

static inline const career_rules *rig_need(const char *validation, const char *caches)
{
    if (!rig_compile(validation, caches))
        fail_msg("%s", why);
    return rules;
}

static inline const career_json *rig_json(const char *text)
{
    const char *fault;
    const career_json *json = career_json_parse(pool, text, strlen(text), &fault);

    if (!json)
        fail_msg("%s: %s", text, fault);
    return json;
}

/* What a save leaves: the document after merge and check, and what was wrong with it. */
typedef struct rig_save {
    career_document *document;
    career_violations *violations;
    career_error *error;
} rig_save;

static inline rig_save rig_check(const char *body, const career_document *previous)
{
    rig_save save = {.violations = career_violations_make(pool)};
    career_identity user = {.role = "authenticated", .aal = "aal1"};

    apr_cpystrn(user.user_id, USER, sizeof(user.user_id));
    user.payload = CAREER_SLICE("{\"app\":{\"plan\":\"pro\"}}");
    save.document = career_document_merge(pool, career_rules_layout(rules), previous,
                                          rig_json(body), save.violations);
    save.error =
        career_rules_check(rules, pool, save.document, previous, &user, RIG_NOW, save.violations);
    return save;
}

/* "path code; path code", in the order of the report; "" when all is well. */
static inline const char *rig_codes(const career_violations *violations)
{
    career_text text = career_text_make(pool, 64);

    for (size_t i = 0; i < violations->count; i++)
        career_text_add_format(&text, "%s%s %s", i ? "; " : "", violations->items[i].field,
                               violations->items[i].code);
    return text.data;
}

/* The codes for members beside the required ones. */
static inline const char *rig_judge(const char *members)
{
    const char *body =
        apr_pstrcat(pool, "{" REQUIRED_VALUES, *members ? "," : "", members, "}", NULL);
    rig_save save = rig_check(body, NULL);

    if (save.error)
        fail_msg("%s: %s", members, save.error->cause);
    return rig_codes(save.violations);
}

/* A field of the document after the save, as JSON. */
static inline const char *rig_value(const career_document *document, const char *name)
{
    career_text text = career_text_make(pool, 64);
    int index = career_layout_find(document->layout, career_slice_of(name));

    career_json_write(&text, document->values[index]);
    return text.data;
}

#endif
