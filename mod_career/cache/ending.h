/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of an errand at the end of a pass: it is done, and its entry is taken out of the outbox; it goes on the agenda
 * for another pass; or it is left to the outbox. Each takes over the errand and answers whoever waits. The lane only.
 */
#ifndef CAREER_ENDING_H
#define CAREER_ENDING_H

#include "cache/agenda.h"
#include "cache/leases.h"
#include "cache/relay.h"
#include "cache/setup.h"

typedef struct career_ending {
    const career_cache_setup *setup;
    career_agenda *agenda;
    career_relay *relay;
    career_leases *leases;
    unsigned seed;
} career_ending;

/* All that it names is cleared. A slow reader may still store what he computed before the commit: then there is a second pass. */
void career_ending_finish(career_ending *ending, career_errand *errand);

/* Redis refused it. Where that is going to pass it stays in hand; else an operator must do something first. */
void career_ending_retry(career_ending *ending, career_errand *errand);

/* Its entry stays in the outbox as it is. */
void career_ending_give_up(career_ending *ending, career_errand *errand);

#endif
