/* SPDX-License-Identifier: Apache-2.0 */
/* Two files become a snapshot. */
#include "rules/compiler.h"

#include <string.h>

#include "base/pool.h"
#include "rules/nearest.h"

/* ------------------------------------------------------------------------------------ files */

static career_sandbox *run_file(career_compiler *c, const char *file, career_slice text,
                                const career_json **root)
{
    const career_script script = {file, text};
    career_sandbox *sandbox;
    const char *why;

    c->file = file;
    c->text = text;
    if (text.len > CAREER_RULES_FILE_MAX) {
        career_compiler_fail(c, 0, "it is larger than %d KiB", CAREER_RULES_FILE_MAX / 1024);
        return NULL;
    }
    sandbox = career_sandbox_open(&script, c->budget, c->pool, root, &why);
    if (!sandbox)
        career_compiler_fail_in_script(c, why);
    return sandbox;
}

static bool check_root(career_compiler *c, const career_json *root)
{
    static const char *const known[] = {"fields",       "required", "recommended",
                                        "enhancements", "validate", NULL};

    if (!career_compiler_is_plain(root))
        return career_compiler_fail(
            c, career_compiler_line_of(c, NULL, "return"),
            "it must return a table: return { fields = { ... }, required = { ... } }");
    for (size_t i = 0; i < root->object.count; i++) {
        const char *name = root->object.members[i].name.data;
        bool found = false;

        for (const char *const *at = known; *at; at++)
            found = found || strcmp(*at, name) == 0;
        if (!found)
            return career_compiler_fail(c, career_compiler_line_of(c, NULL, name),
                                        "there is no \"%.60s\"; did you mean \"%s\"?", name,
                                        career_nearest(name, known));
    }
    return true;
}

static bool compile_root(career_compiler *c, const career_json *root)
{
    const career_json *validate = career_json_get(root, "validate");

    if (!check_root(c, root) || !career_compiler_fields(c, root) ||
        !career_compiler_sections(c, root))
        return false;
    if (validate && validate != &career_sandbox_function)
        return career_compiler_fail(c, career_compiler_line_of(c, "validate", NULL),
                                    "validate must be a function(profile, previous, user)");
    return true;
}

/* The state in which a file was compiled serves the first call of its functions. These find user.claims by name,
 * or in a loop over all that user has. */
static void keep_functions(career_compiler *c, career_functions *functions, career_sandbox *sandbox)
{
    const career_script script = {c->file, c->text};

    career_functions_init(functions, c->pool, &script, c->budget);
    functions->claims = career_compiler_line_of(c, NULL, "claims") ||
                        career_compiler_line_of(c, NULL, "pairs") ||
                        career_compiler_line_of(c, NULL, "next");
    career_functions_give_back(functions, sandbox);
}

static bool compile_validation(career_compiler *c)
{
    const career_json *root;
    career_sandbox *sandbox = run_file(c, CAREER_VALIDATION_FILE, c->source->validation, &root);
    bool good = sandbox && compile_root(c, root);

    if (good && career_json_get(root, "validate"))
        keep_functions(c, &c->rules->validate, sandbox);
    else
        career_sandbox_close(sandbox);
    return good;
}

static bool compile_targets(career_compiler *c, const career_json *list)
{
    const char *entry = NULL, *why = NULL;
    size_t at = 0;

    if (career_templates_compile(c->pool, c->rules, list, &c->rules->targets, &entry, &why))
        return true;
    return career_compiler_fail(
        c, entry && *entry ? career_compiler_find_word(c->text, entry, &at) : 0, "%s", why);
}

static bool compile_caches(career_compiler *c)
{
    const career_json *list;
    career_sandbox *sandbox = run_file(c, CAREER_CACHES_FILE, c->source->caches, &list);
    bool good = sandbox;

    if (good && list == &career_sandbox_function) {
        keep_functions(c, &c->rules->caches, sandbox);
        return true;
    }
    good = good && compile_targets(c, list);
    career_sandbox_close(sandbox);
    return good;
}

/* ------------------------------------------------------------------------------------ snapshots */

static void destroy(career_snapshot *self)
{
    career_rules *rules = (career_rules *)self;

    career_functions_destroy(&rules->validate);
    career_functions_destroy(&rules->caches);
    apr_pool_destroy(rules->pool);
}

static career_rules *make(const career_rules_source *source, const career_rules_budget *budget)
{
    const career_slice texts[] = {source->validation, source->caches};
    apr_pool_t *pool = career_pool_create();
    career_rules *rules;

    if (!pool)
        return NULL;
    rules = apr_pcalloc(pool, sizeof(*rules));
    career_snapshot_init(&rules->snapshot, destroy);
    rules->pool = pool;
    rules->generation = source->generation;
    rules->budget = *budget;
    rules->digest = career_text_digest(pool, texts, 2);
    return rules;
}

static bool has_pattern(const career_kind *kind)
{
    bool found = kind->pattern || (kind->item && has_pattern(kind->item));

    for (size_t i = 0; i < kind->member_count && !found; i++)
        found = has_pattern(kind->members[i].kind);
    return found;
}

static bool is_quick(const career_rules *rules)
{
    bool quick = !rules->validate.any && !rules->caches.any;

    for (size_t i = 0; i < rules->layout.count && quick; i++)
        quick = !has_pattern(rules->rules[i].kind);
    return quick;
}

career_rules *career_rules_compile(const career_rules_source *source,
                                   const career_rules_budget *budget, apr_pool_t *pool,
                                   const char **why)
{
    career_compiler c = {.source = source, .budget = budget, .rules = make(source, budget)};

    *why = NULL;
    if (!c.rules) {
        *why = "out of memory";
        return NULL;
    }
    c.pool = c.rules->pool;
    if (compile_validation(&c) && compile_caches(&c)) {
        c.rules->quick = is_quick(c.rules);
        return c.rules;
    }
    *why = career_rules_one_line(pool, c.why);
    career_rules_release(c.rules);
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

bool career_rules_are_quick(const career_rules *rules)
{
    return rules->quick;
}
