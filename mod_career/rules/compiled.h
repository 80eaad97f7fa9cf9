/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of rules/ share of a snapshot; nobody outside the room includes it. */
#ifndef CAREER_COMPILED_H
#define CAREER_COMPILED_H

#include "base/snapshot.h"
#include "rules/kind.h"
#include "rules/rules.h"
#include "rules/sandbox.h"

typedef struct career_minimum {
    size_t field;
    int64_t want;
    const char *message; /* of an enhancement */
} career_minimum;

/* One entry of caches.lua: literal pieces with placeholders between them. */
typedef struct career_template career_template;

typedef struct career_sandboxes
    career_sandboxes; /* states of one file, lent to one thread at a time */

struct career_rules {
    career_snapshot snapshot;
    apr_pool_t *pool;
    uint64_t generation;
    const char *digest;
    const char *directory;
    career_layout layout;
    const career_kind **kinds; /* of layout.fields */
    bool *required;
    size_t recommended_count;
    const career_minimum *recommended;
    size_t enhancement_count;
    const career_minimum *enhancements;
    size_t template_count;
    const career_template *templates;
    career_sandboxes *validate; /* NULL: no function */
    career_sandboxes *caches;
};

/* compile.c */
const career_kind *career_kind_compile(apr_pool_t *pool, const career_json *value, const char *path,
                                       const char **why);

/* caches.c */
bool career_templates_compile(career_rules *rules, const career_json *list, const char **why);

/* functions.c */
career_sandboxes *career_sandboxes_make(apr_pool_t *pool, const char *name, career_slice text,
                                        const career_rules_budget *budget, career_sandbox *first);
void career_sandboxes_destroy(career_sandboxes *sandboxes);
const career_json *career_sandboxes_call(career_sandboxes *sandboxes, apr_pool_t *pool,
                                         const char *member, const career_json *const *arguments,
                                         int count, apr_time_t now, const char **why);
const career_json *career_user_json(apr_pool_t *pool, const career_identity *user);

#endif
