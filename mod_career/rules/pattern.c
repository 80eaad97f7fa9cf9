/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define CODE_MAX                                                                                   \
    ((size_t)128 * 1024) /* bytes of one compiled expression: (a{999}){999} is refused */
#define NESTING_MAX 30
#define STEPS_MAX 20000 /* about half a millisecond; from one place of the text */
#define DEPTH_MAX STEPS_MAX
#define TIME_MAX (20 * CAREER_MILLISECOND) /* for all of a text */
#define LOOK_EVERY 16384 /* bytes of the text that are run through between two looks at the clock */
#define ITEM 64          /* as many bytes an item of the expression counts for, at least */
#define HEAP_MAX 4096    /* KiB, for as long as a match takes */

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
                                      PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C |
                                          PCRE2_AUTO_CALLOUT,
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

size_t career_pattern_size(const career_pattern *pattern)
{
    size_t size = 0;

    pcre2_pattern_info(pattern->code, PCRE2_INFO_SIZE, &size);
    return size;
}

/* ------------------------------------------------------------------------------------ matching
 * PCRE2 counts steps anew wherever a match may begin, and one step may run through the whole text. So it calls us
 * before each item of the expression, and we look at the clock now and then, which costs a system call. */

typedef struct effort {
    size_t at;           /* in the text, at the last call */
    size_t spent;        /* bytes since the last look */
    career_moment began; /* at the first look; 0: there was none */
} effort;

static career_moment processor_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (career_moment)now.tv_sec * CAREER_SECOND + now.tv_nsec / 1000;
}

static int call(pcre2_callout_block *item, void *data)
{
    effort *e = data;
    career_moment now;

    e->spent += ITEM + (item->current_position > e->at ? item->current_position - e->at : 0);
    e->at = item->current_position;
    if (e->spent < LOOK_EVERY)
        return 0;
    e->spent = 0;
    now = processor_time();
    if (!e->began)
        e->began = now;
    return now - e->began > TIME_MAX ? PCRE2_ERROR_CALLOUT : 0;
}

static career_match outcome(int found)
{
    switch (found) {
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
    case PCRE2_ERROR_NOMEMORY:
    case PCRE2_ERROR_CALLOUT:
        return CAREER_MATCH_TOO_DEAR;
    default: /* PCRE2_ERROR_NOMATCH, or no UTF-8 */
        return found >= 0 ? CAREER_MATCH_YES : CAREER_MATCH_NO;
    }
}

career_match career_pattern_match(const career_pattern *pattern, career_slice subject)
{
    pcre2_match_context *limits = pcre2_match_context_copy(pattern->limits);
    pcre2_match_data *data =
        pcre2_match_data_create(1, NULL); /* one pair: only whether it matches is asked */
    career_match match = CAREER_MATCH_TOO_DEAR;
    effort e = {.at = 0};

    if (limits && data) {
        pcre2_set_callout(limits, call, &e);
        match = outcome(
            pcre2_match(pattern->code, (PCRE2_SPTR)subject.data, subject.len, 0, 0, data, limits));
    }
    pcre2_match_data_free(data);
    pcre2_match_context_free(limits);
    return match;
}

#define TEXT_OF(number) #number
#define DOTTED(major, minor) TEXT_OF(major) "." TEXT_OF(minor)

career_version career_pattern_version(void)
{
    static char running[32]; /* "10.42 2022-12-11" */

    if (pcre2_config(PCRE2_CONFIG_VERSION, NULL) <= (int)sizeof(running))
        pcre2_config(PCRE2_CONFIG_VERSION, running);
    running[strcspn(running, " ")] = '\0';
    return (career_version){"PCRE2", DOTTED(PCRE2_MAJOR, PCRE2_MINOR), running};
}
