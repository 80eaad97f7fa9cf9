/* SPDX-License-Identifier: Apache-2.0 */
/* What a save clears: the templates of caches.lua, or of what its function returns, with values filled in. A value
 * is always taken literally: whatever a profile holds, it cannot widen a glob. */
#include <apr_strings.h>

#include "rules/compiled.h"

typedef struct filler {
    apr_pool_t *pool;
    const char *user_id;
    int64_t version;
    size_t count;
    career_target *items;
} filler;

/* So that a pattern takes it literally; no placeholder stands within a class. */
static void add_literal(career_text *text, bool glob, career_slice value)
{
    if (!glob) {
        career_text_add_slice(text, value);
        return;
    }
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] && strchr("*?[]\\", value.data[i]))
            career_text_add_char(text, '\\');
        career_text_add_char(text, value.data[i]);
    }
}

static void add_value(career_text *text, bool glob, const career_json *value)
{
    career_text written;

    if (value->type == CAREER_JSON_STRING) {
        add_literal(text, glob, value->string);
        return;
    }
    written = career_text_make(text->pool, 16);
    career_json_write(&written, value);
    add_literal(text, glob, career_text_slice(&written));
}

/* false: a value is missing, so there is nothing it could stand for. */
static bool fill(const filler *f, const career_template *template, const career_document *document,
                 career_text *text)
{
    bool glob = template->kind == CAREER_TARGET_GLOB;

    for (size_t i = 0; i < template->count; i++) {
        const career_piece *piece = &template->pieces[i];

        switch (piece->kind) {
        case CAREER_PIECE_LITERAL:
            career_text_add_slice(text, piece->text);
            break;
        case CAREER_PIECE_USER_ID:
            career_text_add_string(text, f->user_id); /* a UUID, literal in any pattern */
            break;
        case CAREER_PIECE_VERSION:
            career_text_add_integer(text, f->version);
            break;
        case CAREER_PIECE_FIELD:
            if (!document || document->values[piece->field]->type == CAREER_JSON_NULL)
                return false;
            add_value(text, glob, document->values[piece->field]);
            break;
        }
    }
    return true;
}

static void add_target(filler *f, const career_template *template, const career_document *document)
{
    career_text text = career_text_make(f->pool, 64);
    career_target target = {.kind = template->kind};

    if (!fill(f, template, document, &text))
        return;
    target.text = career_text_slice(&text);
    for (size_t i = 0; i < f->count; i++)
        if (f->items[i].kind == target.kind && career_slice_equal(f->items[i].text, target.text))
            return;
    f->items[f->count++] = target;
}

static bool names_field(const career_template *template)
{
    for (size_t i = 0; i < template->count; i++)
        if (template->pieces[i].kind == CAREER_PIECE_FIELD)
            return true;
    return false;
}

/* What is kept under a value that has just changed is stale under the old one too. */
static void fill_all(filler *f, const career_templates *templates, const career_document *profile,
                     const career_document *previous)
{
    f->items = apr_palloc(f->pool, (2 * templates->count + 1) * sizeof(*f->items));
    for (size_t i = 0; i < templates->count; i++) {
        add_target(f, &templates->items[i], profile);
        if (previous && names_field(&templates->items[i]))
            add_target(f, &templates->items[i], previous);
    }
}

static career_error *call_function(career_rules *rules, apr_pool_t *pool,
                                   const career_identity *user, const career_document *profile,
                                   const career_document *previous, career_templates *templates)
{
    const career_json *arguments[] = {
        career_functions_user(&rules->caches, pool, user),
        profile ? career_document_json(pool, profile) : &career_json_null,
        previous ? career_document_json(pool, previous) : &career_json_null};
    const career_json *list;
    const char *entry, *why;

    if (!career_functions_call(&rules->caches, NULL, arguments, 3, apr_time_now(), pool, &list,
                               &why))
        return career_error_make(pool, CAREER_ERROR_INTERNAL_ERROR, "the function of %s: %s",
                                 CAREER_CACHES_FILE, why);
    if (list->type == CAREER_JSON_NULL)
        list = &career_json_empty_array;
    if (!career_templates_compile(pool, rules, list, templates, &entry, &why))
        return career_error_make(pool, CAREER_ERROR_INTERNAL_ERROR,
                                 "what the function of %s returns: %s", CAREER_CACHES_FILE,
                                 career_rules_one_line(pool, why));
    return NULL;
}

career_error *career_rules_targets(career_rules *rules, apr_pool_t *pool,
                                   const career_identity *user, const career_document *profile,
                                   const career_document *previous, int64_t version,
                                   career_targets *targets)
{
    filler f = {.pool = pool, .user_id = user->user_id, .version = version};
    career_templates templates = rules->targets;
    career_error *error = NULL;

    if (rules->caches.any)
        error = call_function(rules, pool, user, profile, previous, &templates);
    if (error)
        return error;
    fill_all(&f, &templates, profile, previous);
    *targets = (career_targets){f.count, f.items};
    return NULL;
}

/* ------------------------------------------------------------------------------------ notices */

static bool serves_one_user(const career_template *template)
{
    for (size_t i = 0; i < template->count; i++)
        if (template->pieces[i].kind == CAREER_PIECE_USER_ID)
            return true;
    return false;
}

static const char *dear_glob(apr_pool_t *pool, const char *pattern)
{
    return apr_psprintf(
        pool,
        "%s: \"%s\" has no {user_id}: every save clears these entries of all users, and "
        "they are computed anew for everybody. Like every pattern it also makes Redis walk "
        "all its keys, some 0.65 s of its time per million; an exact key, a set or a "
        "generation costs next to nothing",
        CAREER_CACHES_FILE, pattern);
}

const char *const *career_rules_notices(const career_rules *rules, apr_pool_t *pool, size_t *count)
{
    const career_templates *targets = &rules->targets;
    const char **notices = apr_pcalloc(pool, (targets->count + 2) * sizeof(*notices));

    *count = 0;
    if (rules->validate.any)
        notices[(*count)++] = CAREER_VALIDATION_FILE
            ": the function validate runs at a save only, and one that fails refuses every save; "
            "career-rules try DIR profile.json runs it";
    if (rules->caches.any)
        notices[(*count)++] = CAREER_CACHES_FILE
            ": its function runs at a save only, and one that fails, or returns what is no target, "
            "refuses every save; career-rules keys DIR USER_ID profile.json runs it";
    for (size_t i = 0; i < targets->count; i++)
        if (targets->items[i].kind == CAREER_TARGET_GLOB && !serves_one_user(&targets->items[i]))
            notices[(*count)++] = dear_glob(pool, targets->items[i].source);
    return notices;
}
