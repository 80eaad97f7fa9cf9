/* SPDX-License-Identifier: Apache-2.0 */
/* The judgement of a value by its kind. */
#include "rules/kind.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <apr_strings.h>

#define NAME_SHOWN_MAX 100 /* bytes of a client's own name that are repeated */
#define TOO_DEAR_MAX 8

/* ------------------------------------------------------------------------------------ reports */

/* As much of a client's name as fits, cut between characters, without control characters. */
static void add_name(career_text *text, career_slice name)
{
    size_t len = name.len;

    if (len > NAME_SHOWN_MAX)
        for (len = NAME_SHOWN_MAX; len > 0 && ((unsigned char)name.data[len] & 0xc0) == 0x80;)
            len--;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name.data[i];

        if (c < 0x20 || c == 0x7f)
            career_text_add_format(text, "\\u%04x", c);
        else
            career_text_add_char(text, (char)c);
    }
    if (len < name.len)
        career_text_add_string(text, "…");
}

static void add_path(career_text *text, const career_path *path)
{
    if (path->up)
        add_path(text, path->up);
    if (!path->name.data) {
        career_text_add_format(text, "[%" APR_SIZE_T_FMT "]", path->index);
        return;
    }
    if (path->up)
        career_text_add_char(text, '.');
    add_name(text, path->name);
}

/* The operator's own words for it, or NULL. */
static const char *own_words(const career_kind *kind, const char *code)
{
    const career_json *words = kind->message;

    if (words && words->type == CAREER_JSON_OBJECT)
        words = career_json_get(words, code);
    return words ? words->string.data : NULL;
}

void career_judge_report(career_judgement *judgement, const career_kind *kind,
                         const career_path *path, const char *code, const char *message, ...)
{
    career_violations *violations = judgement->violations;
    career_text where;
    const char *words = own_words(kind, code), *label;
    const char *const *allowed = strcmp(code, "not_allowed") == 0 ? kind->allowed : NULL;
    va_list args;

    if (violations->count == CAREER_VIOLATIONS_MAX) { /* only counted: spare the words */
        violations->omitted++;
        return;
    }
    where = career_text_make(violations->pool, 48);
    add_path(&where, path);
    label = kind->label ? kind->label : where.data;
    va_start(args, message);
    if (words)
        career_violations_add(violations, where.data, code, allowed, "%s", words);
    else
        career_violations_add(violations, where.data, code, allowed, "%s %s", label,
                              apr_pvsprintf(violations->pool, message, args));
    va_end(args);
}

/* ------------------------------------------------------------------------------------ texts */

static bool check_length(career_judgement *judgement, const career_kind *kind, career_slice text,
                         const career_path *path)
{
    size_t length = career_utf8_length(text.data, text.len);

    if (kind->has_min && (double)length < kind->min) {
        if (length == 0)
            career_judge_report(judgement, kind, path, "too_short", "must not be blank");
        else
            career_judge_report(judgement, kind, path, "too_short",
                                "must have at least %.0f characters", kind->min);
        return false;
    }
    if (kind->has_max && (double)length > kind->max) {
        career_judge_report(judgement, kind, path, "too_long", "may have at most %.0f character%s",
                            kind->max, kind->max == 1 ? "" : "s");
        return false;
    }
    return true;
}

static void note_given_up(career_violations *violations, const char *before,
                          const career_path *path, const char *after)
{
    career_text note;

    if (violations->given_up)
        return;
    note = career_text_make(violations->pool, 128);
    career_text_add_string(&note, before);
    add_path(&note, path);
    career_text_add_string(&note, after);
    violations->given_up = note.data;
}

/* Most documents have no text for a pattern, and need not pay for looking at a clock. */
static bool has_time(career_meter *meter)
{
    if (meter->deadline == CAREER_NEVER)
        career_meter_start(meter, CAREER_METER_CALL);
    return career_meter_look(meter);
}

/* What a pattern cannot decide within its limits does not match. */
static bool matches(career_judgement *judgement, const career_kind *kind, career_slice text,
                    const career_path *path)
{
    career_match match;

    if (judgement->too_dear >= TOO_DEAR_MAX)
        return false;
    if (judgement->meter && !has_time(judgement->meter)) {
        note_given_up(
            judgement->violations, "those up to ", path,
            " took the budget's time for texts that were sent; the rest is refused as bad_format");
        return false;
    }
    match = career_pattern_match(kind->pattern, text);
    if (match == CAREER_MATCH_TOO_DEAR) {
        judgement->too_dear++;
        note_given_up(
            judgement->violations, "the one of ", path,
            " takes too many steps for a text that was sent, which is refused as bad_format");
    }
    return match == CAREER_MATCH_YES;
}

static const career_json *judge_text(career_judgement *judgement, const career_kind *kind,
                                     const career_json *value, const career_path *path)
{
    career_slice text = value->string;

    if (!kind->untrimmed)
        text = career_format_trim(text);
    if (check_length(judgement, kind, text, path)) {
        if (kind->format && !kind->format->fits(text))
            career_judge_report(judgement, kind, path, "bad_format", "must be %s",
                                kind->format->wanted);
        else if (kind->pattern && !matches(judgement, kind, text, path))
            career_judge_report(judgement, kind, path, "bad_format",
                                "does not have the form that is asked for");
    }
    return text.len == value->string.len ? value
                                         : career_json_string(judgement->pool, text.data, text.len);
}

static const career_json *judge_date(career_judgement *judgement, const career_kind *kind,
                                     const career_json *value, const career_path *path)
{
    career_slice text = career_format_trim(value->string);

    if (!career_format_is_date(text) && !(kind->timed && career_format_is_date_time(text)))
        career_judge_report(judgement, kind, path, "bad_format", "must be a date such as %s",
                            kind->timed ? "2026-02-28 or 2026-02-28T12:00:00Z" : "2026-02-28");
    else if (kind->from.data && memcmp(text.data, kind->from.data, kind->from.len) < 0)
        career_judge_report(judgement, kind, path, "out_of_range", "must not be before %s",
                            kind->from.data);
    else if (kind->till.data && memcmp(text.data, kind->till.data, kind->till.len) > 0)
        career_judge_report(judgement, kind, path, "out_of_range", "must not be after %s",
                            kind->till.data);
    return text.len == value->string.len ? value
                                         : career_json_string(judgement->pool, text.data, text.len);
}

static void judge_choice(career_judgement *judgement, const career_kind *kind,
                         const career_json *value, const career_path *path)
{
    for (size_t i = 0; i < kind->value_count; i++)
        if (career_slice_equal(kind->values[i], value->string))
            return;
    career_judge_report(judgement, kind, path, "not_allowed", "is not one of the allowed values");
}

/* ------------------------------------------------------------------------------------ numbers */

static bool is_integer(const career_json *value)
{
    return value->type == CAREER_JSON_INTEGER ||
           (value->type == CAREER_JSON_REAL && value->real == floor(value->real) &&
            fabs(value->real) < 9223372036854775808.0);
}

/* APR's printf leaves out the zero of 0.5. */
static void report_range(career_judgement *judgement, const career_kind *kind,
                         const career_path *path, const char *side, double limit)
{
    char number[32];

    snprintf(number, sizeof(number), "%.15g", limit);
    career_judge_report(judgement, kind, path, "out_of_range", "must be at %s %s", side, number);
}

static void judge_number(career_judgement *judgement, const career_kind *kind,
                         const career_json *value, const career_path *path)
{
    double number = value->type == CAREER_JSON_INTEGER ? (double)value->integer : value->real;

    if (kind->has_min && number < kind->min)
        report_range(judgement, kind, path, "least", kind->min);
    else if (kind->has_max && number > kind->max)
        report_range(judgement, kind, path, "most", kind->max);
}

/* ------------------------------------------------------------------------------------ lists */

static bool check_count(career_judgement *judgement, const career_kind *kind, size_t count,
                        const career_path *path)
{
    if (kind->has_min && (double)count < kind->min)
        career_judge_report(judgement, kind, path, "too_few", "must have at least %.0f item%s",
                            kind->min, kind->min == 1 ? "" : "s");
    if (!kind->has_max || (double)count <= kind->max)
        return true;
    career_judge_report(judgement, kind, path, "too_many", "may have at most %.0f item%s",
                        kind->max, kind->max == 1 ? "" : "s");
    return false;
}

/* An item or member: null where that is allowed, else judged. */
static const career_json *judge_part(career_judgement *judgement, const career_kind *kind,
                                     const career_json *value, const career_path *path)
{
    if (value->type != CAREER_JSON_NULL)
        return career_judge(judgement, kind, value, path);
    if (!kind->nullable && !kind->optional)
        career_judge_report(judgement, kind, path, path->name.data ? "required" : "wrong_type",
                            path->name.data ? "is required" : "must not be null");
    return value;
}

static const career_json *judge_list(career_judgement *judgement, const career_kind *kind,
                                     const career_json *value, const career_path *path)
{
    career_json *changed = NULL;
    const career_json *normal;

    if (!check_count(judgement, kind, value->array.count, path))
        return value;
    for (size_t i = 0; i < value->array.count; i++) {
        const career_path at = {path, {NULL, 0}, i};
        const career_json *item = value->array.items[i];

        normal = judge_part(judgement, kind->item, item, &at);
        if (normal != item && !changed) {
            changed = career_json_array(judgement->pool, value->array.count);
            changed->array.count = value->array.count;
            memcpy(changed->array.items, value->array.items, value->array.count * sizeof(item));
        }
        if (changed)
            changed->array.items[i] = normal;
    }
    if (changed)
        value = changed;
    if (kind->unique)
        career_judge_duplicates(judgement, kind->item, value, path);
    return value;
}

/* ------------------------------------------------------------------------------------ records */

static const career_kind *find_member(const career_kind *kind, career_slice name)
{
    for (size_t i = 0; i < kind->member_count; i++)
        if (career_slice_equal(kind->members[i].name, name))
            return kind->members[i].kind;
    return NULL;
}

static void report_missing(career_judgement *judgement, const career_kind *kind,
                           const career_json *value, const career_path *path)
{
    for (size_t i = 0; i < kind->member_count; i++) {
        const career_kind_member *member = &kind->members[i];
        const career_path at = {path, member->name, 0};

        if (!member->kind->optional && !career_json_get_slice(value, member->name))
            career_judge_report(judgement, member->kind, &at, "required", "is required");
    }
}

static const career_json *judge_record(career_judgement *judgement, const career_kind *kind,
                                       const career_json *value, const career_path *path)
{
    static const career_kind nameless = {.id = CAREER_IS_TEXT};
    career_json *changed = NULL;

    for (size_t i = 0; i < value->object.count; i++) {
        const career_json_member *member = &value->object.members[i];
        const career_kind *inner = find_member(kind, member->name);
        const career_path at = {path, member->name, 0};
        const career_json *normal = member->value;

        if (inner)
            normal = judge_part(judgement, inner, member->value, &at);
        else
            career_judge_report(judgement, &nameless, &at, "unknown_field",
                                "is not a member of this record");
        if (normal != member->value && !changed) {
            changed = career_json_object(judgement->pool, value->object.count);
            changed->object.count = value->object.count;
            memcpy(changed->object.members, value->object.members,
                   value->object.count * sizeof(*member));
        }
        if (changed)
            changed->object.members[i].value = normal;
    }
    report_missing(judgement, kind, value, path);
    return changed ? changed : value;
}

/* ------------------------------------------------------------------------------------ any value */

static bool has_type(const career_kind *kind, const career_json *value)
{
    switch (kind->id) {
    case CAREER_IS_INTEGER:
        return is_integer(value);
    case CAREER_IS_NUMBER:
        return value->type == CAREER_JSON_INTEGER || value->type == CAREER_JSON_REAL;
    case CAREER_IS_BOOLEAN:
        return value->type == CAREER_JSON_BOOLEAN;
    case CAREER_IS_LIST:
        return value->type == CAREER_JSON_ARRAY;
    case CAREER_IS_RECORD:
        return value->type == CAREER_JSON_OBJECT;
    default:
        return value->type == CAREER_JSON_STRING;
    }
}

static const char *const wanted_types[] = {
    [CAREER_IS_TEXT] = "text",           [CAREER_IS_INTEGER] = "a whole number",
    [CAREER_IS_NUMBER] = "a number",     [CAREER_IS_BOOLEAN] = "true or false",
    [CAREER_IS_DATE] = "a date as text", [CAREER_IS_ONE_OF] = "one of the allowed texts",
    [CAREER_IS_LIST] = "a list",         [CAREER_IS_RECORD] = "a record (an object)"};

const career_json *career_judge(career_judgement *judgement, const career_kind *kind,
                                const career_json *value, const career_path *path)
{
    if (!has_type(kind, value)) {
        career_judge_report(judgement, kind, path, "wrong_type", "must be %s",
                            wanted_types[kind->id]);
        return value;
    }
    switch (kind->id) {
    case CAREER_IS_TEXT:
        return judge_text(judgement, kind, value, path);
    case CAREER_IS_DATE:
        return judge_date(judgement, kind, value, path);
    case CAREER_IS_ONE_OF:
        judge_choice(judgement, kind, value, path);
        return value;
    case CAREER_IS_INTEGER:
    case CAREER_IS_NUMBER:
        judge_number(judgement, kind, value, path);
        return value;
    case CAREER_IS_LIST:
        return judge_list(judgement, kind, value, path);
    case CAREER_IS_RECORD:
        return judge_record(judgement, kind, value, path);
    default:
        return value;
    }
}

bool career_kind_is_blank(const career_kind *kind, const career_json *value)
{
    if (value->type == CAREER_JSON_ARRAY)
        return value->array.count == 0;
    if (value->type != CAREER_JSON_STRING)
        return false;
    return (kind->id == CAREER_IS_TEXT && kind->untrimmed ? value->string
                                                          : career_format_trim(value->string))
               .len == 0;
}
