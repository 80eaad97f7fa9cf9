/* SPDX-License-Identifier: Apache-2.0 */
/* The section `fields` becomes the layout of a document and the rule of each field. */
#include "rules/compiler.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#define NAME_MAX_BYTES 64 /* of a field */

typedef struct declared_field {
    career_field field;
    const career_kind *kind;
} declared_field;

static bool holds_text(const career_kind *kind)
{
    return kind->id == CAREER_IS_TEXT || kind->id == CAREER_IS_ONE_OF || kind->id == CAREER_IS_DATE;
}

/* What a column cannot hold, its rule must not allow. */
static bool check_column(career_compiler *c, const char *name, const career_kind *kind,
                         career_column column)
{
    switch (career_columns[column].kind) {
    case CAREER_KIND_TEXT:
        return holds_text(kind) ||
               career_compiler_fail(
                   c, kind->line,
                   "fields.%s: its column holds a text: field.text, field.one_of or field.date",
                   name);
    case CAREER_KIND_TEXT_LIST:
        return (kind->id == CAREER_IS_LIST && holds_text(kind->item) && !kind->item->nullable) ||
               career_compiler_fail(
                   c, kind->line,
                   "fields.%s: its column holds a list of texts: field.list of field.text, "
                   "field.one_of or field.date",
                   name);
    default:
        return (kind->id == CAREER_IS_LIST && kind->item->id == CAREER_IS_RECORD &&
                !kind->item->nullable) ||
               career_compiler_fail(
                   c, kind->line,
                   "fields.%s: its column holds a list of records: field.list { field.record { ... } }",
                   name);
    }
}

static bool is_field_name(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > NAME_MAX_BYTES || !isalpha((unsigned char)name[0]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!career_compiler_is_word(name[i]))
            return false;
    return true;
}

static bool check_name(career_compiler *c, const career_json_member *declared)
{
    const char *name = declared->name.data;
    int line = career_kind_line(declared->value);

    if (!line)
        line = career_compiler_line_of(c, "fields", name);
    if (career_field_is_read_only(declared->name))
        return career_compiler_fail(
            c, line, "fields.%s is read-only: it comes from the token and the database", name);
    if (!is_field_name(name))
        return career_compiler_fail(
            c, line,
            "fields[\"%.80s\"]: a name is a letter and then letters, digits and _, at most "
            "%d in all",
            name, NAME_MAX_BYTES);
    if (!career_kind_line(declared->value))
        return career_compiler_fail(
            c, line, "fields.%s is no kind; write one such as field.text { max = 80 }", name);
    return true;
}

static const career_json *fallback_of(const career_kind *kind)
{
    if (kind->fallback)
        return kind->fallback;
    return kind->id == CAREER_IS_LIST ? &career_json_empty_array : &career_json_null;
}

static bool compile_field(career_compiler *c, const career_json_member *member,
                          declared_field *made)
{
    const char *name = member->name.data;
    career_column column = career_column_find(member->name);
    career_fault fault;

    if (!check_name(c, member))
        return false;
    made->kind = career_kind_compile(
        c->pool, member->value, apr_pstrcat(c->pool, "fields.", name, NULL), &c->meter, &fault);
    if (!made->kind)
        return career_compiler_fail(c, fault.line, "%s", fault.text);
    if (column != CAREER_COLUMN_EXTRA && !check_column(c, name, made->kind, column))
        return false;
    made->field = career_field_make(c->pool, member->name, column, fallback_of(made->kind));
    return true;
}

static int by_place(const void *a, const void *b)
{
    const declared_field *x = a, *y = b;

    if (x->field.column != y->field.column)
        return x->field.column < y->field.column ? -1 : 1;
    return strcmp(x->field.name.data, y->field.name.data);
}

/* Part of every ETag: what clients see of the rules. */
static const char *layout_hash(career_compiler *c)
{
    const career_layout *layout = &c->rules->layout;
    career_slice *parts = apr_palloc(c->pool, (2 * layout->count + 1) * sizeof(*parts));

    for (size_t i = 0; i < layout->count; i++) {
        parts[2 * i] = layout->fields[i].name;
        parts[2 * i + 1] = layout->fields[i].fallback_text;
    }
    return apr_pstrndup(c->pool, career_text_digest(c->pool, parts, 2 * layout->count), 8);
}

static void lay_out(career_compiler *c, declared_field *fields, size_t count)
{
    career_field *laid = apr_palloc(c->pool, count * sizeof(*laid));
    career_rule *rules = apr_pcalloc(c->pool, count * sizeof(*rules));

    qsort(fields, count, sizeof(*fields), by_place);
    for (size_t i = 0; i < count; i++) {
        laid[i] = fields[i].field;
        rules[i].kind = fields[i].kind;
    }
    c->rules->layout = (career_layout){.count = count, .fields = laid};
    c->rules->rules = rules;
    c->rules->layout.hash = layout_hash(c);
}

bool career_compiler_fields(career_compiler *c, const career_json *root)
{
    const career_json *fields = career_json_get(root, "fields");
    declared_field *made;

    if (!fields || !career_compiler_is_plain(fields))
        return career_compiler_fail(c, career_compiler_line_of(c, "fields", NULL),
                                    "it must return a table whose `fields` is a table of kinds: "
                                    "return { fields = { currentRole = field.text {} } }");
    if (fields->object.count > CAREER_FIELDS_MAX)
        return career_compiler_fail(c, career_compiler_line_of(c, "fields", NULL),
                                    "there may be at most %d fields", CAREER_FIELDS_MAX);
    made = apr_pcalloc(c->pool, fields->object.count * sizeof(*made));
    c->meter = (career_meter){.budget = *c->budget};
    career_meter_start(&c->meter, CAREER_METER_LOAD);
    for (size_t i = 0; i < fields->object.count; i++)
        if (!compile_field(c, &fields->object.members[i], &made[i]))
            return false;
    lay_out(c, made, fields->object.count);
    return true;
}
