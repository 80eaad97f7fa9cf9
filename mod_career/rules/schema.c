/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules as JSON Schema (draft 2020-12), for frontends. It describes profiles in their normal form: texts
 * without blanks around them, null instead of a blank one. What only the server can judge (the function
 * validate, days from and till, expressions that browsers lack) it leaves out, so that it never refuses what
 * the server would take.
 */
#include <apr_strings.h>

#include "rules/compiled.h"
#include "rules/ecma.h"

#define MEMBERS_MAX 16 /* of one schema */

/* clang-format off */
#define LEAP "(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29"
#define DAY "(?:" LEAP "|\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|" \
    "(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8])))"
#define CLOCK "(?:[01]\\d|2[0-3]):[0-5]\\d"
#define TIME "[Tt]" CLOCK ":(?:[0-5]\\d|60)(?:\\.\\d+)?(?:[Zz]|[+-]" CLOCK ")"
#define LABEL "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#define HOST LABEL "(?:\\." LABEL ")*"

/* What format.c does, for those who do not know the format or judge it otherwise. */
static const struct {
    const char *name;
    const char *standard; /* its name in JSON Schema */
    const char *pattern;
} formats[] = {
    {"date", "date", "^" DAY "$"},
    {"date-time", "date-time", "^" DAY TIME "$"},
    {"email", "email", "^(?=[^]{1,254}$)[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@" HOST "$"},
    {"url", "uri",
     "^[Hh][Tt][Tt][Pp][Ss]?://(?:" HOST "|\\[[0-9A-Fa-f:.]{2,}\\])(?::\\d{0,5})?"
     "(?:[/?#][^\\x00-\\x20\"<>\\\\^`{|}\\x7f]*)?$"},
    {"uuid", "uuid", "^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"},
};
/* clang-format on */

/* A schema that is being written. */
typedef struct writer {
    apr_pool_t *pool;
    career_json *schema;
} writer;

static writer begin(apr_pool_t *pool)
{
    return (writer){pool, career_json_object(pool, MEMBERS_MAX)};
}

static void set(writer *w, const char *name, const career_json *value)
{
    career_json_set(w->pool, w->schema, name, value);
}

static void set_string(writer *w, const char *name, const char *text)
{
    set(w, name, career_json_string(w->pool, text, strlen(text)));
}

static void set_number(writer *w, const char *name, double number)
{
    if (number > -1e15 && number < 1e15 && number == (double)(int64_t)number)
        set(w, name, career_json_integer(w->pool, (int64_t)number));
    else
        set(w, name, career_json_real(w->pool, number));
}

/* "string", or ["string", "null"] */
static void set_type(writer *w, const char *type, bool or_null)
{
    career_json *types;

    if (!or_null) {
        set_string(w, "type", type);
        return;
    }
    types = career_json_array(w->pool, 2);
    career_json_append(types, career_json_string(w->pool, type, strlen(type)));
    career_json_append(types, career_json_string(w->pool, "null", 4));
    set(w, "type", types);
}

/* ---------------------------------------------------------------- texts */

static void add_pattern(writer *w, career_json *all, const char *pattern)
{
    writer one = begin(w->pool);

    set_string(&one, "pattern", pattern);
    career_json_append(all, one.schema);
}

static void set_format(writer *w, career_json *all, const char *name)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
        if (strcmp(formats[i].name, name) == 0) {
            set_string(w, "format", formats[i].standard);
            add_pattern(w, all, formats[i].pattern);
        }
}

static void set_expression(writer *w, career_json *all, const char *expression)
{
    const char *ecma = career_ecma_expression(w->pool, expression);

    if (ecma)
        add_pattern(w, all, ecma);
    else
        set_string(w, "$comment",
                   apr_pstrcat(w->pool, "the server also matches (PCRE2): ", expression, NULL));
}

/* A schema has one pattern; more stand under allOf. */
static void set_patterns(writer *w, const career_json *all)
{
    if (all->array.count == 1)
        set(w, "pattern", career_json_get(all->array.items[0], "pattern"));
    else if (all->array.count)
        set(w, "allOf", all);
}

static double least(const career_kind *kind, bool filled)
{
    double min = kind->has_min ? kind->min : 0;

    return filled && min < 1 ? 1 : min;
}

static void describe_text(writer *w, const career_kind *kind, bool filled)
{
    career_json *all = career_json_array(w->pool, 2);

    if (least(kind, filled) > 0)
        set_number(w, "minLength", least(kind, filled));
    if (kind->has_max)
        set_number(w, "maxLength", kind->max);
    if (kind->format)
        set_format(w, all, kind->format->name);
    if (kind->expression)
        set_expression(w, all, kind->expression);
    set_patterns(w, all);
}

static void describe_date(writer *w, const career_kind *kind)
{
    if (!kind->timed)
        set_string(w, "format", "date");
    set_string(w, "pattern", kind->timed ? "^" DAY "(?:" TIME ")?$" : "^" DAY "$");
    if (kind->from.data || kind->till.data)
        set_string(w, "$comment",
                   apr_psprintf(w->pool, "the server also checks that it lies between %s and %s",
                                kind->from.data ? kind->from.data : "the beginning",
                                kind->till.data ? kind->till.data : "the end"));
}

static void describe_choice(writer *w, const career_kind *kind, bool or_null)
{
    career_json *values = career_json_array(w->pool, kind->value_count + 1);

    for (size_t i = 0; i < kind->value_count; i++)
        career_json_append(values,
                           career_json_string(w->pool, kind->values[i].data, kind->values[i].len));
    if (or_null)
        career_json_append(values, &career_json_null);
    set(w, "enum", values);
}

/* ---------------------------------------------------------------- the other kinds */

static void describe_number(writer *w, const career_kind *kind)
{
    if (kind->has_min)
        set_number(w, "minimum", kind->min);
    if (kind->has_max)
        set_number(w, "maximum", kind->max);
}

static const career_json *describe(apr_pool_t *pool, const career_kind *kind, bool or_null,
                                   bool filled);

static void describe_list(writer *w, const career_kind *kind, bool filled)
{
    set(w, "items", describe(w->pool, kind->item, kind->item->nullable, false));
    if (least(kind, filled) > 0)
        set_number(w, "minItems", least(kind, filled));
    if (kind->has_max)
        set_number(w, "maxItems", kind->max);
    if (kind->unique)
        set(w, "uniqueItems", &career_json_true);
}

static void describe_record(writer *w, const career_kind *kind)
{
    career_json *members = career_json_object(w->pool, kind->member_count);
    career_json *required = career_json_array(w->pool, kind->member_count);

    for (size_t i = 0; i < kind->member_count; i++) {
        const career_kind_member *member = &kind->members[i];
        bool or_null = member->kind->optional || member->kind->nullable;

        career_json_set(w->pool, members, member->name.data,
                        describe(w->pool, member->kind, or_null, false));
        if (!member->kind->optional)
            career_json_append(required,
                               career_json_string(w->pool, member->name.data, member->name.len));
    }
    set(w, "properties", members);
    if (required->array.count)
        set(w, "required", required);
    set(w, "additionalProperties", &career_json_false);
}

static void describe_by_kind(writer *w, const career_kind *kind, bool or_null, bool filled)
{
    switch (kind->id) {
    case CAREER_IS_TEXT:
        describe_text(w, kind, filled);
        break;
    case CAREER_IS_DATE:
        describe_date(w, kind);
        break;
    case CAREER_IS_ONE_OF:
        describe_choice(w, kind, or_null);
        break;
    case CAREER_IS_LIST:
        describe_list(w, kind, filled);
        break;
    case CAREER_IS_RECORD:
        describe_record(w, kind);
        break;
    case CAREER_IS_INTEGER:
    case CAREER_IS_NUMBER:
        describe_number(w, kind);
        break;
    default:
        break;
    }
}

/* filled: it must be neither blank nor empty. */
static const career_json *describe(apr_pool_t *pool, const career_kind *kind, bool or_null,
                                   bool filled)
{
    static const char *const types[CAREER_KIND_COUNT] = {
        [CAREER_IS_TEXT] = "string",   [CAREER_IS_INTEGER] = "integer",
        [CAREER_IS_NUMBER] = "number", [CAREER_IS_BOOLEAN] = "boolean",
        [CAREER_IS_DATE] = "string",   [CAREER_IS_ONE_OF] = "string",
        [CAREER_IS_LIST] = "array",    [CAREER_IS_RECORD] = "object"};
    writer w = begin(pool);

    set_type(&w, types[kind->id], or_null);
    if (kind->label)
        set_string(&w, "title", kind->label);
    describe_by_kind(&w, kind, or_null, filled);
    if (kind->fallback)
        set(&w, "default", kind->fallback);
    return w.schema;
}

/* ---------------------------------------------------------------- the profile */

/* What a client may send back as it was given, and nobody looks at. */
static void add_read_only(apr_pool_t *pool, career_json *properties)
{
    static const char *const names[] = {"userId", "profileId", "lastUpdated"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        writer w = begin(pool);

        set(&w, "readOnly", &career_json_true);
        career_json_set(pool, properties, names[i], w.schema);
    }
}

const career_json *career_rules_schema(const career_rules *rules, apr_pool_t *pool)
{
    const career_layout *layout = &rules->layout;
    career_json *properties = career_json_object(pool, layout->count + 3);
    career_json *required = career_json_array(pool, layout->count);
    writer w = begin(pool);

    add_read_only(pool, properties);
    for (size_t i = 0; i < layout->count; i++) {
        const career_rule *rule = &rules->rules[i];
        career_slice name = layout->fields[i].name;

        career_json_set(pool, properties, name.data,
                        describe(pool, rule->kind, !rule->required, rule->required));
        if (rule->required)
            career_json_append(required, career_json_string(pool, name.data, name.len));
    }
    set_string(&w, "$schema", "https://json-schema.org/draft/2020-12/schema");
    set_string(&w, "title", "Career profile");
    set_string(&w, "type", "object");
    set(&w, "properties", properties);
    set(&w, "required", required);
    set(&w, "additionalProperties", &career_json_false);
    return w.schema;
}
