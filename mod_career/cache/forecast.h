/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the lane lets requests know, so that none waits for what cannot come in time: that Redis is
 * away. (When a sweep asked for now would end is cache/commons.h's to tell.) Written by the lane,
 * read by any thread, without a lock; a value that is a moment old costs a wait or spares one,
 * nothing else.
 */
#ifndef CAREER_FORECAST_H
#define CAREER_FORECAST_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/clock.h"

typedef struct career_forecast {
    atomic_bool down; /* the breaker: Redis did not answer, and is being tried */
} career_forecast;

#endif
