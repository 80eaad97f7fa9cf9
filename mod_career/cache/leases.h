/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The leases of what is in hand: what takes longer than the lease of its outbox entry is not to be done by others as well.
 * The lane only.
 */
#ifndef CAREER_LEASES_H
#define CAREER_LEASES_H

#include "cache/hand.h"
#include "cache/relay.h"

/* Zero but for the relay. */
typedef struct career_leases {
    career_relay *relay;
    career_moment renewed; /* when they were looked at last */
} career_leases;

/* Prolongs those of the stages that end soon, about once a second; else does nothing. */
void career_leases_renew(career_leases *leases, career_hand *hand);

/* When they are to be looked at again; CAREER_NEVER: there are none. */
career_moment career_leases_due(const career_leases *leases, const career_hand *hand);

/* Sees to it that the entry of one that goes on the agenda is ours until it has been taken up again. */
void career_leases_reach(career_leases *leases, career_errand *errand, career_moment due);

#endif
