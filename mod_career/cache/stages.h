/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done to Redis for many errands in one exchange: their keys and generations. Knows neither where errands come from nor what becomes of them. The
 * lane only.
 */
#ifndef CAREER_STAGES_H
#define CAREER_STAGES_H

#include "cache/errand.h"
#include "cache/fleet.h"
#include "cache/sweep.h"

/* Clears keys and moves generations of all errands of the list: removed and refused are set in
 * each. NOTHING: they have none. LOST: none of them can be taken for done, whatever is set. */
career_step career_stage_keys(career_fleet *fleet, const career_errands *list,
                              career_moment command);

#endif
