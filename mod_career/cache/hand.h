/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The errands that a lane has in hand, by how far they have come (cache/errand.h), and how many these may be. What is too
 * much is left to the outbox, with a lease that must end. Knows no outbox, and Redis only through its sweeper. The lane only.
 */
#ifndef CAREER_HAND_H
#define CAREER_HAND_H

#include "cache/agenda.h"
#include "cache/sweeper.h"

/* Whoever adds to a list or takes from it is named beside it: in cache/course.c and cache/ending.c. */
typedef struct career_hand {
    career_errands fresh;   /* in: keep, wake, or again after a failure; out: turn_keys */
    career_errands sets;    /* in: turn_keys; out: turn_sets */
    career_sweeper sweeper; /* in: as each has no sets left; out: swept */
    career_agenda *agenda;  /* in: career_ending_finish and _retry; out: wake, to fresh */
} career_hand;

/* The sweeper is set up by its user. false when memory is short. */
bool career_hand_init(career_hand *hand);

/* The lists, one by one: those of the stages, not the agenda. NULL behind the last. */
career_errands *career_hand_list(career_hand *hand, size_t n);

/* Those in a stage, not on the agenda. */
size_t career_hand_count(const career_hand *hand);
/* Those and what is on the agenda. */
size_t career_hand_total(const career_hand *hand);

/* No more may come before those that wait for a sweep. */
bool career_hand_is_full(const career_hand *hand);
/* May one more begin? */
bool career_hand_has_room(const career_hand *hand);
/* Is there room for what the outbox may give? */
bool career_hand_has_room_to_ask(const career_hand *hand);

/* Is it in hand already, in a stage or on the agenda? */
bool career_hand_holds(career_hand *hand, const career_errand *errand);

#endif
