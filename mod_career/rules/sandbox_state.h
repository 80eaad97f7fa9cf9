/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files sandbox*.c share, who together are the only ones that know Lua: the state of one sandbox, and
 * what each does for the others. Nobody else may include this. Whatever takes a lua_State runs inside the
 * protected call of sandbox.c and may leave it by an error, which is a long jump: nothing may be held then that
 * the pool or Lua does not own.
 */
#ifndef CAREER_SANDBOX_STATE_H
#define CAREER_SANDBOX_STATE_H

#include <lauxlib.h>
#include <lua.h>

#include "rules/meter.h"
#include "rules/pattern.h"
#include "rules/sandbox.h"

#define CAREER_SANDBOX_PATTERNS 32 /* compiled expressions that a state remembers */

struct career_sandbox {
    lua_State *L;
    career_meter meter;
    const char *name; /* of the script; a constant */
    int line;         /* where it was when the budget was looked at last; 0: nowhere yet */
    int value;        /* reference in the registry: what the file returned */
    uint64_t
        imprint; /* of all that its functions can see and change, taken when the file had run */
    bool clean;
    struct {
        char *expression;
        size_t len;
        career_pattern *pattern;
    } patterns[CAREER_SANDBOX_PATTERNS];
    unsigned next_pattern;
};

static inline career_sandbox *career_sandbox_of(lua_State *L)
{
    return *(career_sandbox **)lua_getextraspace(L);
}

/* -- what library functions pay with ----------------------------------------------------------------
 * None of them takes long without: the hook does not see what goes on inside a C function. */

/* Takes units of work; an error when there are none left. */
static inline void career_sandbox_charge(lua_State *L, size_t units)
{
    career_meter *meter = &career_sandbox_of(L)->meter;

    if (!career_meter_charge(meter, (int64_t)units))
        luaL_error(L, "%s", meter->spent);
}

/* Looks at the clock, which costs a system call; an error when the time is over. */
static inline void career_sandbox_look(lua_State *L)
{
    career_meter *meter = &career_sandbox_of(L)->meter;

    if (!career_meter_look(meter))
        luaL_error(L, "%s", meter->spent);
}

/* -- the library: Lua's own functions where they are harmless, else ours under their names ---------- */

typedef struct career_sandbox_entry {
    const char *name;
    lua_CFunction ours; /* NULL: Lua's own; else ours, which may call Lua's own by its upvalue */
} career_sandbox_entry;

/* Each ends with a NULL. */
extern const career_sandbox_entry career_sandbox_base_entries[];
extern const career_sandbox_entry career_sandbox_string_entries[];
extern const career_sandbox_entry career_sandbox_table_entries[];

/* Upvalue 1 is a function of Lua's that has none itself: charges by the length of its arguments, then runs it. */
int career_sandbox_charged(lua_State *L);

int career_sandbox_matches(lua_State *L); /* matches(text, expression): is it anywhere in it? */
int career_sandbox_literal(lua_State *L); /* literal(text): what a glob takes for it, braces too */
void career_sandbox_forget_patterns(career_sandbox *sandbox); /* frees those of matches */

/* -- the vocabulary --------------------------------------------------------------------------------- */

/* Pushes the table `field`, which may still be changed. */
void career_sandbox_push_vocabulary(lua_State *L);

/* Is the table on top one that field.* made? Then its kind, as long as the table, and the line of the call. */
bool career_sandbox_read_tag(lua_State *L, const char **kind, lua_Integer *line);

/* -- what scripts see ------------------------------------------------------------------------------- */

void career_sandbox_make_environment(lua_State *L);        /* once, before the others */
void career_sandbox_push_environment(lua_State *L);        /* the table of a script's globals */
void career_sandbox_set_now(lua_State *L, apr_time_t now); /* career.now, in seconds */

/* -- values ----------------------------------------------------------------------------------------- */

/* The value on top, which stays there; an error when it is no value, too much, or deeper than that. */
const career_json *career_sandbox_read(lua_State *L, apr_pool_t *pool, int depth_max);
void career_sandbox_push(lua_State *L, const career_json *value); /* has room for one */

/* Of the value on top: the function that it is, or those that it holds. false: there is too much of it to tell. */
bool career_sandbox_take_imprint(lua_State *L, uint64_t *hash);

/* -- errors ----------------------------------------------------------------------------------------- */

/* Handles an error where it was raised: puts the script's line in front, unless it is there. */
int career_sandbox_locate(lua_State *L);

/* What the failed run left on the stack, in words: one line, from the pool or a constant. */
const char *career_sandbox_explain(career_sandbox *sandbox, int status, apr_pool_t *pool);

#endif
