/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs what operators wrote in Lua, and lets nothing out but values: no file, process, network, clock,
 * chance, address or other script's data is within its reach, and it ends within its budget whatever it does.
 * The files sandbox*.c are the only ones that know Lua; what scripts return comes out as career_json. A sandbox
 * is used by one thread at a time; all of it may be used from any.
 */
#ifndef CAREER_SANDBOX_H
#define CAREER_SANDBOX_H

#include <apr_time.h>

#include "base/json.h"
#include "base/version.h"
#include "rules/rules.h"

typedef struct career_sandbox career_sandbox;

typedef struct career_script {
    const char *name; /* validation.lua: for messages, which begin with it and a line */
    career_slice text;
} career_script;

/* What stands where a script returned a function: told by its address. */
extern const career_json career_sandbox_function;

/* A call of the vocabulary, field.text { min = 1, "x" }, comes out as an object of these members. */
#define CAREER_SANDBOX_KIND "$kind"       /* "text" */
#define CAREER_SANDBOX_LINE "$line"       /* of the call */
#define CAREER_SANDBOX_ITEMS "$items"     /* the unnamed ones, an array */
#define CAREER_SANDBOX_OPTIONS "$options" /* the named ones, an object */

/* Runs a file. On failure NULL, and *why, without line breaks, says what and, where known, in which line.
 * *value (NULL: not wanted) is what the file returned; a table comes out as array or object, an empty one as
 * empty array. From the pool. */
career_sandbox *career_sandbox_open(const career_script *script, const career_rules_budget *budget,
                                    apr_pool_t *pool, const career_json **value, const char **why);
void career_sandbox_close(career_sandbox *sandbox); /* NULL is allowed */

/* Calls the function that the file returned, or that its table holds under that name. now: for career.now.
 * *result is null or what the function returned first. false: it failed, *why says how, and the sandbox is
 * not to be used again. */
bool career_sandbox_call(career_sandbox *sandbox, const char *name,
                         const career_json *const *arguments, size_t count, apr_time_t now,
                         apr_pool_t *pool, const career_json **result, const char **why);

/* May it serve another call? Not after a failure, and not if the function has changed anything that it would
 * see again: what one request leaves behind must not reach the next. */
bool career_sandbox_is_clean(const career_sandbox *sandbox);

career_version career_sandbox_version(void); /* of Lua */

#endif
