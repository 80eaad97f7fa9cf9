/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files kind*.c share while a kind is compiled. A scope is one call of field.*, on the stack of
 * career_scope_compile; what it makes is in the pool. Each function returns false, or NULL, when something is wrong,
 * and has said so then.
 */
#ifndef CAREER_KIND_SCOPE_H
#define CAREER_KIND_SCOPE_H

#include "rules/kind.h"
#include "rules/sandbox.h"

typedef struct career_scope {
    apr_pool_t *pool;
    career_meter *meter;
    career_fault *fault;
    const char *path; /* fields.skillTags[].proficiency */
    const career_json *options, *items;
    int line;
    int level;
    career_kind *kind;
} career_scope;

/* Says what is wrong with this kind. Always false. */
bool career_scope_refuse(career_scope *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What a few expressions and defaults may cost is nothing, but a file has room for thousands of them. */
bool career_scope_has_time(career_scope *s);

/* A kind within this one, under its own path. */
const career_kind *career_scope_compile(career_scope *outer, const career_json *tree,
                                        const char *path);

/* -- kind_option.c ---------------------------------------------------------------------------------- */

bool career_scope_check_options(career_scope *s); /* is each one that the kind has? */
bool career_scope_take_common(career_scope *s);   /* those that every kind has */

/* What is absent is left as it is. */
bool career_scope_take_flag(career_scope *s, const char *name, bool *flag);
bool career_scope_take_string(career_scope *s, const char *name, const char **string);
bool career_scope_take_range(career_scope *s);  /* min and max, into the kind */
bool career_scope_take_counts(career_scope *s); /* the same, of lengths */

/* -- kind_text.c, kind_list.c: what a kind has of its own ------------------------------------------- */

bool career_scope_text(career_scope *s);
bool career_scope_date(career_scope *s);
bool career_scope_one_of(career_scope *s);
bool career_scope_list(career_scope *s);
bool career_scope_record(career_scope *s);

#endif
