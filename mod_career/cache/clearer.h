/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lane's side of the invalidator: takes errands, has them take their course (cache/course.h), looks into the outbox for
 * more, and says when it wants its next turn. The lane only.
 */
#ifndef CAREER_CLEARER_H
#define CAREER_CLEARER_H

#include "cache/errand.h"
#include "cache/setup.h"

typedef struct career_clearer career_clearer;

/* NULL when memory is short. */
career_clearer *career_clearer_make(const career_cache_setup *setup);

/* Takes over an errand. No I/O. */
void career_clearer_take(career_clearer *clearer, career_errand *errand);

/* One turn: at most one exchange per stage. When the next is due, or CAREER_NEVER. */
career_moment career_clearer_turn(career_clearer *clearer);

/* Goes on with what can be done without a rest, until then; what is left is the outbox's. Frees
 * all. */
void career_clearer_close(career_clearer *clearer, career_moment until);

#endif
