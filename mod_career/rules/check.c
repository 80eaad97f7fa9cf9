/* SPDX-License-Identifier: Apache-2.0 */
/* The judgement of a document, and what is recommended for it. */
#include "rules/compiled.h"

#include <apr_strings.h>

#define FIELD_MAX 200   /* bytes of a path that validate names */
#define CODE_MAX 64     /* of its code */
#define MESSAGE_MAX 500 /* of its message */

/* ------------------------------------------------------------------------------------ declarative rules */

/* A sent value takes its normal form. A blank text in a field that may be empty is no text: the field is
 * cleared. A list that had to be rebuilt is a new value, so that it is not taken for absent. */
static void settle(career_document *merged, size_t index, const career_kind *kind,
                   const career_json *normal)
{
    bool text = kind->id == CAREER_IS_TEXT || kind->id == CAREER_IS_DATE;

    if (!merged->sent[index])
        return;
    if (text && career_kind_is_blank(kind, normal))
        normal = merged->layout->fields[index].fallback;
    merged->values[index] = normal;
}

static void check_field(const career_rules *rules, career_judgement *judgement,
                        career_document *merged, size_t index)
{
    const career_rule *rule = &rules->rules[index];
    const career_kind *kind = rule->kind;
    const career_json *value = merged->values[index];
    const career_path path = {NULL, rules->layout.fields[index].name, 0};
    bool absent = career_document_lacks(merged, index);
    bool blank = !absent && career_kind_is_blank(kind, value);

    if (rule->required && (absent || (blank && kind->id != CAREER_IS_RECORD))) {
        career_judge_report(judgement, kind, &path, "required",
                            kind->id == CAREER_IS_LIST ? "must not be empty" : "is required");
        return;
    }
    if (absent)
        return;
    if (blank && (kind->id == CAREER_IS_TEXT || kind->id == CAREER_IS_DATE) &&
        value->type == CAREER_JSON_STRING)
        settle(merged, index, kind, value);
    else
        settle(merged, index, kind, career_judge(judgement, kind, value, &path));
}

/* ------------------------------------------------------------------------------------ validate */

static const char *const *read_allowed(apr_pool_t *pool, const career_json *list, bool *good)
{
    const char **allowed;

    if (!list)
        return NULL;
    *good = *good && list->type == CAREER_JSON_ARRAY;
    if (!*good)
        return NULL;
    allowed = apr_pcalloc(pool, (list->array.count + 1) * sizeof(*allowed));
    for (size_t i = 0; i < list->array.count && *good; i++) {
        *good = list->array.items[i]->type == CAREER_JSON_STRING;
        if (*good)
            allowed[i] = list->array.items[i]->string.data;
    }
    return allowed;
}

/* A string of the object, not empty and not longer than max; or what stands for an absent one. */
static const char *read_string(const career_json *object, const char *name, size_t max,
                               const char *absent)
{
    const career_json *value = career_json_get(object, name);

    if (!value)
        return absent;
    if (value->type != CAREER_JSON_STRING || value->string.len == 0 || value->string.len > max)
        return NULL;
    return value->string.data;
}

static bool add_complaint(career_violations *violations, const career_json *complaint)
{
    bool good = true;
    const char *field = read_string(complaint, "field", FIELD_MAX, NULL);
    const char *code = read_string(complaint, "code", CODE_MAX, "not_valid");
    const char *message = read_string(complaint, "message", MESSAGE_MAX, "This value is not valid");
    const char *const *allowed =
        read_allowed(violations->pool, career_json_get(complaint, "allowed"), &good);

    if (!good || !field || !code || !message)
        return false;
    career_violations_add(violations, field, code, allowed, "%s", message);
    return true;
}

static career_error *read_complaints(apr_pool_t *pool, const career_json *result,
                                     career_violations *violations)
{
    bool good = result->type == CAREER_JSON_NULL || result->type == CAREER_JSON_ARRAY;

    if (result->type == CAREER_JSON_ARRAY)
        for (size_t i = 0; i < result->array.count && good; i++)
            good = add_complaint(violations, result->array.items[i]);
    if (good)
        return NULL;
    return career_error_make(pool, CAREER_ERROR_INTERNAL_ERROR,
                             "%s: validate must return nil or a list of { field = \"...\", "
                             "code = \"...\", message = \"...\" }",
                             CAREER_VALIDATION_FILE);
}

static career_error *call_validate(career_rules *rules, apr_pool_t *pool,
                                   const career_document *merged, const career_document *previous,
                                   const career_identity *user, apr_time_t now,
                                   career_violations *violations)
{
    const career_json *arguments[] = {career_document_json(pool, merged),
                                      previous ? career_document_json(pool, previous)
                                               : &career_json_null,
                                      career_functions_user(&rules->validate, pool, user)};
    const career_json *result;
    const char *why;

    if (!career_functions_call(&rules->validate, "validate", arguments, 3, now, pool, &result,
                               &why))
        return career_error_make(pool, CAREER_ERROR_INTERNAL_ERROR, "the function validate: %s",
                                 why);
    return read_complaints(pool, result, violations);
}

career_error *career_rules_check(career_rules *rules, apr_pool_t *pool, career_document *merged,
                                 const career_document *previous, const career_identity *user,
                                 apr_time_t now, career_violations *violations)
{
    career_meter meter = {.budget = rules->budget, .deadline = CAREER_NEVER};
    career_judgement judgement = {.pool = pool, .violations = violations, .meter = &meter};

    for (size_t i = 0; i < rules->layout.count; i++)
        check_field(rules, &judgement, merged, i);
    if (violations->count || !rules->validate.any)
        return NULL;
    return call_validate(rules, pool, merged, previous, user, now, violations);
}

/* ------------------------------------------------------------------------------------ recommendations */

static double amount(const career_rule *rule, const career_document *document, size_t index)
{
    const career_json *value = document->values[index];

    if (career_document_lacks(document, index) || career_kind_is_blank(rule->kind, value))
        return 0;
    return value->type == CAREER_JSON_ARRAY ? (double)value->array.count : 1;
}

static const career_json *recommendation(apr_pool_t *pool, career_slice field, double have,
                                         double want, const char *message)
{
    career_json *object = career_json_object(pool, 4);

    career_json_set(pool, object, "field", career_json_string(pool, field.data, field.len));
    career_json_set(pool, object, "have", career_json_integer(pool, (int64_t)have));
    career_json_set(pool, object, "want", career_json_integer(pool, (int64_t)want));
    career_json_set(pool, object, "message", career_json_string(pool, message, strlen(message)));
    return object;
}

static const char *minimum_message(apr_pool_t *pool, const career_rule *rule, career_slice field)
{
    const char *label = rule->kind->label ? rule->kind->label : field.data;

    if (rule->wanted_message)
        return rule->wanted_message;
    if (rule->wanted == 1)
        return apr_psprintf(pool, "%s: fill it in for better recommendations", label);
    return apr_psprintf(pool, "%s: name at least %.0f for better recommendations", label,
                        rule->wanted);
}

const career_json *career_rules_recommend(const career_rules *rules, apr_pool_t *pool,
                                          const career_document *document)
{
    career_json *list = career_json_array(pool, 2 * rules->layout.count);

    for (size_t i = 0; i < rules->layout.count; i++) {
        const career_rule *rule = &rules->rules[i];
        career_slice name = rules->layout.fields[i].name;
        double have = rule->wanted > 0 || rule->enhancement ? amount(rule, document, i) : 0;

        if (have < rule->wanted)
            career_json_append(list, recommendation(pool, name, have, rule->wanted,
                                                    minimum_message(pool, rule, name)));
        else if (rule->enhancement && have == 0)
            career_json_append(list, recommendation(pool, name, 0, 1, rule->enhancement));
    }
    return list;
}
