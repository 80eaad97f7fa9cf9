/* SPDX-License-Identifier: Apache-2.0 */
/* How a kind of field is written. */
#include "rules/kind_scope.h"

#include <stdarg.h>
#include <string.h>

#include <apr_strings.h>

#define NESTING_MAX 6 /* kinds within kinds */

const char *const career_kind_names[] = {
#define X(id, name) name,
    CAREER_KINDS(X)
#undef X
        NULL};

bool career_scope_refuse(career_scope *s, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    s->fault->line = s->line;
    s->fault->text = apr_psprintf(s->pool, "%s: %s", s->path, apr_pvsprintf(s->pool, format, args));
    va_end(args);
    return false;
}

bool career_scope_has_time(career_scope *s)
{
    return career_meter_look(s->meter) ||
           career_scope_refuse(
               s, "the regular expressions and defaults up to here take too long to compile");
}

static bool compile_own(career_scope *s)
{
    switch (s->kind->id) {
    case CAREER_IS_TEXT:
        return career_scope_text(s);
    case CAREER_IS_INTEGER:
    case CAREER_IS_NUMBER:
        return career_scope_take_range(s);
    case CAREER_IS_DATE:
        return career_scope_date(s);
    case CAREER_IS_ONE_OF:
        return career_scope_one_of(s);
    case CAREER_IS_LIST:
        return career_scope_list(s);
    case CAREER_IS_RECORD:
        return career_scope_record(s);
    default:
        return true;
    }
}

/* As the sandbox reads {}: it cannot tell a record from a list there. */
static bool is_empty(const career_json *value)
{
    return value->type == CAREER_JSON_ARRAY && value->array.count == 0;
}

/* A default must be what a client may send. */
static bool check_fallback(career_scope *s)
{
    career_violations *violations;
    career_judgement judgement = {.pool = s->pool, .meter = s->meter};
    const career_path path = {NULL, CAREER_SLICE("default"), 0};

    if (!s->kind->fallback || s->kind->fallback->type == CAREER_JSON_NULL) {
        s->kind->fallback = NULL;
        return true;
    }
    if (s->kind->fallback == &career_sandbox_function || career_kind_line(s->kind->fallback))
        return career_scope_refuse(s, "default must be a value");
    if (s->kind->id == CAREER_IS_RECORD && is_empty(s->kind->fallback))
        s->kind->fallback = &career_json_empty_object;
    if (!career_scope_has_time(s))
        return false;
    violations = judgement.violations = career_violations_make(s->pool);
    s->kind->fallback = career_judge(&judgement, s->kind, s->kind->fallback, &path);
    if (violations->count == 0)
        return true;
    if (!career_scope_has_time(s))
        return false;
    return career_scope_refuse(s, "the default does not meet the rule itself: %s: %s",
                               violations->items[0].field, violations->items[0].message);
}

static bool has_member(const career_json *tree, const char *name, career_json_type type)
{
    const career_json *value = career_json_get(tree, name);

    return value && value->type == type && value != &career_sandbox_function;
}

/* CAREER_KIND_COUNT when there is none of that name. */
static career_kind_id find_kind(const char *name)
{
    int id = 0;

    while (id < CAREER_KIND_COUNT && strcmp(career_kind_names[id], name) != 0)
        id++;
    return (career_kind_id)id;
}

/* A script can write such a table itself: nothing of it is taken on trust. */
int career_kind_line(const career_json *tree)
{
    int64_t line;

    if (!has_member(tree, CAREER_SANDBOX_KIND, CAREER_JSON_STRING) ||
        !has_member(tree, CAREER_SANDBOX_LINE, CAREER_JSON_INTEGER) ||
        !has_member(tree, CAREER_SANDBOX_ITEMS, CAREER_JSON_ARRAY) ||
        !has_member(tree, CAREER_SANDBOX_OPTIONS, CAREER_JSON_OBJECT) ||
        find_kind(career_json_get(tree, CAREER_SANDBOX_KIND)->string.data) == CAREER_KIND_COUNT)
        return 0;
    line = career_json_get(tree, CAREER_SANDBOX_LINE)->integer;
    return line > 0 && line <= INT32_MAX ? (int)line : 1;
}

const career_kind *career_scope_compile(career_scope *outer, const career_json *tree,
                                        const char *path)
{
    career_scope s = {.pool = outer->pool,
                      .meter = outer->meter,
                      .fault = outer->fault,
                      .path = path,
                      .line = outer->line,
                      .level = outer->level + 1};

    if (tree == &career_sandbox_function) {
        career_scope_refuse(&s,
                            "is a function; a kind is written with a table: field.text { ... }");
        return NULL;
    }
    if (!career_kind_line(tree)) {
        career_scope_refuse(&s, "is no kind; write one such as field.text { max = 80 }");
        return NULL;
    }
    s.line = career_kind_line(tree);
    s.options = career_json_get(tree, CAREER_SANDBOX_OPTIONS);
    s.items = career_json_get(tree, CAREER_SANDBOX_ITEMS);
    s.kind = apr_pcalloc(s.pool, sizeof(*s.kind));
    s.kind->id = find_kind(career_json_get(tree, CAREER_SANDBOX_KIND)->string.data);
    s.kind->line = s.line;
    if (s.level > NESTING_MAX) {
        career_scope_refuse(&s, "kinds can be nested %d levels deep", NESTING_MAX);
        return NULL;
    }
    if (!career_scope_check_options(&s) || !career_scope_take_common(&s) || !compile_own(&s) ||
        !check_fallback(&s))
        return NULL;
    return s.kind;
}

const career_kind *career_kind_compile(apr_pool_t *pool, const career_json *tree, const char *path,
                                       career_meter *meter, career_fault *fault)
{
    career_scope outer = {.pool = pool, .meter = meter, .fault = fault, .level = -1};

    *fault = (career_fault){0, NULL};
    return career_scope_compile(&outer, tree, path);
}
