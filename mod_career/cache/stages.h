/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done to Redis for many errands in one exchange: their keys and generations, or one round
 * of emptying their index sets. Knows neither where errands come from nor what becomes of them. The
 * lane only.
 */
#ifndef CAREER_STAGES_H
#define CAREER_STAGES_H

#include "cache/errand.h"
#include "cache/sweep.h"

/* Clears keys and moves generations of all errands of the list: removed and refused are set in
 * each. LOST: none of them can be taken for done, and nothing was noted in any. */
career_step career_stage_keys(career_redis *redis, const career_errands *list,
                              career_moment command);

/* Sets emptied side by side in one round. */
#define CAREER_STAGE_SETS 32

/* One round for the first CAREER_STAGE_SETS errands of the list: a bounded batch of members each.
 * An errand whose last set is empty has set_at == sets. LOST: as above; members already gone stay
 * counted. */
career_step career_stage_sets(career_redis *redis, const career_errands *list,
                              career_moment command);

#endif
