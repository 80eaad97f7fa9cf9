/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/lookout.h"

void career_lookout_init(career_lookout *lookout, career_relay *relay, bool with_targets)
{
    *lookout = (career_lookout){.relay = relay, .with_targets = with_targets, .due = CAREER_NEVER};
}

void career_lookout_want(career_lookout *lookout)
{
    lookout->due = 0;
    lookout->count = true;
}

void career_lookout_hurry(career_lookout *lookout)
{
    lookout->due = 0;
}

/* An entry that falls due before somebody wants the outbox to be looked into is not to wait for that: its owner is dead, or
 * it never had one. */
static void count(career_lookout *lookout)
{
    lookout->due = career_clock_earlier(lookout->due, career_relay_count(lookout->relay));
    lookout->count = false;
}

void career_lookout_look(career_lookout *lookout, bool has_room,
                         void (*deliver)(void *context, career_errand *errand), void *context)
{
    if (has_room && lookout->due <= career_clock_now()) {
        bool more = career_relay_ask(lookout->relay, lookout->with_targets, deliver, context);

        lookout->due = more ? 0 : CAREER_NEVER;
    }
    if (lookout->count)
        count(lookout);
}
