/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the outbox is looked into for what others have left there: when somebody wants it, again at once as long as there
 * is more, and when the next entry falls due. The lane only; it may wait for Postgres.
 */
#ifndef CAREER_LOOKOUT_H
#define CAREER_LOOKOUT_H

#include "cache/relay.h"

typedef struct career_lookout {
    career_relay *relay;
    bool with_targets; /* of what is found */
    career_moment due; /* to look then; CAREER_NEVER: when somebody wants it */
    bool count;        /* this process is to count what is there, though it may take none */
} career_lookout;

void career_lookout_init(career_lookout *lookout, career_relay *relay, bool with_targets);

/* It is this process' turn to look, and to count. */
void career_lookout_want(career_lookout *lookout);

/* Others may have left something meanwhile. */
void career_lookout_hurry(career_lookout *lookout);

/* Looks, if it is time to and there is room for what is found, which is delivered as career_relay_ask says. */
void career_lookout_look(career_lookout *lookout, bool has_room,
                         void (*deliver)(void *context, career_errand *errand), void *context);

#endif
