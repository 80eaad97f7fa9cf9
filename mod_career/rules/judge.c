/* SPDX-License-Identifier: Apache-2.0 */
/* The judgement of a value by its kind. */
#include "rules/judge.h"

#include <math.h>

/* ------------------------------------------------------------------------------------ numbers */

static bool is_integer(const career_json *value)
{
    return value->type == CAREER_JSON_INTEGER ||
           (value->type == CAREER_JSON_REAL && value->real == floor(value->real) &&
            fabs(value->real) < 9223372036854775808.0);
}

/* As JSON has it: printf heeds the locale that another module may have set, and APR's leaves out the zero of 0.5. */
static void report_range(career_judgement *judgement, const career_kind *kind,
                         const career_path *path, const char *side, double limit)
{
    const career_json number = {.type = CAREER_JSON_REAL, .real = limit};
    career_text text = career_text_make(judgement->pool, 32);

    career_json_write(&text, &number);
    career_judge_report(judgement, kind, path, "out_of_range", "must be at %s %s", side, text.data);
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
        return career_judge_text(judgement, kind, value, path);
    case CAREER_IS_DATE:
        return career_judge_date(judgement, kind, value, path);
    case CAREER_IS_ONE_OF:
        career_judge_choice(judgement, kind, value, path);
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
