/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/pattern.h"

#include <stdio.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <apr_strings.h>
#include <pcre2.h>

#define REGEX_MAX 1000
#define MATCH_LIMIT 100000 /* pcre2_set_match_limit(3): some milliseconds */
#define DEPTH_LIMIT 1000
#define HEAP_LIMIT 1024 /* KiB */

struct career_pattern {
    pcre2_code *code;
};

static apr_status_t free_code(void *code)
{
    pcre2_code_free(code);
    return APR_SUCCESS;
}

static pcre2_code *compile(const char *regex, char *why, size_t room)
{
    PCRE2_UCHAR text[120];
    PCRE2_SIZE at;
    int error;
    pcre2_code *code;

    if (strlen(regex) > REGEX_MAX) {
        snprintf(why, room, "the expression is longer than %d bytes", REGEX_MAX);
        return NULL;
    }
    code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED,
                         PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &error, &at, NULL);
    if (!code) {
        pcre2_get_error_message(error, text, sizeof(text));
        snprintf(why, room, "%s at offset %zu", (const char *)text, (size_t)at);
    }
    return code;
}

career_pattern *career_pattern_compile(apr_pool_t *pool, const char *regex, const char **why)
{
    char text[160];
    career_pattern *pattern = apr_palloc(pool, sizeof(*pattern));

    pattern->code = compile(regex, text, sizeof(text));
    if (!pattern->code) {
        *why = apr_pstrdup(pool, text);
        return NULL;
    }
    apr_pool_cleanup_register(pool, pattern->code, free_code, apr_pool_cleanup_null);
    return pattern;
}

static int match(const pcre2_code *code, career_slice text)
{
    pcre2_match_context *limits = pcre2_match_context_create(NULL);
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    int found = -1;

    if (limits && data && text.len <= CAREER_PATTERN_SUBJECT_MAX) {
        pcre2_set_match_limit(limits, MATCH_LIMIT);
        pcre2_set_depth_limit(limits, DEPTH_LIMIT);
        pcre2_set_heap_limit(limits, HEAP_LIMIT);
        found = pcre2_match(code, (PCRE2_SPTR)text.data, text.len, 0, 0, data, limits);
        found = found >= 0 ? 1 : found == PCRE2_ERROR_NOMATCH ? 0 : -1;
    }
    pcre2_match_data_free(data);
    pcre2_match_context_free(limits);
    return found;
}

int career_pattern_match(const career_pattern *pattern, career_slice text)
{
    return match(pattern->code, text);
}

int career_pattern_once(const char *regex, career_slice text, char *why, size_t room)
{
    pcre2_code *code = compile(regex, why, room);
    int found = -1;

    if (!code)
        return -1;
    found = match(code, text);
    pcre2_code_free(code);
    if (found < 0)
        snprintf(why, room, "a limit was exceeded, or the text is no UTF-8");
    return found;
}
