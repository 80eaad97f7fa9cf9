/* SPDX-License-Identifier: Apache-2.0 */
/* What a save clears, as it is written: an entry of caches.lua becomes a template, which targets.c fills in. */
#include "rules/compiled.h"

#include <stdarg.h>

#include <apr_strings.h>

#include "rules/nearest.h"

#define TARGETS_MAX 100 /* entries of one list */
#define KEY_MAX 1024    /* bytes of an entry */

typedef struct parser {
    apr_pool_t *pool;
    const career_rules *rules;
    const char *source;
    bool glob; /* wildcards are such, and backslashes stay */
    career_template *template;
    career_piece *pieces;
    career_text literal; /* being gathered */
    bool anchored;       /* something in it is certain to be literal, and not empty */
    const char *why;
} parser;

static bool refuse(parser *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool refuse(parser *p, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    p->why =
        apr_psprintf(p->pool, "\"%.100s\": %s", p->source, apr_pvsprintf(p->pool, format, args));
    va_end(args);
    return false;
}

/* ------------------------------------------------------------------------------------ templates */

static void end_literal(parser *p)
{
    if (p->literal.len == 0)
        return;
    p->pieces[p->template->count++] =
        (career_piece){.kind = CAREER_PIECE_LITERAL, .text = career_text_slice(&p->literal)};
    p->literal = career_text_make(p->pool, 16);
}

static bool holds_one_value(const career_kind *kind)
{
    return kind->id != CAREER_IS_LIST && kind->id != CAREER_IS_RECORD;
}

static bool refuse_placeholder(parser *p, career_slice name)
{
    const career_layout *layout = &p->rules->layout;
    const char **known = apr_pcalloc(p->pool, (layout->count + 3) * sizeof(*known));
    size_t count = 0;

    known[count++] = "user_id";
    known[count++] = "version";
    for (size_t i = 0; i < layout->count; i++)
        if (holds_one_value(p->rules->rules[i].kind))
            known[count++] = layout->fields[i].name.data;
    return refuse(p, "there is no {%.*s}; did you mean {%s}? (a brace itself is written \\\\{)",
                  (int)(name.len < 60 ? name.len : 60), name.data,
                  career_nearest(apr_pstrmemdup(p->pool, name.data, name.len), known));
}

static bool add_placeholder(parser *p, career_slice name)
{
    career_piece piece = {.kind = CAREER_PIECE_FIELD};
    int index = career_layout_find(&p->rules->layout, name);

    if (career_slice_equal(name, CAREER_SLICE("user_id")))
        piece.kind = CAREER_PIECE_USER_ID;
    else if (career_slice_equal(name, CAREER_SLICE("version")))
        piece.kind = CAREER_PIECE_VERSION;
    else if (index < 0 || !holds_one_value(p->rules->rules[index].kind))
        return refuse_placeholder(p, name);
    else
        piece.field = (size_t)index;
    p->anchored = p->anchored || piece.kind != CAREER_PIECE_FIELD;
    end_literal(p);
    p->pieces[p->template->count++] = piece;
    return true;
}

/* Copies a class [a-z] of a glob. */
static bool add_class(parser *p, const char **at)
{
    const char *end = *at + 1 + (**at && (*at)[1] == '^');

    while (*end && *end != ']')
        end += *end == '\\' && end[1] ? 2 : 1;
    if (*end != ']')
        return refuse(p, "a [ without its ] (a bracket itself is written \\\\[)");
    career_text_add(&p->literal, *at, (size_t)(end + 1 - *at));
    *at = end + 1;
    return true;
}

static bool add_escaped(parser *p, const char **at)
{
    if (!(*at)[1])
        return refuse(p, "it ends in a lone backslash");
    career_text_add(&p->literal, *at + (p->glob ? 0 : 1), p->glob ? 2 : 1);
    p->anchored = true;
    *at += 2;
    return true;
}

static bool add_braced(parser *p, const char **at)
{
    const char *end = strchr(*at, '}');
    career_slice name;

    if (!end)
        return refuse(p, "a { without its } (a brace itself is written \\\\{)");
    name = (career_slice){*at + 1, (size_t)(end - *at - 1)};
    *at = end + 1;
    return add_placeholder(p, name);
}

static bool parse(parser *p, career_slice text)
{
    const char *at = text.data;

    if (text.len == 0 || text.len > KEY_MAX)
        return refuse(p, "an entry has between 1 and %d bytes", KEY_MAX);
    /* a placeholder has at least three bytes, and a literal may stand on each side of it */
    p->pieces = apr_pcalloc(p->pool, (text.len + 1) * sizeof(*p->pieces));
    p->literal = career_text_make(p->pool, text.len);
    while (*at) {
        if (*at == '\\') {
            if (!add_escaped(p, &at))
                return false;
        } else if (*at == '{') {
            if (!add_braced(p, &at))
                return false;
        } else if (p->glob && *at == '[') {
            if (!add_class(p, &at))
                return false;
        } else {
            p->anchored = p->anchored || !p->glob || (*at != '*' && *at != '?');
            career_text_add_char(&p->literal, *at++);
        }
    }
    end_literal(p);
    p->template->pieces = p->pieces;
    if (p->glob && !p->anchored)
        return refuse(p, "a pattern that could match every key of the database");
    return true;
}

static bool has_wildcard(const char *text)
{
    for (; *text; text++) {
        if (*text == '\\' && text[1])
            text++;
        else if (strchr("*?[", *text))
            return true;
    }
    return false;
}

/* ------------------------------------------------------------------------------------ entries */

static bool take_flag(parser *p, const career_json *entry, const char *name, bool *flag)
{
    const career_json *value = career_json_get(entry, name);

    if (value && value->type != CAREER_JSON_BOOLEAN)
        return refuse(p, "%s must be true or false", name);
    *flag = value && value->boolean;
    return true;
}

/* { key = "…" }, { key = "…", bump = true }, { set = "…" } */
static bool compile_table(parser *p, const career_json *entry)
{
    static const char *const known[] = {"key", "bump", "set", NULL};
    const career_json *key = career_json_get(entry, "key"), *set = career_json_get(entry, "set");
    const career_json *text = key ? key : set;
    bool bump = false;

    p->source = text && text->type == CAREER_JSON_STRING ? text->string.data : "{ ... }";
    for (size_t i = 0; i < entry->object.count; i++) {
        const char *name = entry->object.members[i].name.data;

        if (strcmp(name, "key") != 0 && strcmp(name, "bump") != 0 && strcmp(name, "set") != 0)
            return refuse(p, "an entry has no \"%.60s\"; did you mean \"%s\"?", name,
                          career_nearest(name, known));
    }
    if (!text || (key && set) || text->type != CAREER_JSON_STRING)
        return refuse(p, "an entry is a text, { key = \"...\" }, { key = \"...\", bump = true } or "
                         "{ set = \"...\" }");
    if (!take_flag(p, entry, "bump", &bump))
        return false;
    if (set && bump)
        return refuse(p, "only a key can be bumped");
    p->template->kind = set ? CAREER_TARGET_SET : bump ? CAREER_TARGET_BUMP : CAREER_TARGET_KEY;
    return parse(p, text->string);
}

static bool compile_entry(parser *p, const career_json *entry)
{
    if (entry->type == CAREER_JSON_STRING) {
        p->source = entry->string.data;
        p->glob = has_wildcard(entry->string.data);
        p->template->kind = p->glob ? CAREER_TARGET_GLOB : CAREER_TARGET_KEY;
        return parse(p, entry->string);
    }
    if (entry->type == CAREER_JSON_OBJECT && entry != &career_sandbox_function)
        return compile_table(p, entry);
    p->source = "";
    p->why =
        "an entry is a text, { key = \"...\" }, { key = \"...\", bump = true } or { set = \"...\" }";
    return false;
}

bool career_templates_compile(apr_pool_t *pool, const career_rules *rules, const career_json *list,
                              career_templates *templates, const char **entry, const char **why)
{
    career_template *items;

    *entry = NULL;
    *why = "it must return a list of keys and patterns, or a function that returns one";
    if (list->type != CAREER_JSON_ARRAY)
        return false;
    *why = apr_psprintf(pool, "there may be at most %d entries", TARGETS_MAX);
    if (list->array.count > TARGETS_MAX)
        return false;
    items = apr_pcalloc(pool, (list->array.count + 1) * sizeof(*items));
    for (size_t i = 0; i < list->array.count; i++) {
        parser p = {.pool = pool, .rules = rules, .template = &items[i]};

        if (!compile_entry(&p, list->array.items[i])) {
            *entry = p.source;
            *why = p.why;
            return false;
        }
        items[i].source = p.source;
    }
    *templates = (career_templates){list->array.count, items};
    return true;
}
