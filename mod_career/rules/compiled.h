/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a snapshot of the rules is made of, for the files of this room that make it (compile*.c, caches.c) and
 * use it (check.c, targets.c, functions.c, schema.c). Immutable but for the states of functions, which have a lock.
 */
#ifndef CAREER_COMPILED_H
#define CAREER_COMPILED_H

#include <pthread.h>

#include "rules/kind.h"
#include "rules/rules.h"
#include "rules/sandbox.h"

#define CAREER_VALIDATION_FILE "validation.lua"
#define CAREER_CACHES_FILE "caches.lua"

/* What goes beside a field of the layout, under the same index. */
typedef struct career_rule {
    const career_kind *kind;
    bool required;
    double wanted;              /* recommended minimum; 0: none */
    const char *wanted_message; /* the operator's words, or NULL */
    const char *enhancement;    /* what filling it in is good for, or NULL */
} career_rule;

#define CAREER_IDLE_STATES 64

/* The functions of one file. A call borrows a state; when none is idle one more is made from the text. */
typedef struct career_functions {
    bool any; /* does the file have functions? */
    bool
        claims; /* may they look at user.claims? To read a token's claims costs as much as a call does */
    career_script script;
    career_rules_budget budget;
    pthread_mutex_t lock; /* of the two below; never held while Lua runs */
    unsigned idle_count;
    career_sandbox *idle[CAREER_IDLE_STATES];
} career_functions;

/* A piece of a key or glob. */
typedef enum career_piece_kind {
    CAREER_PIECE_LITERAL,
    CAREER_PIECE_USER_ID,
    CAREER_PIECE_VERSION,
    CAREER_PIECE_FIELD
} career_piece_kind;

typedef struct career_piece {
    career_piece_kind kind;
    career_slice text; /* LITERAL */
    size_t field;      /* FIELD: index in the layout */
} career_piece;

typedef struct career_template {
    career_target_kind kind;
    const char *source; /* as in the file */
    size_t count;
    const career_piece *pieces;
} career_template;

typedef struct career_templates {
    size_t count;
    const career_template *items;
} career_templates;

struct career_rules {
    career_snapshot snapshot; /* first */
    apr_pool_t *pool;         /* its own; everything below is in it */
    uint64_t generation;
    const char *digest;
    career_rules_budget budget;
    career_layout layout;
    const career_rule *rules;  /* one for each field of the layout */
    career_functions validate; /* the function `validate` of validation.lua */
    career_functions caches;   /* caches.lua, when it returns a function */
    career_templates targets;  /* when it returns a list */
    bool quick;                /* no function, no pattern */
};

/* functions.c. Calls the file's function of that name (NULL: the file is the function). */
bool career_functions_call(career_functions *functions, const char *name,
                           const career_json *const *arguments, size_t count, apr_time_t now,
                           apr_pool_t *pool, const career_json **result, const char **why);
void career_functions_init(career_functions *functions, apr_pool_t *pool,
                           const career_script *script, const career_rules_budget *budget);
/* Gives it a state for its first call. */
void career_functions_give_back(career_functions *functions, career_sandbox *sandbox);
void career_functions_destroy(career_functions *functions);

/* What functions get as `user`. */
const career_json *career_functions_user(const career_functions *functions, apr_pool_t *pool,
                                         const career_identity *user);

/* caches.c. Compiles the list that caches.lua returned. false and *why when it is wrong; *entry is then the
 * text of the entry, to find its line by, or NULL. */
bool career_templates_compile(apr_pool_t *pool, const career_rules *rules, const career_json *list,
                              career_templates *templates, const char **entry, const char **why);

/* What quotes a script, for a log or a terminal: one line of whole characters, control characters spelled out. */
const char *career_rules_one_line(apr_pool_t *pool, const char *text);

#endif
