/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions that operators write, applied to texts that clients send: neither may make the other
 * expensive. pattern.c is the only file that knows PCRE2. A compiled pattern is immutable: any thread.
 */
#ifndef CAREER_PATTERN_H
#define CAREER_PATTERN_H

#include "base/text.h"
#include "base/version.h"

#define CAREER_PATTERN_MAX 1000 /* bytes of a regular expression */
#define CAREER_PATTERN_WHY 200

typedef struct career_pattern career_pattern;

/* Compiles for UTF-8; `$` is the very end. On the heap. On failure NULL and a sentence in why. */
career_pattern *career_pattern_compile(career_slice expression, char why[CAREER_PATTERN_WHY]);
void career_pattern_destroy(career_pattern *pattern);      /* NULL is allowed */
size_t career_pattern_size(const career_pattern *pattern); /* bytes, compiled */

typedef enum career_match {
    CAREER_MATCH_YES,
    CAREER_MATCH_NO,      /* also where the subject is no UTF-8 */
    CAREER_MATCH_TOO_DEAR /* given up: a limit of steps or memory was reached */
} career_match;

/* Is it found anywhere in the subject? */
career_match career_pattern_match(const career_pattern *pattern, career_slice subject);

career_version career_pattern_version(void); /* of PCRE2 */

#endif
