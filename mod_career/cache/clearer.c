/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/clearer.h"

#include <stdlib.h>

#include "base/pool.h"
#include "cache/course.h"
#include "cache/ebb.h"

struct career_clearer {
    career_course course;
    career_relay relay;
    career_leases leases;
    career_lookout lookout;
    career_ebb ebb;
    apr_pool_t *pool;
};

/* ---------------------------------------------------------------- taking errands */

void career_clearer_take(career_clearer *clearer, career_errand *errand)
{
    if (errand->kind == CAREER_ERRAND_ASK) {
        career_lookout_want(&clearer->lookout);
        career_job_release(&errand->base);
    } else {
        career_course_take(&clearer->course, errand);
    }
}

/* An entry of the outbox may be in hand already, when its lease ended before its turn came. */
static void deliver(void *context, career_errand *errand)
{
    career_clearer *clearer = context;

    if (career_hand_holds(&clearer->course.hand, errand))
        career_job_release(&errand->base);
    else
        career_course_take(&clearer->course, errand);
}

/* ---------------------------------------------------------------- turns */

static bool may_look(const career_clearer *clearer)
{
    return !clearer->course.link.down && career_hand_has_room_to_ask(&clearer->course.hand);
}

static career_moment next_turn(career_clearer *clearer)
{
    career_moment next = career_course_due(&clearer->course);

    if (clearer->course.link.down)
        return next;
    if (may_look(clearer))
        next = career_clock_earlier(next, clearer->lookout.due);
    return career_clock_earlier(next, career_leases_due(&clearer->leases, &clearer->course.hand));
}

/* While Redis is away others may do what is in hand: some of them may reach it. */
career_moment career_clearer_turn(career_clearer *clearer)
{
    career_course_turn(&clearer->course);
    career_lookout_look(&clearer->lookout, may_look(clearer), deliver, clearer);
    if (!clearer->course.link.down)
        career_leases_renew(&clearer->leases, &clearer->course.hand);
    career_relay_flush(&clearer->relay);
    return career_clock_earlier(
        next_turn(clearer),
        career_ebb_watch(&clearer->ebb, career_hand_total(&clearer->course.hand)));
}

/* ---------------------------------------------------------------- life */

static void dispose(career_clearer *clearer)
{
    career_course_free(&clearer->course);
    if (clearer->pool)
        apr_pool_destroy(clearer->pool);
    free(clearer);
}

static bool set_up(career_clearer *clearer, const career_cache_setup *setup)
{
    career_course *course = &clearer->course;

    clearer->pool = career_pool_create();
    if (!clearer->pool)
        return false;
    clearer->leases.relay = course->ending.relay = &clearer->relay;
    course->ending.leases = &clearer->leases;
    course->lookout = &clearer->lookout;
    clearer->ebb.commons = setup->commons;
    career_lookout_init(&clearer->lookout, &clearer->relay, !career_cache_is_disabled(setup));
    if (!career_course_init(course, setup, clearer->pool))
        return false;
    clearer->relay.config = setup->config;
    clearer->relay.store = setup->store;
    clearer->relay.log = setup->log;
    clearer->relay.seed = course->link.seed;
    apr_pool_create(&clearer->relay.pool, clearer->pool);
    return true;
}

career_clearer *career_clearer_make(const career_cache_setup *setup)
{
    career_clearer *clearer = calloc(1, sizeof(*clearer));

    if (!clearer || set_up(clearer, setup))
        return clearer;
    dispose(clearer);
    return NULL;
}

void career_clearer_close(career_clearer *clearer, career_moment until)
{
    career_course_end(&clearer->course, until);
    career_relay_flush(&clearer->relay);
    dispose(clearer);
}
