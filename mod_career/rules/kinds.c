/* SPDX-License-Identifier: Apache-2.0 */
/* From field.kind {…}, as the sandbox hands it out, to a compiled kind. */
#include <math.h>

#include <apr_strings.h>

#include "rules/compiled.h"

#define DEPTH_MAX 4
#define CHOICES_MAX 500
#define MEMBERS_MAX 50
#define LENGTH_MAX 1000000
#define LIST_MAX 1000 /* items, where the rules name no maximum */

typedef struct compiler {
    apr_pool_t *pool;
    const char *path; /* "fields.skillTags" */
    int64_t line;
    int depth;
    const char *why;
} compiler;

typedef struct option {
    const char *name;
    bool (*take)(compiler *c, career_kind *kind, const career_json *value);
} option;

static bool fail(compiler *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool fail(compiler *c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    c->why = apr_psprintf(c->pool, "%" APR_INT64_T_FMT ": %s: %s", c->line, c->path,
                          apr_pvsprintf(c->pool, format, args));
    va_end(args);
    return false;
}

static bool is_number(const career_json *value)
{
    return value->type == CAREER_JSON_INTEGER || value->type == CAREER_JSON_REAL;
}

static double number_of(const career_json *value)
{
    return value->type == CAREER_JSON_INTEGER ? (double)value->integer : value->real;
}

static bool take_bound(compiler *c, const career_kind *kind, const career_json *value,
                       double *bound)
{
    bool counts = kind->id == CAREER_IS_TEXT || kind->id == CAREER_IS_LIST;

    if (!is_number(value))
        return fail(c, "min and max are numbers");
    *bound = number_of(value);
    if (counts && (*bound < 0 || *bound > LENGTH_MAX || *bound != floor(*bound)))
        return fail(c, "min and max are whole numbers from 0 to %d", LENGTH_MAX);
    return true;
}

static bool take_min(compiler *c, career_kind *kind, const career_json *value)
{
    kind->has_min = true;
    return take_bound(c, kind, value, &kind->min);
}

static bool take_max(compiler *c, career_kind *kind, const career_json *value)
{
    kind->has_max = true;
    return take_bound(c, kind, value, &kind->max);
}

static bool take_matches(compiler *c, career_kind *kind, const career_json *value)
{
    const char *why;

    if (value->type != CAREER_JSON_STRING)
        return fail(c, "matches is a regular expression, as text");
    kind->matches = career_pattern_compile(c->pool, value->string.data, &why);
    return kind->matches || fail(c, "matches: %s", why);
}

static bool take_format(compiler *c, career_kind *kind, const career_json *value)
{
    static const char *const names[] = {[CAREER_FORMAT_URL] = "url",
                                        [CAREER_FORMAT_EMAIL] = "email",
                                        [CAREER_FORMAT_DATE] = "date"};

    for (int i = CAREER_FORMAT_URL; i <= CAREER_FORMAT_DATE; i++) {
        if (value->type == CAREER_JSON_STRING && strcmp(value->string.data, names[i]) == 0) {
            kind->format = (career_format)i;
            return true;
        }
    }
    return fail(c, "format is \"url\", \"email\" or \"date\"");
}

static bool take_unique(compiler *c, career_kind *kind, const career_json *value)
{
    kind->unique = value->boolean;
    return value->type == CAREER_JSON_BOOLEAN || fail(c, "unique is true or false");
}

static bool take_optional(compiler *c, career_kind *kind, const career_json *value)
{
    kind->optional = value->boolean;
    return value->type == CAREER_JSON_BOOLEAN || fail(c, "optional is true or false");
}

static bool take_default(compiler *c, career_kind *kind, const career_json *value)
{
    (void)c;
    kind->fallback = value; /* judged when the kind is complete */
    return true;
}

static bool take_label(compiler *c, career_kind *kind, const career_json *value)
{
    kind->label = value->type == CAREER_JSON_STRING ? value->string.data : NULL;
    return kind->label || fail(c, "label is text");
}

static bool take_message(compiler *c, career_kind *kind, const career_json *value)
{
    kind->message = value->type == CAREER_JSON_STRING ? value->string.data : NULL;
    return kind->message || fail(c, "message is text");
}

static const career_kind *compile(compiler *c, const career_json *value);

static bool take_of(compiler *c, career_kind *kind, const career_json *value)
{
    int64_t line = c->line;

    if (kind->item)
        return fail(c, "a list has items of one kind");
    c->depth++;
    kind->item = compile(c, value);
    c->depth--;
    c->line = line;
    return kind->item != NULL;
}

/* ---- the options of each kind; every kind also takes the common ones ---- */

#define COMMON                                                                                     \
    {"default", take_default}, {"label", take_label}, {"message", take_message},                   \
    {                                                                                              \
        "optional", take_optional                                                                  \
    }

static const option text_options[] = {{"min", take_min},
                                      {"max", take_max},
                                      {"matches", take_matches},
                                      {"format", take_format},
                                      COMMON,
                                      {NULL, NULL}};
static const option number_options[] = {{"min", take_min}, {"max", take_max}, COMMON, {NULL, NULL}};
static const option plain_options[] = {COMMON, {NULL, NULL}};
static const option list_options[] = {
    {"min", take_min}, {"max", take_max}, {"unique", take_unique}, {"of", take_of}, COMMON,
    {NULL, NULL}};

typedef struct kind_name {
    const char *name;
    const option *options;
} kind_name;

static const kind_name kind_names[] = {
    [CAREER_IS_TEXT] = {"text", text_options},
    [CAREER_IS_INTEGER] = {"integer", number_options},
    [CAREER_IS_NUMBER] = {"number", number_options},
    [CAREER_IS_BOOLEAN] = {"boolean", plain_options},
    [CAREER_IS_DATE] = {"date", plain_options},
    [CAREER_IS_ONE_OF] = {"one_of", plain_options},
    [CAREER_IS_LIST] = {"list", list_options},
    [CAREER_IS_RECORD] = {"record", plain_options},
};

/* Levenshtein, small. */
static size_t distance(const char *a, const char *b)
{
    size_t row[32], m = strlen(b);

    if (m > 30 || strlen(a) > 30)
        return 99;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t corner = row[0];

        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t above = row[j], best = corner + (a[i - 1] != b[j - 1]);

            best = above + 1 < best ? above + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            corner = above;
            row[j] = best;
        }
    }
    return row[m];
}

static bool unknown_option(compiler *c, const char *kind, const option *options, const char *name)
{
    const option *nearest = options;

    for (const option *o = options; o->name; o++)
        if (distance(name, o->name) < distance(name, nearest->name))
            nearest = o;
    return fail(c, "field.%s has no option '%s'; did you mean '%s'?", kind, name, nearest->name);
}

static bool take_option(compiler *c, career_kind *kind, const career_json_member *member)
{
    const option *options = kind_names[kind->id].options;

    for (const option *o = options; o->name; o++)
        if (strcmp(o->name, member->name.data) == 0)
            return o->take(c, kind, member->value);
    return unknown_option(c, kind_names[kind->id].name, options, member->name.data);
}

/* ---- positions: choices of one_of, the item of a list ---- */

static bool take_choices(compiler *c, career_kind *kind, const career_json *list)
{
    const char **allowed;

    if (list->type != CAREER_JSON_ARRAY || list->array.count == 0 ||
        list->array.count > CHOICES_MAX)
        return fail(c, "field.one_of lists 1 to %d texts", CHOICES_MAX);
    allowed = apr_pcalloc(c->pool, (list->array.count + 1) * sizeof(*allowed));
    for (size_t i = 0; i < list->array.count; i++) {
        if (list->array.items[i]->type != CAREER_JSON_STRING)
            return fail(c, "field.one_of lists texts");
        allowed[i] = list->array.items[i]->string.data;
    }
    kind->allowed = allowed;
    return true;
}

static bool take_positions(compiler *c, career_kind *kind, const career_json *list)
{
    if (kind->id == CAREER_IS_ONE_OF)
        return take_choices(c, kind, list);
    if (kind->id == CAREER_IS_LIST && list->array.count == 1)
        return take_of(c, kind, list->array.items[0]);
    if (list->array.count == 0)
        return true;
    return fail(c, "field.%s takes %s", kind_names[kind->id].name,
                kind->id == CAREER_IS_LIST ? "one kind of item" : "options by name only");
}

static bool take_member(compiler *c, career_kind_member *member, const career_json_member *from)
{
    const char *path = c->path;
    int64_t line = c->line;

    c->path = apr_psprintf(c->pool, "%s.%s", path, from->name.data);
    c->depth++;
    member->name = from->name;
    member->kind = compile(c, from->value);
    c->depth--;
    c->path = path;
    c->line = line;
    return member->kind != NULL;
}

static bool take_members(compiler *c, career_kind *kind, const career_json *options)
{
    career_kind_member *members;

    if (options->type != CAREER_JSON_OBJECT || options->object.count == 0 ||
        options->object.count > MEMBERS_MAX)
        return fail(c, "field.record names 1 to %d members", MEMBERS_MAX);
    members = apr_pcalloc(c->pool, options->object.count * sizeof(*members));
    kind->members = members;
    for (size_t i = 0; i < options->object.count; i++)
        if (!take_member(c, &members[kind->member_count++], &options->object.members[i]))
            return false;
    return true;
}

static bool take_options(compiler *c, career_kind *kind, const career_json *options)
{
    const career_json *positions = options->type == CAREER_JSON_ARRAY ? options : NULL;

    if (kind->id == CAREER_IS_RECORD)
        return take_members(c, kind, options);
    if (options->type == CAREER_JSON_OBJECT) {
        positions = career_json_get(options, "");
        for (size_t i = 0; i < options->object.count; i++)
            if (options->object.members[i].name.len &&
                !take_option(c, kind, &options->object.members[i]))
                return false;
    }
    return take_positions(c, kind, positions ? positions : &career_json_empty_array);
}

static bool complete(compiler *c, career_kind *kind)
{
    career_violations *violations = career_violations_make(c->pool);

    if (kind->has_min && kind->has_max && kind->min > kind->max)
        return fail(c, "min is larger than max");
    if (kind->id == CAREER_IS_ONE_OF && !kind->allowed)
        return fail(c, "field.one_of lists its texts: field.one_of { \"a\", \"b\" }");
    if (kind->id == CAREER_IS_LIST && !kind->has_max) { /* unique compares each with each */
        kind->has_max = true;
        kind->max = LIST_MAX;
    }
    if (kind->id == CAREER_IS_LIST && !kind->item)
        return fail(c, "field.list names the kind of its items: field.list { field.text {} }");
    if (!kind->fallback)
        return true;
    kind->fallback = career_kind_check(kind, c->pool, kind->fallback, "default", violations);
    return violations->count == 0 ||
           fail(c, "the default breaks its own rules: %s", violations->items[0].message);
}

static const career_kind *compile(compiler *c, const career_json *value)
{
    const career_json *name = career_json_get(value, "kind"),
                      *line = career_json_get(value, "line");
    const career_json *options = career_json_get(value, "options");
    career_kind *kind = apr_pcalloc(c->pool, sizeof(*kind));
    size_t id = 0;

    if (!name || !line || !options || name->type != CAREER_JSON_STRING) {
        fail(c, "write field.text {…}, field.list {…} or another field.kind");
        return NULL;
    }
    c->line = line->integer;
    if (c->depth == DEPTH_MAX) {
        fail(c, "kinds are nested more than %d deep", DEPTH_MAX);
        return NULL;
    }
    while (strcmp(kind_names[id].name, name->string.data) != 0)
        id++;
    kind->id = (career_kind_id)id;
    return take_options(c, kind, options) && complete(c, kind) ? kind : NULL;
}

const career_kind *career_kind_compile(apr_pool_t *pool, const career_json *value, const char *path,
                                       const char **why)
{
    compiler c = {.pool = pool, .path = path};
    const career_kind *kind = compile(&c, value);

    *why = c.why;
    return kind;
}
