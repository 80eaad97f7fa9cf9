/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time as deadlines see it: microseconds on the monotonic clock, so that nothing waits longer because
 * somebody set the date. Calendar time (tokens) is apr_time_t. Any thread.
 */
#ifndef CAREER_CLOCK_H
#define CAREER_CLOCK_H

#include <stdint.h>
#include <time.h>

typedef int64_t career_moment; /* µs since an arbitrary start, clock_gettime(2) CLOCK_MONOTONIC */

#define CAREER_NEVER INT64_MAX
#define CAREER_SECOND INT64_C(1000000)
#define CAREER_MILLISECOND INT64_C(1000)

static inline career_moment career_clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (career_moment)now.tv_sec * CAREER_SECOND + now.tv_nsec / 1000;
}

static inline career_moment career_clock_earlier(career_moment a, career_moment b)
{
    return a < b ? a : b;
}

/* Milliseconds left until then, rounded up, as poll(2) takes them; 0 once it has passed, -1 for never. */
static inline int career_clock_poll_ms(career_moment until)
{
    career_moment left;

    if (until == CAREER_NEVER)
        return -1;
    left = until - career_clock_now();
    if (left <= 0)
        return 0;
    left = (left + 999) / 1000;
    return left > INT32_MAX ? INT32_MAX : (int)left;
}

static inline struct timespec career_clock_timespec(career_moment moment)
{
    return (struct timespec){(time_t)(moment / CAREER_SECOND),
                             (long)(moment % CAREER_SECOND) * 1000};
}

#endif
