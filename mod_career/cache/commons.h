/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the processes of a server share about the sweeps of one Redis, in memory made before fork and
 * kept across restarts. Whoever wants patterns swept posts them here; when the last sweep has had its
 * rest, one process takes its turn and sweeps for all that is posted, its own and everybody else's,
 * so that Redis spends no more than a quarter of its time on sweeps, however many children and keys
 * there are, and nobody waits for more than two of them. (Handed over through the outbox instead, patterns
 * would be computed anew there and lose what only the save knew: the values that it replaced.) A
 * process that dies in its turn loses it, and the next one takes up what it had; one that dies with
 * patterns posted leaves them to the outbox. Knows neither Redis nor errands. Lanes of any process
 * call these; the forecast is anybody's.
 */
#ifndef CAREER_COMMONS_H
#define CAREER_COMMONS_H

#include <apr_pools.h>

#include "base/clock.h"
#include "base/text.h"

/* What Redis gives to sweeps: so much of its time in one go, and what goes beyond comes in steps with pauses
 * between, three thirteenths of the time: so that in any five seconds it is a quarter at the most. */
#define CAREER_SWEEP_BURST (100 * CAREER_MILLISECOND)
#define CAREER_SWEEP_REST(busy) (10 * (busy) / 3)

typedef struct career_commons career_commons;

/* The one of that name: what an earlier configuration left in the pool, or a new one. Pool: the process
 * pool. NULL when shared memory is short. Only before fork. */
career_commons *career_commons_open(apr_pool_t *pool, const char *name);

/* For one process alone. NULL when memory is short. */
career_commons *career_commons_make(void);
void career_commons_free(career_commons *commons); /* of career_commons_make; NULL is allowed */

/* When would a sweep end for somebody who asks now? It serves those who came before it began. A few
 * atomic loads. */
career_moment career_commons_forecast(const career_commons *commons, career_moment now);

/* How long it takes from one sweep to the next where there is always somebody who waits; 0: not known
 * yet. */
career_moment career_commons_period(const career_commons *commons);

/* ---------------------------------------------------------------- posting */

/* Where patterns are posted. Zero: nowhere. */
typedef struct career_place {
    uint64_t ticket;
    unsigned slot;
} career_place;

/* Posts patterns, for the next sweep that begins.
 * false when there is no room for them: their owner sweeps for them in a turn of its own. */
bool career_commons_post(career_commons *commons, const career_slice *patterns, size_t count,
                         career_place *place);

typedef enum career_commons_news {
    CAREER_COMMONS_WAITS,
    CAREER_COMMONS_SERVED,
    CAREER_COMMONS_REFUSED, /* Redis refused the sweep */
    CAREER_COMMONS_LOST     /* to be posted again */
} career_commons_news;

/* What became of them. Unless they still wait, the place is free afterwards. SERVED: how many keys
 * they removed, and when that sweep began. */
career_commons_news career_commons_collect(career_commons *commons, career_place *place,
                                           uint64_t *removed, career_moment *began);

/* Takes them back. A place that is zero is allowed. */
void career_commons_withdraw(career_commons *commons, career_place *place);

/* Gives the memory of places back to the system that were needed in a burst and are free now. */
void career_commons_shrink(career_commons *commons);

/* Changes with each sweep that ends: as long as it does not, there is nothing to collect. */
uint64_t career_commons_ended(const career_commons *commons);

/* When a turn may be taken at the earliest: once the rest is over, or when it is worth looking again
 * whether the turn under way is. */
career_moment career_commons_free_at(const career_commons *commons, career_moment now);

/* ---------------------------------------------------------------- sweeping */

/* What is to be swept for one place. */
typedef struct career_share {
    unsigned slot;
    uint64_t ticket;
    size_t count;
    career_slice *patterns;
} career_share;

/* Takes the turn if it is free, valid until `until` or as long as it is held: its number, and copies
 * of all that is posted, in the pool. 0: it is somebody's, or the rest is not over. */
uint64_t career_commons_begin(career_commons *commons, career_moment until, apr_pool_t *pool,
                              career_share **shares, size_t *count);

/* I am at it, until then. false: it was given to somebody else. */
bool career_commons_hold(career_commons *commons, uint64_t turn, career_moment until);

/* When the next step of the turn under way may be made. */
career_moment career_commons_step_at(const career_commons *commons);

/* Redis was busy with a step between these two; whoever made it, and in a turn that was lost, too. */
void career_commons_spend(career_commons *commons, career_moment from, career_moment to);

/* Tells the owner of a place; in a turn only. */
void career_commons_serve(career_commons *commons, uint64_t turn, const career_share *share,
                          uint64_t removed, bool refused);

/* The turn is over, and the next one begins when Redis has rested from it, and no sooner than in `rest`. What was
 * not served waits again. length: how long a sweep that went well kept Redis busy, to foretell the next; else 0. */
void career_commons_end(career_commons *commons, uint64_t turn, career_moment length,
                        career_moment rest);

#endif
