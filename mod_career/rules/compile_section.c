/* SPDX-License-Identifier: Apache-2.0 */
/* The sections that name fields: `required`, `recommended`, `enhancements`. */
#include "rules/compiler.h"

#include <string.h>

#include <apr_strings.h>

#include "rules/nearest.h"

#define WORDS_MAX 500 /* bytes of a text of the operator's that clients get */

/* The rule of a field that a section names; NULL, and said so, when it is not declared. */
static career_rule *find_rule(career_compiler *c, const char *section, const char *name)
{
    const career_layout *layout = &c->rules->layout;
    int index = career_layout_find(layout, career_slice_of(name));
    const char **known;

    if (index >= 0)
        return (career_rule *)&c->rules->rules[index];
    known = apr_pcalloc(c->pool, (layout->count + 1) * sizeof(*known));
    for (size_t i = 0; i < layout->count; i++)
        known[i] = layout->fields[i].name.data;
    if (layout->count == 0)
        career_compiler_fail(c, career_compiler_line_of(c, section, name),
                             "%s: there is no field \"%.80s\"", section, name);
    else
        career_compiler_fail(c, career_compiler_line_of(c, section, name),
                             "%s: there is no field \"%.80s\"; did you mean \"%s\"?", section, name,
                             career_nearest(name, known));
    return NULL;
}

static bool compile_required_name(career_compiler *c, const career_json *name)
{
    career_rule *rule;

    if (name->type != CAREER_JSON_STRING)
        return career_compiler_fail(c, career_compiler_line_of(c, "required", NULL),
                                    "required: a list of names of fields");
    rule = find_rule(c, "required", name->string.data);
    if (!rule)
        return false;
    if (rule->kind->nullable)
        return career_compiler_fail(c, rule->kind->line,
                                    "fields.%s is required, so it cannot be nullable",
                                    name->string.data);
    rule->required = true;
    return true;
}

/* The database wants these, whatever operators think. */
static bool check_indispensable(career_compiler *c)
{
    for (int column = 0; column < CAREER_COLUMN_COUNT; column++) {
        const char *name = career_columns[column].json;
        int index = career_layout_find(&c->rules->layout, career_slice_of(name));

        if (!career_columns[column].required)
            continue;
        if (index < 0)
            return career_compiler_fail(c, career_compiler_line_of(c, "fields", NULL),
                                        "fields: %s cannot be left out", name);
        if (!c->rules->rules[index].required)
            return career_compiler_fail(c, career_compiler_line_of(c, "required", NULL),
                                        "required must name %s", name);
    }
    return true;
}

static bool compile_required(career_compiler *c, const career_json *root)
{
    const career_json *names = career_json_get(root, "required");

    if (names && names->type != CAREER_JSON_ARRAY)
        return career_compiler_fail(c, career_compiler_line_of(c, "required", NULL),
                                    "required: a list of names of fields");
    for (size_t i = 0; names && i < names->array.count; i++)
        if (!compile_required_name(c, names->array.items[i]))
            return false;
    return check_indispensable(c);
}

/* A minimum is a number, or { min = 3, message = "…" }. */
static bool compile_minimum(career_compiler *c, const career_json_member *member)
{
    const char *name = member->name.data;
    career_rule *rule = find_rule(c, "recommended", name);
    const career_json *minimum = member->value, *message = NULL;
    int line = career_compiler_line_of(c, "recommended", name);

    if (!rule)
        return false;
    if (career_compiler_is_plain(minimum)) {
        message = career_json_get(minimum, "message");
        if (minimum->object.count != (message ? 2 : 1))
            return career_compiler_fail(
                c, line, "recommended.%s: a number, or { min = 3, message = \"...\" }", name);
        minimum = career_json_get(minimum, "min");
    }
    if (!minimum || minimum->type != CAREER_JSON_INTEGER || minimum->integer < 1 ||
        (message && (message->type != CAREER_JSON_STRING || message->string.len > WORDS_MAX)))
        return career_compiler_fail(
            c, line, "recommended.%s: a number, or { min = 3, message = \"...\" }", name);
    if (minimum->integer > 1 && rule->kind->id != CAREER_IS_LIST)
        return career_compiler_fail(c, line, "recommended.%s: only a list can have more than 1",
                                    name);
    if (rule->kind->has_max && rule->kind->id == CAREER_IS_LIST &&
        (double)minimum->integer > rule->kind->max)
        return career_compiler_fail(c, line,
                                    "recommended.%s is more than the %.0f that the field may have",
                                    name, rule->kind->max);
    rule->wanted = (double)minimum->integer;
    rule->wanted_message = message ? message->string.data : NULL;
    return true;
}

static bool compile_enhancement(career_compiler *c, const career_json_member *member)
{
    career_rule *rule = find_rule(c, "enhancements", member->name.data);

    if (!rule)
        return false;
    if (member->value->type != CAREER_JSON_STRING || member->value->string.len == 0 ||
        member->value->string.len > WORDS_MAX)
        return career_compiler_fail(
            c, career_compiler_line_of(c, "enhancements", member->name.data),
            "enhancements.%s: a text of at most %d bytes that says what it is good for",
            member->name.data, WORDS_MAX);
    rule->enhancement = member->value->string.data;
    return true;
}

/* An empty table comes out as an empty array. */
static bool is_table(const career_json *value)
{
    return career_compiler_is_plain(value) ||
           (value->type == CAREER_JSON_ARRAY && value->array.count == 0);
}

static bool compile_section(career_compiler *c, const career_json *root, const char *section,
                            bool (*compile)(career_compiler *c, const career_json_member *member))
{
    const career_json *table = career_json_get(root, section);

    if (!table)
        return true;
    if (!is_table(table))
        return career_compiler_fail(c, career_compiler_line_of(c, section, NULL),
                                    "%s: a table by names of fields", section);
    if (table->type == CAREER_JSON_OBJECT)
        for (size_t i = 0; i < table->object.count; i++)
            if (!compile(c, &table->object.members[i]))
                return false;
    return true;
}

bool career_compiler_sections(career_compiler *c, const career_json *root)
{
    return compile_required(c, root) && compile_section(c, root, "recommended", compile_minimum) &&
           compile_section(c, root, "enhancements", compile_enhancement);
}
