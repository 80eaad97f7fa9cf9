/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The course of errands through their stages (cache/errand.h): clears in Redis what they name, a bounded piece of work per
 * turn, answers whoever waits, and then each is done, on the agenda for another pass, or left to the outbox. One that cannot
 * be served while Redis is away is answered "pending" and kept for when it is back. The lane only.
 */
#ifndef CAREER_COURSE_H
#define CAREER_COURSE_H

#include "cache/ending.h"
#include "cache/hand.h"
#include "cache/link.h"
#include "cache/lookout.h"
#include "cache/setup.h"

/* Read by its owner; changed here only. */
typedef struct career_course {
    const career_cache_setup *setup;
    career_link link;
    career_hand hand;
    career_ending ending;
    career_lookout *lookout; /* hurried when Redis is back */
    apr_pool_t *pool;
} career_course;

/* The lookout is set, and relay and leases of the ending. false when memory is short. */
bool career_course_init(career_course *course, const career_cache_setup *setup, apr_pool_t *pool);

/* Takes over an errand that has just come. No I/O. */
void career_course_take(career_course *course, career_errand *errand);

/* At most one exchange per stage. */
void career_course_turn(career_course *course);

/* When the next turn is due, or CAREER_NEVER. */
career_moment career_course_due(career_course *course);

/* Goes on with what can be done without a rest, until then, and gives up what is left. */
void career_course_end(career_course *course, career_moment until);

/* What is on the agenda is left to the outbox: after its lease whoever runs then clears it again. */
void career_course_free(career_course *course);

#endif
