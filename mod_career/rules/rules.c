/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshot of the rules: compiled from two files, then only read. */
#include "rules/rules.h"

#include <stdlib.h>

#include <apr_strings.h>

#include "base/pool.h"
#include "rules/compiled.h"

#define VALIDATION "validation.lua"
#define CACHES "caches.lua"

typedef struct compiler {
    apr_pool_t *pool; /* the snapshot's */
    career_rules *rules;
    const career_rules_budget *budget;
    const char *file; /* "lua/validation.lua" */
    const char *why;
} compiler;

static bool fail(compiler *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fail(compiler *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    c->why = apr_psprintf(c->pool, "%s: %s", c->file, apr_pvsprintf(c->pool, format, args));
    va_end(args);
    return false;
}

/* ---------------------------------------------------------------- fields */

static bool kind_fits(const career_kind *kind, career_column column)
{
    bool text =
        kind->id == CAREER_IS_TEXT || kind->id == CAREER_IS_ONE_OF || kind->id == CAREER_IS_DATE;

    switch (career_columns[column].kind) {
    case CAREER_KIND_TEXT:
        return text;
    case CAREER_KIND_TEXT_LIST:
        return kind->id == CAREER_IS_LIST &&
               (kind->item->id == CAREER_IS_TEXT || kind->item->id == CAREER_IS_ONE_OF ||
                kind->item->id == CAREER_IS_DATE);
    default:
        return kind->id == CAREER_IS_LIST && kind->item->id == CAREER_IS_RECORD;
    }
}

static int by_place(const void *a, const void *b)
{
    const career_field *x = a, *y = b;

    if (x->column != y->column)
        return (int)x->column - (int)y->column;
    return strcmp(x->name.data, y->name.data);
}

static const career_json *fallback_of(const career_kind *kind)
{
    if (kind->fallback)
        return kind->fallback;
    return kind->id == CAREER_IS_LIST ? &career_json_empty_array : &career_json_null;
}

static bool compile_field(compiler *c, const career_json_member *declared, career_field *field,
                          const career_kind **kind)
{
    const char *why;
    career_text text = career_text_make(c->pool, 32);

    if (career_field_is_read_only(declared->name))
        return fail(c, "fields.%s is read-only: it comes from the token and the database",
                    declared->name.data);
    *kind = career_kind_compile(c->pool, declared->value,
                                apr_pstrcat(c->pool, "fields.", declared->name.data, NULL), &why);
    if (!*kind) {
        c->why = apr_psprintf(c->pool, "%s:%s", c->file, why);
        return false;
    }
    field->name = declared->name;
    field->column = career_column_find(declared->name);
    if (field->column != CAREER_COLUMN_EXTRA && !kind_fits(*kind, field->column))
        return fail(c, "fields.%s has another kind than its column holds", declared->name.data);
    field->fallback = fallback_of(*kind);
    career_json_write(&text, field->fallback);
    field->fallback_text = career_text_slice(&text);
    return true;
}

static const char *layout_hash(apr_pool_t *pool, const career_layout *layout)
{
    career_slice *parts = apr_palloc(pool, (2 * layout->count + 1) * sizeof(*parts));

    for (size_t i = 0; i < layout->count; i++) {
        parts[2 * i] = layout->fields[i].name;
        parts[2 * i + 1] = layout->fields[i].fallback_text;
    }
    return apr_pstrndup(pool, career_text_digest(pool, parts, 2 * layout->count), 8);
}

static bool compile_fields(compiler *c, const career_json *fields)
{
    size_t count = fields && fields->type == CAREER_JSON_OBJECT ? fields->object.count : 0;
    career_field *list = apr_pcalloc(c->pool, (count + 1) * sizeof(*list));
    const career_kind **kinds = apr_pcalloc(c->pool, (count + 1) * sizeof(*kinds));
    const career_kind **sorted = apr_pcalloc(c->pool, (count + 1) * sizeof(*sorted));

    if (count == 0 || count > CAREER_FIELDS_MAX)
        return fail(c, "fields names 1 to %d fields", CAREER_FIELDS_MAX);
    for (size_t i = 0; i < count; i++)
        if (!compile_field(c, &fields->object.members[i], &list[i], &kinds[i]))
            return false;
    qsort(list, count, sizeof(*list), by_place);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            if (career_slice_equal(list[i].name, fields->object.members[j].name))
                sorted[i] = kinds[j];
    c->rules->layout = (career_layout){.count = count, .fields = list};
    c->rules->layout.hash = layout_hash(c->pool, &c->rules->layout);
    c->rules->kinds = sorted;
    c->rules->required = apr_pcalloc(c->pool, count * sizeof(bool));
    return true;
}

/* ---------------------------------------------------------------- required, recommended, enhancements */

static bool find_field(compiler *c, const char *where, career_slice name, size_t *index)
{
    int found = career_layout_find(&c->rules->layout, name);

    *index = (size_t)found;
    return found >= 0 || fail(c, "%s names '%s', which fields does not declare", where, name.data);
}

static bool compile_required(compiler *c, const career_json *list)
{
    size_t index;

    for (size_t i = 0; list && list->type == CAREER_JSON_ARRAY && i < list->array.count; i++) {
        const career_json *name = list->array.items[i];

        if (name->type != CAREER_JSON_STRING)
            return fail(c, "required lists names of fields");
        if (!find_field(c, "required", name->string, &index))
            return false;
        c->rules->required[index] = true;
    }
    for (int i = 0; i < CAREER_COLUMN_COUNT; i++) {
        career_slice name = career_slice_of(career_columns[i].json);
        int found = career_layout_find(&c->rules->layout, name);

        if (career_columns[i].required && (found < 0 || !c->rules->required[found]))
            return fail(c, "required must name %s, and fields declare it", name.data);
    }
    return true;
}

static bool compile_minimums(compiler *c, const char *what, const career_json *table,
                             career_json_type type, const career_minimum **list, size_t *count)
{
    career_minimum *made;

    if (!table || (table->type == CAREER_JSON_ARRAY && table->array.count == 0))
        return true;
    if (table->type != CAREER_JSON_OBJECT)
        return fail(c, "%s maps names of fields to %s", what,
                    type == CAREER_JSON_INTEGER ? "numbers" : "texts");
    *list = made = apr_pcalloc(c->pool, table->object.count * sizeof(*made));
    for (size_t i = 0; i < table->object.count; i++) {
        const career_json_member *member = &table->object.members[i];

        if (member->value->type != type ||
            (type == CAREER_JSON_INTEGER && member->value->integer < 1))
            return fail(c, "%s.%s is %s", what, member->name.data,
                        type == CAREER_JSON_INTEGER ? "a number of at least 1" : "text");
        if (!find_field(c, what, member->name, &made[*count].field))
            return false;
        made[*count].want = type == CAREER_JSON_INTEGER ? member->value->integer : 1;
        made[(*count)++].message = type == CAREER_JSON_STRING ? member->value->string.data : NULL;
    }
    return true;
}

static bool known_members(compiler *c, const career_json *value)
{
    static const char *const names[] = {"fields",       "required", "recommended",
                                        "enhancements", "validate", NULL};

    for (size_t i = 0; i < value->object.count; i++) {
        const char *const *at = names;

        while (*at && strcmp(*at, value->object.members[i].name.data) != 0)
            at++;
        if (!*at)
            return fail(c, "'%s' is none of fields, required, recommended, enhancements, validate",
                        value->object.members[i].name.data);
    }
    return true;
}

static bool compile_validation(compiler *c, career_slice text)
{
    career_rules *rules = c->rules;
    career_sandbox *sandbox = career_sandbox_create(c->file, text, c->budget, c->pool, &c->why);
    const career_json *value = sandbox ? career_sandbox_run(sandbox, c->pool, &c->why) : NULL,
                      *validate;
    bool good = false;

    if (value && value->type != CAREER_JSON_OBJECT)
        fail(c, "must return a table { fields = {…}, required = {…}, … }");
    else if (value)
        good =
            known_members(c, value) && compile_fields(c, career_json_get(value, "fields")) &&
            compile_required(c, career_json_get(value, "required")) &&
            compile_minimums(c, "recommended", career_json_get(value, "recommended"),
                             CAREER_JSON_INTEGER, &rules->recommended, &rules->recommended_count) &&
            compile_minimums(c, "enhancements", career_json_get(value, "enhancements"),
                             CAREER_JSON_STRING, &rules->enhancements, &rules->enhancement_count);
    validate = career_json_get(value, "validate");
    if (good && validate && validate != &career_sandbox_function)
        good = fail(c, "validate is a function");
    if (good && validate)
        rules->validate = career_sandboxes_make(c->pool, c->file, text, c->budget, sandbox);
    else if (sandbox)
        career_sandbox_destroy(sandbox);
    return good;
}

static bool compile_caches(compiler *c, career_slice text)
{
    career_sandbox *sandbox = career_sandbox_create(c->file, text, c->budget, c->pool, &c->why);
    const career_json *value = sandbox ? career_sandbox_run(sandbox, c->pool, &c->why) : NULL;
    const char *why;

    if (value == &career_sandbox_function) {
        c->rules->caches = career_sandboxes_make(c->pool, c->file, text, c->budget, sandbox);
        return true;
    }
    if (sandbox)
        career_sandbox_destroy(sandbox);
    if (!value)
        return false;
    return career_templates_compile(c->rules, value, &why) || fail(c, "%s", why);
}

/* ---------------------------------------------------------------- the snapshot */

static void destroy(career_snapshot *self)
{
    career_rules *rules = (career_rules *)self;

    career_sandboxes_destroy(rules->validate);
    career_sandboxes_destroy(rules->caches);
    apr_pool_destroy(rules->pool);
}

career_rules *career_rules_compile(const career_rules_source *source,
                                   const career_rules_budget *budget, apr_pool_t *pool,
                                   const char **why)
{
    const career_slice parts[] = {source->validation, source->caches};
    apr_pool_t *own = career_pool_create();
    career_rules *rules = apr_pcalloc(own, sizeof(*rules));
    compiler c = {.pool = own, .rules = rules, .budget = budget};
    bool good;

    career_snapshot_init(&rules->snapshot, destroy);
    rules->pool = own;
    rules->generation = source->generation;
    rules->digest = career_text_digest(own, parts, 2);
    rules->directory = apr_pstrdup(own, source->directory);
    c.file = apr_pstrcat(own, source->directory, "/" VALIDATION, NULL);
    good = compile_validation(&c, source->validation);
    if (good) {
        c.file = apr_pstrcat(own, source->directory, "/" CACHES, NULL);
        good = compile_caches(&c, source->caches);
    }
    if (good)
        return rules;
    *why = apr_pstrdup(pool, c.why);
    career_rules_release(rules);
    return NULL;
}

const career_layout *career_rules_layout(const career_rules *rules)
{
    return &rules->layout;
}

uint64_t career_rules_generation(const career_rules *rules)
{
    return rules->generation;
}

const char *career_rules_digest(const career_rules *rules)
{
    return rules->digest;
}
