/* SPDX-License-Identifier: Apache-2.0 */
/* The options of kinds: which there are, and what is taken of one. */
#include "rules/kind_scope.h"

#include <math.h>
#include <string.h>

#include "rules/nearest.h"

#define LIMIT_MAX 1000000 /* of texts and lists */
#define WORDS_MAX 500     /* bytes of a label, or of a message */

const char *const career_kind_common_options[] = {"default", "nullable", "label",
                                                  "message", "optional", NULL};
const char *const career_kind_options[CAREER_KIND_COUNT][CAREER_KIND_OPTIONS_MAX] = {
    [CAREER_IS_TEXT] = {"min", "max", "trimmed", "matches", "format", NULL},
    [CAREER_IS_INTEGER] = {"min", "max", NULL},
    [CAREER_IS_NUMBER] = {"min", "max", NULL},
    [CAREER_IS_BOOLEAN] = {NULL},
    [CAREER_IS_DATE] = {"min", "max", "time", NULL},
    [CAREER_IS_ONE_OF] = {NULL},
    [CAREER_IS_LIST] = {"of", "min", "max", "unique", NULL},
    [CAREER_IS_RECORD] = {NULL}};
const char *const career_kind_codes[] = {"required",   "wrong_type",   "too_short", "too_long",
                                         "too_few",    "too_many",     "duplicate", "not_allowed",
                                         "bad_format", "out_of_range", NULL};

static bool is_listed(const char *const *list, const char *name)
{
    for (; *list; list++)
        if (strcmp(*list, name) == 0)
            return true;
    return false;
}

static bool refuse_option(career_scope *s, const char *name)
{
    const char *known[16];
    size_t count = 0;

    for (const char *const *at = career_kind_options[s->kind->id]; *at; at++)
        known[count++] = *at;
    for (const char *const *at = career_kind_common_options; *at; at++)
        known[count++] = *at;
    known[count] = NULL;
    return career_scope_refuse(s, "field.%s has no option \"%.60s\"; did you mean \"%s\"?",
                               career_kind_names[s->kind->id], name, career_nearest(name, known));
}

/* Members of a record stand among its options, and are told by being kinds. */
static bool is_member(const career_scope *s, const career_json *option)
{
    return s->kind->id == CAREER_IS_RECORD && career_kind_line(option);
}

static const career_json *get_option(const career_scope *s, const char *name)
{
    const career_json *value = career_json_get(s->options, name);

    return value && is_member(s, value) ? NULL : value;
}

bool career_scope_check_options(career_scope *s)
{
    for (size_t i = 0; i < s->options->object.count; i++) {
        const career_json_member *option = &s->options->object.members[i];

        if (is_member(s, option->value))
            continue;
        if (!is_listed(career_kind_common_options, option->name.data) &&
            !is_listed(career_kind_options[s->kind->id], option->name.data))
            return refuse_option(s, option->name.data);
    }
    if (s->items->array.count && s->kind->id != CAREER_IS_ONE_OF && s->kind->id != CAREER_IS_LIST)
        return career_scope_refuse(s, "field.%s takes options by name only",
                                   career_kind_names[s->kind->id]);
    return true;
}

/* Of a type, or absent (*value NULL). */
static bool take(career_scope *s, const char *name, career_json_type type, const char *wanted,
                 const career_json **value)
{
    *value = get_option(s, name);
    if (*value && ((*value)->type != type || *value == &career_sandbox_function))
        return career_scope_refuse(s, "%s must be %s", name, wanted);
    return true;
}

bool career_scope_take_flag(career_scope *s, const char *name, bool *flag)
{
    const career_json *value;

    if (!take(s, name, CAREER_JSON_BOOLEAN, "true or false", &value))
        return false;
    if (value)
        *flag = value->boolean;
    return true;
}

bool career_scope_take_string(career_scope *s, const char *name, const char **string)
{
    const career_json *value;

    if (!take(s, name, CAREER_JSON_STRING, "a text", &value))
        return false;
    if (value)
        *string = value->string.data;
    return true;
}

static bool take_number(career_scope *s, const char *name, bool *has, double *number)
{
    const career_json *value = career_json_get(s->options, name);

    if (!value)
        return true;
    if (value->type != CAREER_JSON_INTEGER && value->type != CAREER_JSON_REAL)
        return career_scope_refuse(s, "%s must be a number", name);
    *has = true;
    *number = value->type == CAREER_JSON_INTEGER ? (double)value->integer : value->real;
    return true;
}

bool career_scope_take_range(career_scope *s)
{
    career_kind *kind = s->kind;

    if (!take_number(s, "min", &kind->has_min, &kind->min) ||
        !take_number(s, "max", &kind->has_max, &kind->max))
        return false;
    if (kind->has_min && kind->has_max && kind->min > kind->max)
        return career_scope_refuse(s, "min is greater than max");
    return true;
}

/* A range of lengths. */
bool career_scope_take_counts(career_scope *s)
{
    const career_kind *kind = s->kind;

    if (!career_scope_take_range(s))
        return false;
    for (int i = 0; i < 2; i++) {
        double limit = i ? kind->max : kind->min;

        if (limit != floor(limit) || limit < 0 || limit > LIMIT_MAX)
            return career_scope_refuse(s, "%s must be a whole number from 0 to %d",
                                       i ? "max" : "min", LIMIT_MAX);
    }
    return true;
}

/* Clients get it with every violation, up to a hundred times in one answer. */
static bool is_sentence(const career_json *value)
{
    return value->type == CAREER_JSON_STRING && value->string.len > 0 &&
           value->string.len <= WORDS_MAX;
}

static bool take_label(career_scope *s)
{
    const career_json *label = get_option(s, "label");

    if (label && !is_sentence(label))
        return career_scope_refuse(s, "label must be a text of at most %d bytes", WORDS_MAX);
    if (label)
        s->kind->label = label->string.data;
    return true;
}

/* A text for every code, or texts by code. */
static bool take_message(career_scope *s)
{
    const career_json *message = get_option(s, "message");

    if (!message)
        return true;
    s->kind->message = message;
    if (is_sentence(message))
        return true;
    if (message->type != CAREER_JSON_OBJECT || message == &career_sandbox_function ||
        career_kind_line(message))
        return career_scope_refuse(
            s, "message must be a text of at most %d bytes, or a table of such by code", WORDS_MAX);
    for (size_t i = 0; i < message->object.count; i++) {
        const career_json_member *member = &message->object.members[i];

        if (!is_listed(career_kind_codes, member->name.data))
            return career_scope_refuse(
                s, "message: there is no code \"%.60s\"; did you mean \"%s\"?", member->name.data,
                career_nearest(member->name.data, career_kind_codes));
        if (!is_sentence(member->value))
            return career_scope_refuse(s, "message.%s must be a text of at most %d bytes",
                                       member->name.data, WORDS_MAX);
    }
    return true;
}

bool career_scope_take_common(career_scope *s)
{
    const career_json *fallback = get_option(s, "default");

    if (fallback && s->level > 0)
        return career_scope_refuse(s, "a default is for a field, not for a part of one");
    s->kind->fallback = fallback;
    if (!career_scope_take_flag(s, "nullable", &s->kind->nullable) ||
        !career_scope_take_flag(s, "optional", &s->kind->optional) || !take_label(s) ||
        !take_message(s))
        return false;
    if (s->kind->optional && s->level == 0)
        return career_scope_refuse(s,
                                   "optional is for members of records; a field is optional unless "
                                   "`required` names it");
    return true;
}
