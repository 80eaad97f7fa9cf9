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
#define STEPS_MAX 20000 /* about half a millisecond; where a match may begin */
#define RANGE_MIN 64 /* bytes of the text where a match may begin, between two looks at the clock */
#define RANGE_MAX 512
#define QUICK 50                           /* µs for one range */
#define TIME_MAX (20 * CAREER_MILLISECOND) /* for all */
#define DEPTH_MAX STEPS_MAX
#define HEAP_MAX 4096 /* KiB, for as long as a match takes */

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
                                          PCRE2_USE_OFFSET_LIMIT,
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
 * PCRE2 counts steps anew wherever a match may begin, and one step may run through the whole text. So the places
 * are tried in ranges, with a look at the clock between them; while that goes fast the ranges grow, each place
 * with fewer steps, and a range for which these are too few is tried again as small ones. */

typedef struct search {
    const career_pattern *pattern;
    career_slice subject;
    pcre2_match_context *limits;
    pcre2_match_data *data;
    size_t at, range; /* bytes */
    career_moment began, last;
} search;

static career_moment processor_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (career_moment)now.tv_sec * CAREER_SECOND + now.tv_nsec / 1000;
}

/* May a match begin at the first place only? */
static bool is_anchored(const career_pattern *pattern)
{
    uint32_t options = 0;

    pcre2_pattern_info(pattern->code, PCRE2_INFO_ALLOPTIONS, &options);
    return (options & PCRE2_ANCHORED) != 0;
}

static int try_range(search *s)
{
    bool first = s->at == 0;
    size_t end = s->at + s->range;

    if (end < s->subject.len)
        pcre2_set_offset_limit(s->limits, end - 1);
    else
        pcre2_set_offset_limit(s->limits, PCRE2_UNSET);
    pcre2_set_match_limit(
        s->limits, s->range > RANGE_MAX ? STEPS_MAX : (uint32_t)(STEPS_MAX * RANGE_MIN / s->range));
    return pcre2_match(s->pattern->code, (PCRE2_SPTR)s->subject.data, s->subject.len, s->at,
                       first ? 0 : PCRE2_NO_UTF_CHECK, s->data, s->limits);
}

/* Behind the range, at the beginning of a character; false when the text or the time is over. */
static bool go_on(search *s, career_match *match)
{
    career_moment now;

    s->at += s->range;
    while (s->at < s->subject.len && ((unsigned char)s->subject.data[s->at] & 0xc0) == 0x80)
        s->at++;
    if (s->at > s->subject.len)
        return false;
    now = processor_time();
    if (now - s->began > TIME_MAX) {
        *match = CAREER_MATCH_TOO_DEAR;
        return false;
    }
    if (now - s->last < QUICK && s->range < RANGE_MAX)
        s->range *= 2;
    s->last = now;
    return true;
}

static career_match find(search *s)
{
    career_match match = CAREER_MATCH_NO;
    int found;

    do {
        found = try_range(s);
        if (found == PCRE2_ERROR_MATCHLIMIT && s->range > RANGE_MIN && s->range <= RANGE_MAX) {
            s->range = RANGE_MIN;
            found = try_range(s);
        }
        if (found >= 0)
            return CAREER_MATCH_YES;
        if (found == PCRE2_ERROR_MATCHLIMIT || found == PCRE2_ERROR_DEPTHLIMIT ||
            found == PCRE2_ERROR_HEAPLIMIT || found == PCRE2_ERROR_NOMEMORY)
            return CAREER_MATCH_TOO_DEAR;
        if (found != PCRE2_ERROR_NOMATCH) /* no UTF-8 */
            return CAREER_MATCH_NO;
    } while (go_on(s, &match));
    return match;
}

career_match career_pattern_match(const career_pattern *pattern, career_slice subject)
{
    search s = {.pattern = pattern, .subject = subject, .range = RANGE_MIN};
    career_match match = CAREER_MATCH_TOO_DEAR;

    if (is_anchored(pattern))
        s.range = subject.len + RANGE_MAX + 1;
    s.limits = pcre2_match_context_copy(pattern->limits);
    s.data = pcre2_match_data_create(1, NULL); /* one pair: only whether it matches is asked */
    if (s.limits && s.data) {
        s.began = s.last = subject.len >= s.range ? processor_time() : 0;
        match = find(&s);
    }
    pcre2_match_data_free(s.data);
    pcre2_match_context_free(s.limits);
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
