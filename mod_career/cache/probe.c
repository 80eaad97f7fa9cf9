/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/probe.h"

#include <apr_strings.h>

#include "cache/glob.h"

static void set(career_probe *probe, apr_pool_t *pool, const char *command, career_slice key)
{
    probe->words[0] = career_slice_of(command);
    probe->words[1] = probe->words[2] =
        (career_slice){apr_pstrmemdup(pool, key.data, key.len), key.len};
    probe->count = 2;
}

/* A cache entry may go at any time. So may a key that is called as a glob is written, if the glob
 * matches that. That an index names itself as a key to be cleared means nothing. A generation is only
 * looked at. */
void career_probe_learn(career_probe *probe, apr_pool_t *pool, const career_errand *errand)
{
    if (probe->count)
        return;
    for (size_t i = 0; i < errand->globs && !probe->count; i++)
        if (career_glob_matches(career_errand_globs(errand)[i], career_errand_globs(errand)[i]))
            set(probe, pool, "UNLINK", career_errand_globs(errand)[i]);
    if (!probe->count && errand->keys)
        set(probe, pool, "UNLINK", errand->items[0]);
    if (!probe->count && errand->sets) {
        set(probe, pool, "SREM", career_errand_sets(errand)[0]);
        probe->count = 3;
    }
    if (!probe->count && errand->bumps)
        set(probe, pool, "GET", career_errand_bumps(errand)[0]);
}

/* A command that is refused for what it is says nothing about the others. */
bool career_probe_passes(const career_probe *probe, career_fleet *fleet, career_moment command)
{
    career_reply reply;

    if (!probe->count)
        return true;
    career_fleet_queue(fleet, probe->words[1], probe->count, probe->words);
    if (!career_fleet_exchange(fleet, career_clock_now() + command))
        return false;
    reply = career_fleet_reply(fleet, 0);
    return reply.kind != CAREER_REPLY_ERROR || !career_fleet_blame(fleet, &reply);
}
