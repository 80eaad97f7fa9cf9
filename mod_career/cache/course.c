/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/course.h"

#include <string.h>
#include <unistd.h>

#include "cache/sets.h"
#include "cache/stages.h"

/* Errands in one pipeline. */
#define BATCH 512

/* ---------------------------------------------------------------- taking errands */

/* While Redis is away the newest are kept: the outbox hands out the oldest first, as their leases
 * end. */
static void keep(career_course *course, career_errand *errand)
{
    career_errand *oldest =
        career_hand_is_full(&course->hand) ? career_errands_pop(&course->hand.fresh) : NULL;

    if (oldest)
        career_ending_give_up(&course->ending, oldest);
    if (career_hand_has_room(&course->hand))
        career_errands_push(&course->hand.fresh, errand);
    else
        career_ending_give_up(&course->ending, errand); /* all of them wait for a sweep */
}

void career_course_take(career_course *course, career_errand *errand)
{
    if (career_cache_is_disabled(course->setup) ||
        errand->keys + errand->bumps + errand->sets + errand->globs == 0) {
        career_ending_finish(&course->ending, errand);
        return;
    }
    career_probe_learn(&course->link.probe, course->pool, errand);
    if (course->link.down)
        career_errand_answer(errand, CAREER_CACHE_PENDING);
    keep(course, errand);
}

/* ---------------------------------------------------------------- failures */

static void answer_all(career_errands *list)
{
    for (career_errand *one = career_errands_first(list); one; one = career_errand_next(one))
        career_errand_answer(one, CAREER_CACHE_PENDING);
}

/* Everything unfinished starts its stage again; nobody is kept waiting for it. */
static void set_back(career_course *course)
{
    for (career_errand *one = career_errands_first(&course->hand.sets); one;
         one = career_errand_next(one)) {
        memcpy(one->cursor, "0", 2);
        one->refused = false;
    }
    career_sweeper_drop(&course->hand.sweeper);
    if (!course->link.down)
        return; /* tried again at once: they may still be in time */
    answer_all(&course->hand.fresh);
    answer_all(&course->hand.sets);
    answer_all(&course->hand.sweeper.waiting); /* nobody waits for those on the second pass */
}

static void tell_refusal(const career_course *course, const char *cause)
{
    career_log_say(course->setup->log, CAREER_LOG_REDIS_REFUSED, "%s: %s", course->setup->name,
                   cause);
    career_counters_remark(course->setup->config->counters, CAREER_REMARK_REFUSED, cause);
}

/* What an exchange says about the link. false: the turn is over. */
static bool judge(career_course *course, career_step step)
{
    if (step == CAREER_STEP_LOST) {
        career_link_lost(&course->link);
        set_back(course);
        return false;
    }
    if (step == CAREER_STEP_REFUSED)
        tell_refusal(course, career_fleet_cause(course->link.fleet));
    if (step != CAREER_STEP_NOTHING && career_link_good(&course->link))
        career_lookout_hurry(course->lookout);
    return true;
}

/* ---------------------------------------------------------------- the stages */

/* Where an errand goes that has no refused and no unfinished keys. */
static void move_on(career_course *course, career_errand *errand)
{
    if (errand->refused)
        career_ending_retry(&course->ending, errand);
    else if (errand->set_at < errand->sets)
        career_errands_push(&course->hand.sets, errand);
    else if (errand->globs)
        career_sweeper_add(&course->hand.sweeper, errand);
    else
        career_ending_finish(&course->ending, errand);
}

static bool turn_keys(career_course *course, career_fleet *fleet)
{
    career_errands batch;
    career_moment now = career_clock_now();
    career_errand *one;
    career_step step;

    career_errands_init(&batch);
    while (batch.count < BATCH && (one = career_errands_pop(&course->hand.fresh))) {
        one->began = now;
        one->refused = one->passing = false; /* in an exchange that was lost */
        career_errands_push(&batch, one);
    }
    if (batch.count == 0)
        return true;
    step = career_stage_keys(fleet, &batch, course->link.command);
    if (step == CAREER_STEP_LOST)
        career_errands_prepend(&course->hand.fresh, &batch);
    if (!judge(course, step))
        return false;
    while ((one = career_errands_pop(&batch)))
        move_on(course, one);
    return true;
}

static bool turn_sets(career_course *course, career_fleet *fleet)
{
    size_t count =
        course->hand.sets.count < CAREER_STAGE_SETS ? course->hand.sets.count : CAREER_STAGE_SETS;

    if (count == 0)
        return true;
    if (!judge(course, career_stage_sets(fleet, &course->hand.sets, course->link.command)))
        return false;
    while (count--)
        move_on(course,
                career_errands_pop(&course->hand.sets)); /* to the end of the list, if not done */
    return true;
}

/* The sweeper's callback. */
static void swept(void *context, career_errand *errand)
{
    career_course *course = context;

    if (errand->refused)
        career_ending_retry(&course->ending, errand);
    else
        career_ending_finish(&course->ending, errand);
}

static bool turn_sweep(career_course *course, career_fleet *fleet)
{
    career_moment command = course->link.command;
    career_step step;

    if (!career_sweeper_ready(&course->hand.sweeper, command))
        return true;
    step = career_sweeper_step(&course->hand.sweeper, fleet, command);
    if (step == CAREER_STEP_UNSETTLED)
        answer_all(&course->hand.sweeper.waiting); /* once more, after the rest */
    return judge(course, step);
}

/* ---------------------------------------------------------------- turns */

/* Is there something that Redis can do now? */
static bool has_work(const career_course *course)
{
    return course->hand.fresh.count || course->hand.sets.count ||
           career_clock_now() >= career_sweeper_due(&course->hand.sweeper);
}

static void turn_redis(career_course *course)
{
    career_fleet *fleet = career_link_get(&course->link);

    if (!fleet) {
        set_back(course);
        return;
    }
    if (turn_keys(course, fleet) && turn_sets(course, fleet))
        turn_sweep(course, fleet);
    career_sweeper_collect(&course->hand.sweeper);
}

/* Nothing is to be done, but saves are told that Redis is away for as long as nobody looks. */
static void turn_probe(career_course *course)
{
    if (career_link_get(&course->link))
        judge(course, CAREER_STEP_DONE);
}

/* What is due on the agenda begins its pass. */
static void wake(career_course *course)
{
    career_moment now = career_clock_now();
    career_errand *errand;

    while (career_hand_has_room(&course->hand) &&
           (errand = career_agenda_pop(course->hand.agenda, now)))
        career_errands_push(&course->hand.fresh, errand);
}

void career_course_turn(career_course *course)
{
    career_sweeper_collect(&course->hand.sweeper);
    wake(course);
    if (has_work(course))
        turn_redis(course);
    else if (course->link.down)
        turn_probe(course);
}

career_moment career_course_due(career_course *course)
{
    career_moment next = career_link_rest(&course->link);

    if (course->link.down)
        return course->link.retry;
    if (has_work(course))
        return 0;
    next = career_clock_earlier(next, career_sweeper_due(&course->hand.sweeper));
    return career_hand_has_room(&course->hand)
               ? career_clock_earlier(next, career_agenda_due(course->hand.agenda))
               : next;
}

/* ---------------------------------------------------------------- life */

static void init_sweeper(career_course *course)
{
    career_sweeper *sweeper = &course->hand.sweeper;

    sweeper->commons = course->setup->commons;
    sweeper->again = course->setup->config->again;
    sweeper->counters = course->setup->config->counters;
    sweeper->swept = swept;
    sweeper->context = course;
    career_sweeper_init(sweeper, course->pool);
}

bool career_course_init(career_course *course, const career_cache_setup *setup, apr_pool_t *pool)
{
    const career_invalidator_config *config = setup->config;

    course->setup = setup;
    course->pool = pool;
    course->link =
        (career_link){.fleet = career_fleet_make(setup->url, config->connect, config->command),
                      .name = setup->name,
                      .command = config->command,
                      .log = setup->log,
                      .counters = config->counters,
                      .outage = config->outage,
                      .forecast = setup->forecast,
                      .seed = (unsigned)getpid() ^ (unsigned)career_clock_now()};
    init_sweeper(course);
    if (!career_hand_init(&course->hand) || !course->link.fleet)
        return false;
    course->ending.setup = setup;
    course->ending.agenda = course->hand.agenda;
    course->ending.seed = course->link.seed;
    return true;
}

void career_course_free(career_course *course)
{
    career_agenda_free(course->hand.agenda);
    career_fleet_free(course->link.fleet);
}

/* Does what can be done now, or waits for the next step of a sweep. false: there is neither. */
static bool go_on(career_course *course, career_moment until)
{
    career_moment due = career_sweeper_due(&course->hand.sweeper);
    struct timespec at = career_clock_timespec(due);

    if (has_work(course)) {
        turn_redis(course);
        return true;
    }
    if (!course->hand.sweeper.sweep || due >= until)
        return false;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
    return true;
}

void career_course_end(career_course *course, career_moment until)
{
    career_errands *list;
    career_errand *one;

    while (!course->link.down && career_clock_now() < until && go_on(course, until))
        ;
    career_sweeper_drop(&course->hand.sweeper);
    for (size_t n = 0; (list = career_hand_list(&course->hand, n)); n++)
        while ((one = career_errands_pop(list)))
            career_ending_give_up(&course->ending, one);
}
