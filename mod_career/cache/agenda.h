/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errands that are to be taken up again later: for their second pass, or because Redis refused them
 * for now. Ordered by when they are due; a user's newer errand with the same targets takes the place
 * of his older ones, so that however often he saves, one of them does the work. Bounded: whoever
 * adds looks at career_agenda_is_full first. Knows no Redis and no outbox. The lane only.
 */
#ifndef CAREER_AGENDA_H
#define CAREER_AGENDA_H

#include "cache/errand.h"

typedef struct career_agenda career_agenda;

/* NULL when memory is short. */
career_agenda *career_agenda_make(size_t room);

/* What is still on it is left to the outbox. NULL is allowed. */
void career_agenda_free(career_agenda *agenda);

size_t career_agenda_count(const career_agenda *agenda);
bool career_agenda_is_full(const career_agenda *agenda);

/* Takes over an errand, of which a note is kept (cache/note.h), to be popped at `due` or a little later, together with
 * its neighbours. false when memory is short: it stays the caller's. */
bool career_agenda_push(career_agenda *agenda, career_errand *errand, career_moment due);

/* When the first is due; CAREER_NEVER when there is none. */
career_moment career_agenda_due(const career_agenda *agenda);

/* An errand made anew of a note that was due by then, or NULL. Those whose place was taken are let go of on the way, and
 * so is what there is no memory for: the outbox has it. */
career_errand *career_agenda_pop(career_agenda *agenda, career_moment now);

/* Is that version of that user, or a newer one, in it? */
bool career_agenda_holds(const career_agenda *agenda, const career_errand *errand);

#endif
