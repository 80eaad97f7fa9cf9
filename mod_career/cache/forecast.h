/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the lane lets requests know, so that none waits for what cannot come in time: that Redis is
 * away, and when a sweep asked for now would end. Written by the lane, read by any thread, without
 * a lock; a value that is a moment old costs a wait or spares one, nothing else.
 */
#ifndef CAREER_FORECAST_H
#define CAREER_FORECAST_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/clock.h"

/* After a sweep of length T the next one begins 3 T later: a quarter of the time at most. */
#define CAREER_SWEEP_REST 3

typedef struct career_forecast {
    atomic_bool down;             /* the breaker: Redis did not answer, and is being tried */
    _Atomic career_moment began;  /* of the sweep under way; 0: none is */
    _Atomic career_moment length; /* of the last sweep; 0: none yet */
    _Atomic career_moment rest;   /* no sweep begins before this */
} career_forecast;

/* When would a sweep end for somebody who asks now? It serves those who came before it began. */
static inline career_moment career_forecast_sweep(const career_forecast *forecast,
                                                  career_moment now)
{
    career_moment began = atomic_load(&forecast->began);
    career_moment length = atomic_load(&forecast->length);
    career_moment start = atomic_load(&forecast->rest);

    if (began) {
        if (length < now - began)
            length = now - began;
        start = began + length + CAREER_SWEEP_REST * length;
    }
    return (start > now ? start : now) + length;
}

#endif
