/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What there is to know about a host just now: its counters, what its parts say of themselves, how things went in
 * the last minutes, and what somebody should look at. Pages, metrics and health are made from it. Nothing secret is
 * in it: no connection string, URL or key. Any request thread.
 */
#ifndef CAREER_FACTS_H
#define CAREER_FACTS_H

#include "base/counters.h"
#include "httpd/host.h"

/* How it went between two samples. */
typedef struct career_interval {
    apr_time_t end;
    double seconds;                /* its length */
    int64_t good, refused, failed; /* answers below 400, 4xx, 5xx */
    double median, slow; /* 50 and 95 of 100 requests took at most so many seconds; 0 without any */
    int64_t outbox;      /* entries at its end */
} career_interval;

#define CAREER_CONCERNS_MAX 8

typedef struct career_facts {
    const career_host *host;
    const career_reading *own;      /* of the host; likewise, */
    const career_reading *database; /* of the host whose pool it uses */
    const career_reading *cache;    /* and of the one whose invalidator */
    const char *rules_digest;
    const char *rules_error;          /* "": the files are good */
    const char *keys_error;           /* "": the last fetch went well, or there is none */
    const char *database_error;       /* "": it answers; why it does not, likewise: */
    const char *redis_error;          /* "": no fault is known */
    career_keys *keys;                /* held until the pool goes; NULL when memory is short */
    const career_interval *intervals; /* oldest first */
    size_t interval_count;
    const char *concerns[CAREER_CONCERNS_MAX]; /* a sentence each */
    size_t concern_count;
} career_facts;

career_facts *career_facts_gather(const career_host *host, apr_pool_t *pool);

/* The host's counters as they stand, with the gauges that nobody sets on his way brought up to date. */
void career_facts_read(const career_host *host, career_reading *reading);

/* That share (0 to 1) of what a histogram counted took at most so many seconds; 0 when it counted nothing. */
double career_facts_quantile(const int64_t *histogram, double share);

/* All requests of a reading whose status begins with that digit, 0: whatever it is. */
int64_t career_facts_answers(const career_reading *reading, char digit);

/* Those for a profile whose token was good. */
int64_t career_facts_admitted(const career_reading *reading);

/* The durations of all requests, as one histogram of CAREER_HISTOGRAM_CELLS. */
void career_facts_durations(const career_reading *reading, int64_t *histogram);

/* Seconds since the moment that an AGE holds; 0 when it holds none. */
#define career_facts_age(reading, metric)                                                          \
    career_facts_age_of((reading), (reading)->cells[CAREER_AT_##metric])
double career_facts_age_of(const career_reading *reading, int64_t moment);

#endif
