/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CAUSE_MAX 768

static const career_log_info infos[CAREER_LOG_TAG_COUNT] = {
#define X(name, number, level, what, cure) {number, CAREER_LEVEL_##level, what, cure},
    CAREER_LOG_TAGS(X)
#undef X
};

const career_log_info *career_log_describe(career_log_tag tag)
{
    return &infos[tag];
}

/* May this line be written now? Whoever wins the exchange of the time writes. */
static bool admit(career_log *log, career_log_tag tag, unsigned *held_back)
{
    career_moment now = career_clock_now();
    career_moment last = atomic_load(&log->tags[tag].last);

    if ((last && now - last < CAREER_LOG_PAUSE) ||
        !atomic_compare_exchange_strong(&log->tags[tag].last, &last, now)) {
        atomic_fetch_add(&log->tags[tag].held_back, 1);
        return false;
    }
    *held_back = atomic_exchange(&log->tags[tag].held_back, 0);
    return true;
}

static void escape(char *out, size_t room, const char *in)
{
    size_t len = 0;

    for (; *in && len + 5 < room; in++) {
        unsigned char c = (unsigned char)*in;

        if (c < 0x20 || c == 0x7f)
            len += (size_t)snprintf(out + len, room - len, "\\x%02x", c);
        else
            out[len++] = (char)c;
    }
    out[len] = '\0';
}

static void write_line(career_log *log, career_log_tag tag, unsigned held_back, const char *cause,
                       va_list args)
{
    const career_log_info *info = &infos[tag];
    char raw[CAUSE_MAX], escaped[CAUSE_MAX], again[48] = "", line[2 * CAUSE_MAX];

    vsnprintf(raw, sizeof(raw), cause, args);
    escape(escaped, sizeof(escaped), raw);
    if (held_back)
        snprintf(again, sizeof(again), " (%u more held back)", held_back);
    snprintf(line, sizeof(line), "CAREER%04d: %s: %s%s%s%s", info->number, info->what, escaped,
             *info->cure ? "; " : "", info->cure, again);
    log->sink(log->context, info->level, line);
}

void career_log_say(career_log *log, career_log_tag tag, const char *cause, ...)
{
    unsigned held_back = 0;
    va_list args;

    if (!log || !log->sink || !admit(log, tag, &held_back))
        return;
    va_start(args, cause);
    write_line(log, tag, held_back, cause, args);
    va_end(args);
}

void career_log_tell(career_log *log, career_log_tag tag, const char *cause, ...)
{
    va_list args;

    if (!log || !log->sink)
        return;
    va_start(args, cause);
    write_line(log, tag, 0, cause, args);
    va_end(args);
}
