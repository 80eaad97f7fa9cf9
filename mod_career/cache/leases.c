/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/leases.h"

/* Leases are looked at so often, and prolonged when they would end within twice that. */
#define RENEWAL CAREER_SECOND
#define LEASE CAREER_OUTBOX_LEASE

static void renew_list(career_relay *relay, const career_errands *list, career_moment now)
{
    for (career_errand *one = career_errands_first(list); one; one = career_errand_next(one))
        if (one->leased < now + 2 * RENEWAL)
            career_relay_keep(relay, one, LEASE);
}

void career_leases_renew(career_leases *leases, career_hand *hand)
{
    career_moment now = career_clock_now();
    const career_errands *list;

    if (now < leases->renewed + RENEWAL)
        return;
    leases->renewed = now;
    for (size_t n = 0; (list = career_hand_list(hand, n)); n++)
        renew_list(leases->relay, list, now);
}

career_moment career_leases_due(const career_leases *leases, const career_hand *hand)
{
    return career_hand_count(hand) ? leases->renewed + RENEWAL : CAREER_NEVER;
}

void career_leases_reach(career_leases *leases, career_errand *errand, career_moment due)
{
    career_moment now = career_clock_now();

    if (due + RENEWAL > errand->leased)
        career_relay_keep(leases->relay, errand, (due > now ? due - now : 0) + LEASE);
}
