/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions with limits, in place of Lua's patterns, which nothing can interrupt. pattern.c is the
 * only file that knows PCRE2. A compiled pattern is immutable; any thread may match with it.
 */
#ifndef CAREER_PATTERN_H
#define CAREER_PATTERN_H

#include "base/text.h"

typedef struct career_pattern career_pattern;

#define CAREER_PATTERN_SUBJECT_MAX (64 * 1024) /* bytes */

/* From the pool, freed with it. NULL, and *why from the pool. UTF-8; at most 1000 bytes of expression. */
career_pattern *career_pattern_compile(apr_pool_t *pool, const char *regex, const char **why);

/* 1 found somewhere in the text, 0 not found, -1 a limit was exceeded. */
int career_pattern_match(const career_pattern *pattern, career_slice text);

/* Compiles and matches once; -1 and why in a buffer of that room. */
int career_pattern_once(const char *regex, career_slice text, char *why, size_t room);

#endif
