/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/hand.h"

#include <string.h>

/* At most: before they wait for a sweep, which many do between one and the next, and then. */
#define KEPT 4096
#define SWEPT 16384
#define ROOM_TO_ASK (KEPT / 2)
/* Errands that come back later, at most. */
#define AGENDA 32768

bool career_hand_init(career_hand *hand)
{
    career_errands_init(&hand->fresh);
    career_errands_init(&hand->sets);
    hand->agenda = career_agenda_make(AGENDA);
    return hand->agenda != NULL;
}

career_errands *career_hand_list(career_hand *hand, size_t n)
{
    career_errands *lists[] = {&hand->fresh, &hand->sets, &hand->sweeper.waiting,
                               &hand->sweeper.patient};

    return n < sizeof(lists) / sizeof(lists[0]) ? lists[n] : NULL;
}

size_t career_hand_count(const career_hand *hand)
{
    return hand->fresh.count + hand->sets.count + career_sweeper_count(&hand->sweeper);
}

size_t career_hand_total(const career_hand *hand)
{
    return career_hand_count(hand) + career_agenda_count(hand->agenda);
}

bool career_hand_is_full(const career_hand *hand)
{
    return hand->fresh.count + hand->sets.count >= KEPT;
}

bool career_hand_has_room(const career_hand *hand)
{
    return !career_hand_is_full(hand) && career_sweeper_count(&hand->sweeper) < SWEPT;
}

bool career_hand_has_room_to_ask(const career_hand *hand)
{
    return career_hand_count(hand) < ROOM_TO_ASK && career_agenda_count(hand->agenda) < AGENDA / 2;
}

static bool is_in(const career_errands *list, const career_errand *errand)
{
    for (const career_errand *one = career_errands_first(list); one; one = career_errand_next(one))
        if (one->version == errand->version && strcmp(one->user_id, errand->user_id) == 0)
            return true;
    return false;
}

bool career_hand_holds(career_hand *hand, const career_errand *errand)
{
    const career_errands *list;

    if (career_agenda_holds(hand->agenda, errand))
        return true;
    for (size_t n = 0; (list = career_hand_list(hand, n)); n++)
        if (is_in(list, errand))
            return true;
    return false;
}
