/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lua 5.4 for what operators write, with nothing in it that reaches out, runs on, or remembers: an allow-list
 * of functions, a budget of processor time and memory, no metatables, no coroutines, no patterns, and fresh
 * upvalues for every call. sandbox.c is the only file that knows Lua; values cross its border as JSON. One
 * thread at a time uses a sandbox.
 */
#ifndef CAREER_SANDBOX_H
#define CAREER_SANDBOX_H

#include <apr_time.h>

#include "base/json.h"
#include "rules/rules.h"

typedef struct career_sandbox career_sandbox;

/* Compiles a file's text (never bytecode); name is for messages
 * ("lua/validation.lua"), and outlives the sandbox. NULL, and *why from the
 * pool ("name:12: …"), when it does not compile or memory is short. */
career_sandbox *career_sandbox_create(const char *name, career_slice text,
                                      const career_rules_budget *budget, apr_pool_t *pool,
                                      const char **why);
void career_sandbox_destroy(career_sandbox *sandbox);

/* Runs the file and hands out what it returns. A table with positions only is an array, with names only an
 * object, with both an object whose member "" is the array; a table made by field.kind {…} is an object with
 * the members kind, line and options; a function is career_sandbox_function. NULL and *why on failure. */
const career_json *career_sandbox_run(career_sandbox *sandbox, apr_pool_t *pool, const char **why);

extern const career_json career_sandbox_function;

/* Runs the file anew, takes its member of that name (NULL: what it returns), a function, and calls it. A NULL
 * argument is nil, null members of objects are absent; career.now is seconds since 1970. nil comes back as
 * JSON null. NULL and *why on failure. */
const career_json *career_sandbox_call(career_sandbox *sandbox, apr_pool_t *pool,
                                       const char *member, const career_json *const *arguments,
                                       int count, apr_time_t now, const char **why);

#endif
