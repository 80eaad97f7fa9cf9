/* SPDX-License-Identifier: Apache-2.0 */
/* For facts.c: the samples of the last minutes as intervals. Pure but for reading the counters. */
#ifndef CAREER_TREND_H
#define CAREER_TREND_H

#include "httpd/facts.h"

#define CAREER_TREND_LENGTH (15 * 60 * APR_USEC_PER_SEC)

/* What is judged by what went on just now is judged by so much. */
#define CAREER_TREND_RECENT (2 * 60 * APR_USEC_PER_SEC)

/* From the pool, oldest first; the last ends now. *recent: the oldest sample of the recent time, NULL without one. */
career_interval *career_trend(career_counters *counters, const career_reading *now,
                              apr_pool_t *pool, size_t *count, const career_reading **recent);

#endif
