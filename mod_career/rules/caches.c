/* SPDX-License-Identifier: Apache-2.0 */
/* caches.lua: what a save clears. Entries are compiled to pieces; a request fills in the placeholders. */
#include <apr_strings.h>

#include "rules/compiled.h"

#define TARGETS_MAX 100
#define TEXT_MAX 1024 /* bytes of an entry, filled in or not */

typedef enum piece_kind { PIECE_LITERAL, PIECE_USER_ID, PIECE_VERSION, PIECE_FIELD } piece_kind;

typedef struct piece {
    piece_kind kind;
    career_slice text; /* of a literal */
    size_t field;
} piece;

struct career_template {
    career_target_kind kind;
    size_t count;
    piece pieces[16];
};

#define PIECES_MAX (sizeof(((career_template *)0)->pieces) / sizeof(piece))

static bool is_glob(career_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\\')
            i++;
        else if (strchr("*?[", text.data[i]))
            return true;
    }
    return false;
}

/* Would it match every key there is, or nearly? */
static bool matches_everything(career_slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!strchr("*?", text.data[i]))
            return false;
    return true;
}

static bool find_placeholder(const career_rules *rules, career_slice name, piece *made)
{
    int field;

    if (career_slice_equal(name, CAREER_SLICE("user_id"))) {
        made->kind = PIECE_USER_ID;
        return true;
    }
    if (career_slice_equal(name, CAREER_SLICE("version"))) {
        made->kind = PIECE_VERSION;
        return true;
    }
    field = rules ? career_layout_find(&rules->layout, name) : -1;
    made->kind = PIECE_FIELD;
    made->field = (size_t)field;
    return field >= 0;
}

static const char *compile_text(const career_rules *rules, apr_pool_t *pool, career_slice text,
                                career_template *made)
{
    const char *at = text.data, *end = text.data + text.len;

    if (text.len == 0 || text.len > TEXT_MAX)
        return "an entry has 1 to 1024 bytes";
    while (at < end) {
        const char *open = memchr(at, '{', (size_t)(end - at)), *close;

        if (made->count + 2 > PIECES_MAX)
            return "an entry has at most seven placeholders";
        if (!open || open > at)
            made->pieces[made->count++] =
                (piece){PIECE_LITERAL, {at, (size_t)((open ? open : end) - at)}, 0};
        if (!open)
            break;
        close = memchr(open, '}', (size_t)(end - open));
        if (!close || !find_placeholder(rules, (career_slice){open + 1, (size_t)(close - open - 1)},
                                        &made->pieces[made->count]))
            return apr_psprintf(pool,
                                "'%s': a placeholder is {user_id}, {version} or {a declared field}",
                                text.data);
        made->count++;
        at = close + 1;
    }
    return NULL;
}

static const char *compile_entry(const career_rules *rules, apr_pool_t *pool,
                                 const career_json *entry, career_template *made)
{
    const career_json *key = career_json_get(entry, "key"), *set = career_json_get(entry, "set");
    const career_json *bump = career_json_get(entry, "bump"), *text = entry;

    if (entry->type == CAREER_JSON_STRING) {
        made->kind = is_glob(entry->string) ? CAREER_TARGET_GLOB : CAREER_TARGET_KEY;
        if (matches_everything(entry->string))
            return "an entry that matches every key is refused";
    } else if (key && key->type == CAREER_JSON_STRING &&
               (!bump || bump->type == CAREER_JSON_BOOLEAN)) {
        made->kind = bump && bump->boolean ? CAREER_TARGET_BUMP : CAREER_TARGET_KEY;
        text = key;
    } else if (set && set->type == CAREER_JSON_STRING) {
        made->kind = CAREER_TARGET_SET;
        text = set;
    } else {
        return "an entry is a text, { key = …, bump = true } or { set = … }";
    }
    return compile_text(rules, pool, text->string, made);
}

static const char *compile_list(const career_rules *rules, apr_pool_t *pool,
                                const career_json *list, const career_template **templates,
                                size_t *count)
{
    career_template *made;

    if (list->type != CAREER_JSON_ARRAY || list->array.count > TARGETS_MAX)
        return "must return a list of at most 100 entries, or a function";
    *templates = made = apr_pcalloc(pool, (list->array.count + 1) * sizeof(*made));
    for (size_t i = 0; i < list->array.count; i++) {
        const char *why = compile_entry(rules, pool, list->array.items[i], &made[i]);

        if (why)
            return apr_psprintf(pool, "entry %" APR_SIZE_T_FMT ": %s", i + 1, why);
    }
    *count = list->array.count;
    return NULL;
}

bool career_templates_compile(career_rules *rules, const career_json *list, const char **why)
{
    *why = compile_list(rules, rules->pool, list, &rules->templates, &rules->template_count);
    return !*why;
}

/* A value inside a glob stands for itself (Redis, SCAN: MATCH). */
static void add_value(career_text *text, const char *value, size_t len, bool glob)
{
    for (size_t i = 0; i < len; i++) {
        if (glob && strchr("*?[]\\^-", value[i]))
            career_text_add_char(text, '\\');
        career_text_add_char(text, value[i]);
    }
}

static void add_piece(career_text *text, const piece *p, const career_identity *user,
                      const career_document *profile, int64_t version, bool glob)
{
    const career_json *value;
    career_text plain;

    switch (p->kind) {
    case PIECE_LITERAL:
        career_text_add_slice(text, p->text);
        break;
    case PIECE_USER_ID:
        career_text_add_string(text, user->user_id);
        break;
    case PIECE_VERSION:
        career_text_add_integer(text, version);
        break;
    case PIECE_FIELD:
        value = profile->values[p->field];
        plain = career_text_make(text->pool, 64);
        if (value->type != CAREER_JSON_STRING)
            career_json_write(&plain, value);
        add_value(text, value->type == CAREER_JSON_STRING ? value->string.data : plain.data,
                  value->type == CAREER_JSON_STRING ? value->string.len : plain.len, glob);
        break;
    }
}

static bool needs_profile(const career_template *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->pieces[i].kind == PIECE_FIELD)
            return true;
    return false;
}

static void fill(apr_pool_t *pool, const career_template *templates, size_t count,
                 const career_identity *user, const career_document *profile, int64_t version,
                 career_targets *targets)
{
    career_target *items = apr_palloc(pool, (count + 1) * sizeof(*items));

    *targets = (career_targets){0, items};
    for (size_t i = 0; i < count; i++) {
        career_text text = career_text_make(pool, 96);

        if (!profile && needs_profile(&templates[i]))
            continue; /* the row is gone: nobody can say what its fields were */
        for (size_t j = 0; j < templates[i].count; j++)
            add_piece(&text, &templates[i].pieces[j], user, profile, version,
                      templates[i].kind == CAREER_TARGET_GLOB);
        items[targets->count++] = (career_target){templates[i].kind, career_text_slice(&text)};
    }
}

career_error *career_rules_targets(career_rules *rules, apr_pool_t *pool,
                                   const career_identity *user, const career_document *profile,
                                   const career_document *previous, int64_t version,
                                   career_targets *targets)
{
    const career_template *templates = rules->templates;
    size_t count = rules->template_count;
    const char *why = NULL;

    if (rules->caches) {
        const career_json *arguments[] = {career_user_json(pool, user),
                                          profile ? career_document_json(pool, profile) : NULL,
                                          previous ? career_document_json(pool, previous) : NULL};
        const career_json *list =
            career_sandboxes_call(rules->caches, pool, NULL, arguments, 3, apr_time_now(), &why);

        if (list)
            why = compile_list(rules, pool, list, &templates, &count);
    }
    if (why)
        return career_error_make(pool, CAREER_ERROR_INTERNAL_ERROR, "caches.lua: %s", why);
    fill(pool, templates, count, user, profile, version, targets);
    return NULL;
}
