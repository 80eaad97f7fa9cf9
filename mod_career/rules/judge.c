/* SPDX-License-Identifier: Apache-2.0 */
/* Judges a whole document: the declared fields in C, then, if they hold, the operator's own function. */
#include <apr_lib.h>
#include <apr_strings.h>

#include "rules/compiled.h"

#define RESULTS_MAX 100
#define FIELD_NAME_MAX 200

/* Text of blanks only, or a list without items: not an answer to a required question. */
static bool is_blank(const career_json *value)
{
    if (value->type == CAREER_JSON_ARRAY)
        return value->array.count == 0;
    if (value->type != CAREER_JSON_STRING)
        return value->type == CAREER_JSON_NULL;
    for (size_t i = 0; i < value->string.len; i++)
        if (!apr_isspace(value->string.data[i]))
            return false;
    return true;
}

static void check_field(const career_rules *rules, apr_pool_t *pool, career_document *document,
                        size_t i, career_violations *violations)
{
    const career_field *field = &rules->layout.fields[i];
    const career_kind *kind = rules->kinds[i];
    const career_json *value = document->values[i], *normal;
    const char *name = field->name.data;
    bool blank_text = value->type == CAREER_JSON_STRING && is_blank(value);

    if (rules->required[i] && (value == field->fallback || is_blank(value))) {
        career_violations_add(
            violations, name, "required", NULL, "%s",
            kind->message ? kind->message
                          : apr_psprintf(pool, "%s is required", kind->label ? kind->label : name));
        return;
    }
    if (value == field->fallback)
        return;
    if (blank_text && kind->id == CAREER_IS_TEXT && document->sent[i]) {
        document->values[i] = field->fallback; /* an emptied input clears the field */
        return;
    }
    normal = career_kind_check(kind, pool, value, name, violations);
    if (document->sent[i])
        document->values[i] = normal;
}

static const char *text_of(const career_json *object, const char *name, const char *otherwise)
{
    const career_json *value = career_json_get(object, name);

    return value && value->type == CAREER_JSON_STRING ? value->string.data : otherwise;
}

/* nil, or a list of { field = …, code = …, message = … }. */
static const char *take_results(const career_json *results, career_violations *violations)
{
    if (results->type == CAREER_JSON_NULL)
        return NULL;
    if (results->type != CAREER_JSON_ARRAY || results->array.count > RESULTS_MAX)
        return "validate returns nil or a list of at most 100 tables { field, code, message }";
    for (size_t i = 0; i < results->array.count; i++) {
        const career_json *item = results->array.items[i];
        const char *message = text_of(item, "message", NULL);

        if (!message)
            return "validate: an item of the list has no message";
        career_violations_add(
            violations, apr_pstrndup(violations->pool, text_of(item, "field", ""), FIELD_NAME_MAX),
            apr_pstrdup(violations->pool, text_of(item, "code", "invalid")), NULL, "%s", message);
    }
    return NULL;
}

static career_error *call_validate(career_rules *rules, apr_pool_t *pool,
                                   const career_document *merged, const career_document *previous,
                                   const career_identity *user, apr_time_t now,
                                   career_violations *violations)
{
    const career_json *arguments[] = {career_document_json(pool, merged),
                                      previous ? career_document_json(pool, previous) : NULL,
                                      career_user_json(pool, user)};
    const char *why = NULL;
    const career_json *results =
        career_sandboxes_call(rules->validate, pool, "validate", arguments, 3, now, &why);

    if (results)
        why = take_results(results, violations);
    return why ? career_error_make(pool, CAREER_ERROR_INTERNAL_ERROR, "validate: %s", why) : NULL;
}

career_error *career_rules_check(career_rules *rules, apr_pool_t *pool, career_document *merged,
                                 const career_document *previous, const career_identity *user,
                                 apr_time_t now, career_violations *violations)
{
    for (size_t i = 0; i < rules->layout.count; i++)
        check_field(rules, pool, merged, i, violations);
    if (violations->count || !rules->validate)
        return NULL;
    return call_validate(rules, pool, merged, previous, user, now, violations);
}

static int64_t have(const career_json *value)
{
    if (value->type == CAREER_JSON_ARRAY)
        return (int64_t)value->array.count;
    return !is_blank(value);
}

static void recommend(const career_rules *rules, apr_pool_t *pool, career_json *list,
                      const career_minimum *minimum, const career_document *document)
{
    const career_field *field = &rules->layout.fields[minimum->field];
    const career_kind *kind = rules->kinds[minimum->field];
    int64_t count = have(document->values[minimum->field]);
    career_json *item;
    const char *message = minimum->message;

    if (count >= minimum->want)
        return;
    if (!message)
        message =
            apr_psprintf(pool, "Add at least %" APR_INT64_T_FMT " to %s for better recommendations",
                         minimum->want, kind->label ? kind->label : field->name.data);
    item = career_json_object(pool, 4);
    career_json_set(pool, item, "field",
                    career_json_string(pool, field->name.data, field->name.len));
    career_json_set(pool, item, "have", career_json_integer(pool, count));
    career_json_set(pool, item, "want", career_json_integer(pool, minimum->want));
    career_json_set(pool, item, "message", career_json_string(pool, message, strlen(message)));
    career_json_append(list, item);
}

const career_json *career_rules_recommend(const career_rules *rules, apr_pool_t *pool,
                                          const career_document *document)
{
    career_json *list =
        career_json_array(pool, rules->recommended_count + rules->enhancement_count);

    for (size_t i = 0; i < rules->recommended_count; i++)
        recommend(rules, pool, list, &rules->recommended[i], document);
    for (size_t i = 0; i < rules->enhancement_count; i++)
        recommend(rules, pool, list, &rules->enhancements[i], document);
    return list;
}
