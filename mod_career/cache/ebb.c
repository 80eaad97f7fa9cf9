/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/ebb.h"

#include "base/heap.h"

/* Fewer than that need no more than half a megabyte. */
#define PEAK 1024
/* Hardly any: so small a part of the peak. */
#define PART 8
/* For so long, so that a pause of a burst is not its end. */
#define CALM (5 * CAREER_SECOND)

static bool is_calm(const career_ebb *ebb, size_t in_hand)
{
    return ebb->peak >= PEAK && in_hand <= ebb->peak / PART;
}

career_moment career_ebb_watch(career_ebb *ebb, size_t in_hand)
{
    career_moment now = career_clock_now();

    if (in_hand > ebb->peak)
        ebb->peak = in_hand;
    if (!is_calm(ebb, in_hand)) {
        ebb->calm = 0;
        return CAREER_NEVER;
    }
    if (!ebb->calm)
        ebb->calm = now;
    if (now < ebb->calm + CALM)
        return ebb->calm + CALM;
    *ebb = (career_ebb){.commons = ebb->commons, .peak = in_hand};
    career_commons_shrink(ebb->commons);
    career_heap_trim();
    return CAREER_NEVER;
}
