/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdio.h>
#include <stdlib.h>

#define CODE_MAX ((size_t)128 * 1024) /* bytes of one compiled expression: (a{999}){999} is refused */
#define NESTING_MAX 30
#define STEPS_MAX 20000 /* about half a millisecond */
#define DEPTH_MAX 2000
#define HEAP_MAX 256 /* KiB */

struct career_pattern {
    pcre2_general_context *memory;
    pcre2_code *code;
    pcre2_match_context *limits; /* read by matches, never written again */
};

static void *allocate(size_t size, void *unused)
{
    (void)unused;
    return size <= CODE_MAX ? malloc(size) : NULL;
}

static void release(void *block, void *unused)
{
    (void)unused;
    free(block);
}

static bool compile(career_pattern *pattern, career_slice expression, char *why)
{
    pcre2_compile_context *options = pcre2_compile_context_create(pattern->memory);
    PCRE2_SIZE at = 0;
    int error = 0;

    if (options) {
        pcre2_set_parens_nest_limit(options, NESTING_MAX);
        pattern->code = pcre2_compile((PCRE2_SPTR)expression.data, expression.len,
                                      PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C,
                                      &error, &at, options);
    }
    pcre2_compile_context_free(options);
    if (pattern->code)
        return true;
    if (pcre2_get_error_message(error, (PCRE2_UCHAR *)why, CAREER_PATTERN_WHY - 32) < 0)
        snprintf(why, CAREER_PATTERN_WHY, "out of memory");
    else
        snprintf(why + strlen(why), 32, " (at byte %zu)", (size_t)at + 1);
    return false;
}

career_pattern *career_pattern_compile(career_slice expression, char why[CAREER_PATTERN_WHY])
{
    career_pattern *pattern = calloc(1, sizeof(*pattern));

    snprintf(why, CAREER_PATTERN_WHY, "out of memory");
    if (pattern && expression.len > CAREER_PATTERN_MAX) {
        snprintf(why, CAREER_PATTERN_WHY, "it is longer than %d bytes", CAREER_PATTERN_MAX);
    } else if (pattern) {
        pattern->memory = pcre2_general_context_create(allocate, release, NULL);
        pattern->limits = pattern->memory ? pcre2_match_context_create(pattern->memory) : NULL;
        if (pattern->limits && compile(pattern, expression, why)) {
            pcre2_set_match_limit(pattern->limits, STEPS_MAX);
            pcre2_set_depth_limit(pattern->limits, DEPTH_MAX);
            pcre2_set_heap_limit(pattern->limits, HEAP_MAX);
            return pattern;
        }
    }
    career_pattern_destroy(pattern);
    return NULL;
}

void career_pattern_destroy(career_pattern *pattern)
{
    if (!pattern)
        return;
    pcre2_code_free(pattern->code);
    pcre2_match_context_free(pattern->limits);
    pcre2_general_context_free(pattern->memory);
    free(pattern);
}

career_match career_pattern_match(const career_pattern *pattern, career_slice subject)
{
    /* One pair: only whether it matches is asked. */
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    int found;

    if (!data)
        return CAREER_MATCH_TOO_DEAR;
    found = pcre2_match(pattern->code, (PCRE2_SPTR)subject.data, subject.len, 0, 0, data,
                        pattern->limits);
    pcre2_match_data_free(data);
    if (found >= 0)
        return CAREER_MATCH_YES;
    if (found == PCRE2_ERROR_MATCHLIMIT || found == PCRE2_ERROR_DEPTHLIMIT ||
        found == PCRE2_ERROR_HEAPLIMIT || found == PCRE2_ERROR_NOMEMORY)
        return CAREER_MATCH_TOO_DEAR;
    return CAREER_MATCH_NO;
}
