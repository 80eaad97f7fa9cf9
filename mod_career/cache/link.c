/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/link.h"

#include <stdlib.h>

#define IDLE_LIMIT (60 * CAREER_SECOND)
/* A connection cut after so long a pause may have been dead before: that is no outage yet. */
#define PAUSE (50 * CAREER_MILLISECOND)
#define BACKOFF_MIN (100 * CAREER_MILLISECOND)
#define BACKOFF_MAX CAREER_SECOND

/* The upper half of the back-off is left to chance, so that many processes do not come back as
 * one. */
static void break_link(career_link *link, const char *cause)
{
    career_moment backoff = link->backoff ? 2 * link->backoff : BACKOFF_MIN;

    link->backoff = backoff < BACKOFF_MAX ? backoff : BACKOFF_MAX;
    link->retry = career_clock_now() + link->backoff / 2 +
                  (career_moment)rand_r(&link->seed) % (link->backoff / 2);
    career_counters_remark(link->counters, CAREER_REMARK_REDIS, cause); /* first: see watch.c */
    if (career_outage_found(link->outage))
        career_log_tell(link->log, CAREER_LOG_REDIS_DOWN, "%s: %s", link->name, cause);
    if (!link->down) {
        career_count_by(link->counters, REDIS_FAILURES, 1);
        career_live_set(link->counters, REDIS_DOWN, 1);
    }
    link->down = true;
    atomic_store(&link->forecast->down, true);
}

/* After an outage it must do what it is there for, too. */
static bool connect_link(career_link *link)
{
    return career_fleet_connect(link->fleet) &&
           (!link->down || career_probe_passes(&link->probe, link->fleet, link->command));
}

career_fleet *career_link_get(career_link *link)
{
    bool good;

    link->rested = career_clock_now() - link->used > PAUSE;
    if (link->rested)
        career_fleet_check(link->fleet);
    if (career_fleet_is_connected(link->fleet))
        return link->fleet;
    if (career_clock_now() < link->retry)
        return NULL;
    link->rested = false;
    good = connect_link(link);
    link->used = career_clock_now();
    if (good)
        return link->fleet;
    break_link(link, career_fleet_cause(link->fleet));
    career_fleet_disconnect(link->fleet);
    return NULL;
}

bool career_link_good(career_link *link)
{
    bool was_down = link->down;

    link->used = career_clock_now();
    link->backoff = 0;
    if (!was_down)
        return false;
    link->down = false;
    career_live_set(link->counters, REDIS_DOWN, 0);
    atomic_store(&link->forecast->down, false);
    if (career_outage_over(link->outage))
        career_log_tell(link->log, CAREER_LOG_REDIS_BACK, "%s", link->name);
    return true;
}

void career_link_lost(career_link *link)
{
    if (link->down || !link->rested || !career_fleet_was_cut(link->fleet))
        break_link(link, career_fleet_cause(link->fleet));
    career_fleet_disconnect(link->fleet);
}

career_moment career_link_rest(career_link *link)
{
    if (!career_fleet_is_connected(link->fleet))
        return CAREER_NEVER;
    if (career_clock_now() < link->used + IDLE_LIMIT)
        return link->used + IDLE_LIMIT;
    career_fleet_disconnect(link->fleet);
    return CAREER_NEVER;
}
