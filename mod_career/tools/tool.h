/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of career-rules share: the rules that were loaded, reading a profile from a file, judging it
 * as a save would, and words on a terminal. One thread.
 */
#ifndef CAREER_TOOL_H
#define CAREER_TOOL_H

#include <stdio.h>

#include "rules/rules.h"

typedef struct career_tool {
    apr_pool_t *pool;
    career_rules *rules;
    const career_layout *layout;
    career_identity user; /* whoever saves, unless a case says otherwise */
} career_tool;

/* A save as the server would judge it. */
typedef struct career_trial {
    const career_json *body, *before; /* before: what is stored, or NULL */
    const career_identity *user;
    apr_time_t now;
    career_document *previous, *merged; /* previous: NULL without before */
    career_violations *violations;
} career_trial;

/* "career-rules: what: why" to standard error; returns 1, the exit status. */
int career_tool_complain(apr_pool_t *pool, const char *what, const char *why);

typedef enum career_tint { CAREER_TINT_RED, CAREER_TINT_YELLOW, CAREER_TINT_GREEN } career_tint;

/* A line that begins with a word, which is in colour where a person reads it. */
void career_tool_say(career_tint tint, const char *tag, apr_pool_t *pool, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* What comes from a file must not steer the terminal: control characters are spelled out. From the pool. */
const char *career_tool_shown(apr_pool_t *pool, const char *text);

/* The object in a file; NULL, and said why. */
const career_json *career_tool_read(apr_pool_t *pool, const char *path);

/* Merges body and before into the last three members. What is stored may be older than the rules: what they do
 * not know of it is left out. */
void career_tool_merge(career_tool *tool, apr_pool_t *pool, career_trial *trial);

/* Merges and judges into the last three members; false when a function of the rules fails: *why. */
bool career_tool_judge(career_tool *tool, apr_pool_t *pool, career_trial *trial, const char **why);

/* "glob  career-impact:v2:*" and so on, one string each; NULL when the function fails: *why. */
const career_json *career_tool_keys(career_tool *tool, apr_pool_t *pool, const career_trial *trial,
                                    const char **why);

/* The commands keys, try and test; they return the exit status. */
int career_tool_print_keys(career_tool *tool, const char *profile, const char *previous);
int career_tool_try(career_tool *tool, const char *profile, const char *previous);
int career_tool_try_lines(career_tool *tool, FILE *lines);
int career_tool_test(career_tool *tool, const char *folder);

#endif
