/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/ending.h"

#include <stdlib.h>

/* What Redis has no memory for is tried again after so long, and up to as much more. */
#define PASSING (CAREER_SECOND / 2)

void career_ending_give_up(career_ending *ending, career_errand *errand)
{
    career_commons_withdraw(ending->setup->commons, &errand->place);
    career_errand_answer(errand, CAREER_CACHE_PENDING);
    career_job_release(&errand->base);
}

static void put_on_agenda(career_ending *ending, career_errand *errand, career_moment due)
{
    if (career_agenda_is_full(ending->agenda)) {
        career_ending_give_up(ending, errand);
        return;
    }
    career_leases_reach(ending->leases, errand, due);
    if (!career_agenda_push(ending->agenda, errand, due))
        career_ending_give_up(ending, errand);
}

/* Is there anything in it that a slow reader could store after us? He who moves a generation back
 * finds it moved on all the same. */
static bool is_settled(const career_errand *errand)
{
    return errand->keys + errand->sets + errand->globs == 0 || errand->began >= errand->settled;
}

/* Keys that a sweep removed are counted with the sweep, which may have removed them for several errands. */
static void count_removed(const career_ending *ending, career_errand *errand)
{
    career_count_by(ending->setup->config->counters, KEYS_REMOVED,
                    (int64_t)(errand->removed - errand->counted));
    errand->counted = errand->removed;
}

void career_ending_finish(career_ending *ending, career_errand *errand)
{
    bool disabled = career_cache_is_disabled(ending->setup);

    count_removed(ending, errand);
    career_errand_answer(errand, disabled ? CAREER_CACHE_DISABLED : CAREER_CACHE_INVALIDATED);
    if (!disabled && !is_settled(errand)) {
        errand->again = true;
        errand->set_at = 0;
        put_on_agenda(ending, errand, errand->settled);
        return;
    }
    career_relay_done(ending->relay, errand);
    career_job_release(&errand->base);
}

void career_ending_retry(career_ending *ending, career_errand *errand)
{
    career_moment pause = PASSING + (career_moment)rand_r(&ending->seed) % PASSING;

    career_errand_answer(errand, CAREER_CACHE_PENDING);
    count_removed(ending, errand);
    if (errand->passing) {
        errand->refused = errand->passing = false;
        errand->set_at = 0;
        put_on_agenda(ending, errand, career_clock_now() + pause);
        return;
    }
    career_relay_back_off(ending->relay, errand);
    career_ending_give_up(ending, errand);
}
