/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Index sets: their members are the keys to be cleared. They are emptied side by side, round by
 * round, so that none blocks the server however large it is, and in such an order that no key
 * leaves its index and lives on. Knows neither where errands come from nor what becomes of them. The
 * lane only.
 */
#ifndef CAREER_SETS_H
#define CAREER_SETS_H

#include "cache/errand.h"
#include "cache/fleet.h"
#include "cache/sweep.h"

/* Sets emptied side by side in one round. */
#define CAREER_STAGE_SETS 32

/* One round for the first CAREER_STAGE_SETS errands of the list: a bounded batch of members each.
 * An errand whose last set is empty has set_at == sets. LOST: none of them can be taken for done;
 * members already gone stay counted. */
career_step career_stage_sets(career_fleet *fleet, const career_errands *list,
                              career_moment command);

#endif
