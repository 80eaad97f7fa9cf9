/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a Redis that was away does again what we need of it. To connect says little: a server that
 * loads its data, or has become a replica, lets everybody in, and the latter even answers a sweep as
 * long as nothing is to be removed. So it is asked for a write, of the kind that it will be asked for
 * next, and about a key that the operator's rights must cover: one that some save named. The lane only.
 */
#ifndef CAREER_PROBE_H
#define CAREER_PROBE_H

#include "cache/errand.h"
#include "cache/fleet.h"

/* A command that does no harm at any time. Zero: none is known yet. */
typedef struct career_probe {
    size_t count;
    career_slice words[3]; /* of the pool */
} career_probe;

/* Makes one from the first errand that has targets; does nothing with later ones. */
void career_probe_learn(career_probe *probe, apr_pool_t *pool, const career_errand *errand);

/* One exchange, within `command` µs. false: see career_fleet_cause. */
bool career_probe_passes(const career_probe *probe, career_fleet *fleet, career_moment command);

#endif
