/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a save clears in Redis, as rules/ computes it and cache/ does it: a list of targets with every
 * placeholder filled in. Plain data, owned by the pool it was made in.
 */
#ifndef CAREER_TARGET_H
#define CAREER_TARGET_H

#include "base/text.h"

typedef enum career_target_kind {
    CAREER_TARGET_KEY,  /* delete this key */
    CAREER_TARGET_GLOB, /* delete every key that matches; `literal` bytes of its start are literal */
    CAREER_TARGET_SET,  /* delete the members of this set, then the set */
    CAREER_TARGET_BUMP  /* move this generation to at least the row's version */
} career_target_kind;

typedef struct career_target {
    career_target_kind kind;
    career_slice text; /* a key, or a pattern as in the Redis command SCAN, MATCH */
} career_target;

typedef struct career_targets {
    size_t count;
    const career_target *items;
} career_targets;

#endif
