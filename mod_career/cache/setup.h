/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the lane of an invalidator works with, made by cache/invalidator.c and handed down. The lane only.
 */
#ifndef CAREER_SETUP_H
#define CAREER_SETUP_H

#include "cache/forecast.h"
#include "cache/invalidator.h"
#include "cache/url.h"

/* All of it outlives the lane. */
typedef struct career_cache_setup {
    const career_invalidator_config *config;
    const career_redis_url *url;
    const char *name; /* of the server, for the log */
    career_store *store;
    career_log *log;
    career_forecast *forecast;
    career_commons *commons;
} career_cache_setup;

/* Is there no Redis, so that nothing is ever cleared? */
static inline bool career_cache_is_disabled(const career_cache_setup *setup)
{
    return setup->url->kind == CAREER_REDIS_NONE;
}

#endif
