/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is kept of an errand while it waits for a later pass: whose it is, what it clears, and until when it
 * is ours, in a third of its memory. A busy server has thousands of them in hand all the time, as many as saves
 * come between a commit and its second pass. Plain data; the lane only.
 */
#ifndef CAREER_NOTE_H
#define CAREER_NOTE_H

#include "cache/errand.h"

typedef struct career_note career_note;

/* The user's id stands in nearly every target, and is left out where it stands first. */
typedef struct career_note_target {
    unsigned len; /* without it */
    unsigned cut; /* where it was; beyond len: nowhere */
} career_note_target;

struct career_note {
    career_note *next_of_user; /* agenda, as the two that follow */
    career_moment due;         /* to be taken up again */
    bool superseded;           /* another does its work */
    bool again;
    char user_id[CAREER_USER_ID_SIZE];
    unsigned attempts;
    int64_t version;
    career_moment leased;
    career_moment settled;
    unsigned counts[4];           /* of keys, bumps, sets, globs */
    career_note_target targets[]; /* of these kinds in turn; their bytes behind the last one */
};

/* Of an errand that nobody waits for any more and whose pass is over. NULL when memory is short. */
career_note *career_note_make(const career_errand *errand);
void career_note_free(career_note *note);

/* The errand anew, its pass not begun. NULL when memory is short. */
career_errand *career_note_errand(const career_note *note);

/* The same user and the same targets? */
bool career_note_same_work(const career_note *a, const career_note *b);

#endif
