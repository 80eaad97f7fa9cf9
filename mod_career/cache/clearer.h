/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lane's side of the invalidator: takes errands, leads them through their stages
 * (cache/errand.h), a bounded piece of work per turn, and answers whoever waits. An errand that
 * cannot be served while Redis is away is answered "pending" and kept for when it is back. The lane
 * only.
 */
#ifndef CAREER_CLEARER_H
#define CAREER_CLEARER_H

#include "cache/errand.h"
#include "cache/forecast.h"
#include "cache/url.h"

typedef struct career_clearer career_clearer;

/* All of it must outlive the clearer. */
typedef struct career_clearer_setup {
    const career_invalidator_config *config;
    const career_redis_url *url;
    const char *name; /* of the server, for the log */
    career_store *store;
    career_log *log;
    career_forecast *forecast;
    career_commons *commons;
} career_clearer_setup;

/* NULL when memory is short. */
career_clearer *career_clearer_make(const career_clearer_setup *setup);

/* Takes over an errand. No I/O. */
void career_clearer_take(career_clearer *clearer, career_errand *errand);

/* One turn: at most one exchange per stage. When the next is due, or CAREER_NEVER. */
career_moment career_clearer_turn(career_clearer *clearer);

/* Goes on with what can be done without a rest, until then; what is left is the outbox's. Frees
 * all. */
void career_clearer_close(career_clearer *clearer, career_moment until);

#endif
