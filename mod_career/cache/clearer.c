/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/clearer.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/pool.h"
#include "cache/agenda.h"
#include "cache/link.h"
#include "cache/relay.h"
#include "cache/sets.h"
#include "cache/stages.h"
#include "cache/sweeper.h"

/* Errands in one pipeline, and errands kept at most: before they wait for a sweep, which many do between one
 * and the next, and then. Beyond that, the outbox keeps them, with a lease that must end. */
#define BATCH 512
#define KEPT 4096
#define SWEPT 16384
/* The outbox is asked only when there is room for what it may give. */
#define ROOM_TO_ASK (KEPT / 2)
/* Errands that come back later, at most. */
#define AGENDA 32768
/* What Redis has no memory for is tried again after so long, and up to as much more. */
#define PASSING (CAREER_SECOND / 2)
/* Leases are looked at so often, and prolonged when they would end within twice that. */
#define RENEWAL CAREER_SECOND
#define LEASE CAREER_OUTBOX_LEASE

struct career_clearer {
    const career_clearer_setup *setup;
    career_link link;
    career_relay relay;
    career_errands fresh;   /* in: career_clearer_take, or again after a failure; out: turn_keys */
    career_errands sets;    /* in: turn_keys; out: turn_sets */
    career_sweeper sweeper; /* in: as each has no sets left; out: swept */
    career_agenda *agenda;  /* in: finish, retry_later; out: wake, to fresh */
    career_moment renewed;  /* when leases were looked at last */
    unsigned seed;
    apr_pool_t *pool;
    career_moment ask; /* the outbox is to be looked into then; CAREER_NEVER: when asked to */
    bool count;        /* it is this process' turn to count it, even while Redis is away */
};

static bool is_disabled(const career_clearer *clearer)
{
    return clearer->setup->url->kind == CAREER_REDIS_NONE;
}

/* ---------------------------------------------------------------- the end of an errand */

/* Its entry stays in the outbox. */
static void give_up(career_clearer *clearer, career_errand *errand)
{
    career_commons_withdraw(clearer->setup->commons, &errand->place);
    career_errand_answer(errand, CAREER_CACHE_PENDING);
    career_job_release(&errand->base);
}

static void put_on_agenda(career_clearer *clearer, career_errand *errand, career_moment due)
{
    career_moment now = career_clock_now();

    if (career_agenda_is_full(clearer->agenda)) {
        give_up(clearer, errand);
        return;
    }
    if (due + RENEWAL > errand->leased)
        career_relay_keep(&clearer->relay, errand, (due > now ? due - now : 0) + LEASE);
    if (!career_agenda_push(clearer->agenda, errand, due))
        give_up(clearer, errand);
}

/* Is there anything in it that a slow reader could store after us? He who moves a generation back
 * finds it moved on all the same. */
static bool is_settled(const career_errand *errand)
{
    return errand->keys + errand->sets + errand->globs == 0 || errand->began >= errand->settled;
}

/* Keys that a sweep removed are counted with the sweep, which may have removed them for several errands. */
static void count_removed(const career_clearer *clearer, career_errand *errand)
{
    career_count_by(clearer->setup->config->counters, KEYS_REMOVED,
                    (int64_t)(errand->removed - errand->counted));
    errand->counted = errand->removed;
}

static void finish(career_clearer *clearer, career_errand *errand)
{
    bool disabled = is_disabled(clearer);

    count_removed(clearer, errand);
    career_errand_answer(errand, disabled ? CAREER_CACHE_DISABLED : CAREER_CACHE_INVALIDATED);
    if (!disabled && !is_settled(errand)) {
        errand->again = true;
        errand->set_at = 0;
        put_on_agenda(clearer, errand, errand->settled);
        return;
    }
    career_relay_done(&clearer->relay, errand);
    career_job_release(&errand->base);
}

/* Redis refused it. Where that is going to pass it stays in hand; else an operator must do something
 * first. */
static void retry_later(career_clearer *clearer, career_errand *errand)
{
    career_moment pause = PASSING + (career_moment)rand_r(&clearer->seed) % PASSING;

    career_errand_answer(errand, CAREER_CACHE_PENDING);
    count_removed(clearer, errand);
    if (errand->passing) {
        errand->refused = errand->passing = false;
        errand->set_at = 0;
        put_on_agenda(clearer, errand, career_clock_now() + pause);
        return;
    }
    career_relay_back_off(&clearer->relay, errand);
    give_up(clearer, errand);
}

/* Where an errand goes that has no refused and no unfinished keys. */
static void move_on(career_clearer *clearer, career_errand *errand)
{
    if (errand->refused)
        retry_later(clearer, errand);
    else if (errand->set_at < errand->sets)
        career_errands_push(&clearer->sets, errand);
    else if (errand->globs)
        career_sweeper_add(&clearer->sweeper, errand);
    else
        finish(clearer, errand);
}

/* ---------------------------------------------------------------- taking errands */

static bool holds(const career_errands *list, const career_errand *errand)
{
    for (const career_errand *one = career_errands_first(list); one; one = career_errand_next(one))
        if (one->version == errand->version && strcmp(one->user_id, errand->user_id) == 0)
            return true;
    return false;
}

/* An entry of the outbox may be in hand already, when its lease ended before its turn came. */
static void deliver(void *context, career_errand *errand)
{
    career_clearer *clearer = context;

    if (holds(&clearer->fresh, errand) || holds(&clearer->sets, errand) ||
        holds(&clearer->sweeper.waiting, errand) || holds(&clearer->sweeper.patient, errand) ||
        career_agenda_holds(clearer->agenda, errand))
        career_job_release(&errand->base);
    else
        career_clearer_take(clearer, errand);
}

static size_t in_hand(const career_clearer *clearer)
{
    return clearer->fresh.count + clearer->sets.count + career_sweeper_count(&clearer->sweeper);
}

static bool is_full(const career_clearer *clearer)
{
    return clearer->fresh.count + clearer->sets.count >= KEPT;
}

static bool has_room(const career_clearer *clearer)
{
    return !is_full(clearer) && career_sweeper_count(&clearer->sweeper) < SWEPT;
}

/* While Redis is away the newest are kept: the outbox hands out the oldest first, as their leases
 * end. */
static void keep(career_clearer *clearer, career_errand *errand)
{
    career_errand *oldest = is_full(clearer) ? career_errands_pop(&clearer->fresh) : NULL;

    if (oldest)
        give_up(clearer, oldest);
    if (has_room(clearer))
        career_errands_push(&clearer->fresh, errand);
    else
        give_up(clearer, errand); /* all of them wait for a sweep */
}

void career_clearer_take(career_clearer *clearer, career_errand *errand)
{
    if (errand->kind == CAREER_ERRAND_ASK) {
        clearer->ask = 0;
        clearer->count = true;
        career_job_release(&errand->base);
    } else if (is_disabled(clearer) ||
               errand->keys + errand->bumps + errand->sets + errand->globs == 0) {
        finish(clearer, errand);
    } else {
        career_probe_learn(&clearer->link.probe, clearer->pool, errand);
        if (clearer->link.down)
            career_errand_answer(errand, CAREER_CACHE_PENDING);
        keep(clearer, errand);
    }
}

/* ---------------------------------------------------------------- failures */

static void answer_all(career_errands *list)
{
    for (career_errand *one = career_errands_first(list); one; one = career_errand_next(one))
        career_errand_answer(one, CAREER_CACHE_PENDING);
}

/* Everything unfinished starts its stage again; nobody is kept waiting for it. */
static void set_back(career_clearer *clearer)
{
    for (career_errand *one = career_errands_first(&clearer->sets); one;
         one = career_errand_next(one))
        memcpy(one->cursor, "0", 2);
    career_sweeper_drop(&clearer->sweeper);
    if (!clearer->link.down)
        return; /* tried again at once: they may still be in time */
    answer_all(&clearer->fresh);
    answer_all(&clearer->sets);
    answer_all(&clearer->sweeper.waiting); /* nobody waits for those on the second pass */
}

static void tell_refusal(const career_clearer *clearer, const char *cause)
{
    career_log_say(clearer->setup->log, CAREER_LOG_REDIS_REFUSED, "%s: %s", clearer->setup->name,
                   cause);
    career_counters_remark(clearer->setup->config->counters, CAREER_REMARK_REFUSED, cause);
}

/* What an exchange says about the link. false: the turn is over. */
static bool judge(career_clearer *clearer, career_step step)
{
    if (step == CAREER_STEP_LOST) {
        career_link_lost(&clearer->link);
        set_back(clearer);
        return false;
    }
    if (step == CAREER_STEP_REFUSED)
        tell_refusal(clearer, career_fleet_cause(clearer->link.fleet));
    if (step != CAREER_STEP_NOTHING && career_link_good(&clearer->link))
        clearer->ask = 0; /* others may have left something meanwhile */
    return true;
}

/* ---------------------------------------------------------------- the stages */

static bool turn_keys(career_clearer *clearer, career_fleet *fleet)
{
    career_errands batch;
    career_moment now = career_clock_now();
    career_errand *one;
    career_step step;

    career_errands_init(&batch);
    while (batch.count < BATCH && (one = career_errands_pop(&clearer->fresh))) {
        one->began = now;
        career_errands_push(&batch, one);
    }
    if (batch.count == 0)
        return true;
    step = career_stage_keys(fleet, &batch, clearer->link.command);
    if (step == CAREER_STEP_LOST)
        career_errands_prepend(&clearer->fresh, &batch);
    if (!judge(clearer, step))
        return false;
    while ((one = career_errands_pop(&batch)))
        move_on(clearer, one);
    return true;
}

static bool turn_sets(career_clearer *clearer, career_fleet *fleet)
{
    size_t count =
        clearer->sets.count < CAREER_STAGE_SETS ? clearer->sets.count : CAREER_STAGE_SETS;

    if (count == 0)
        return true;
    if (!judge(clearer, career_stage_sets(fleet, &clearer->sets, clearer->link.command)))
        return false;
    while (count--)
        move_on(clearer,
                career_errands_pop(&clearer->sets)); /* to the end of the list, if not done */
    return true;
}

/* The sweeper's callback. */
static void swept(void *context, career_errand *errand)
{
    career_clearer *clearer = context;

    if (errand->refused)
        retry_later(clearer, errand);
    else
        finish(clearer, errand);
}

static bool turn_sweep(career_clearer *clearer, career_fleet *fleet)
{
    career_moment command = clearer->link.command;
    career_step step;

    if (!career_sweeper_ready(&clearer->sweeper, command))
        return true;
    step = career_sweeper_step(&clearer->sweeper, fleet, command);
    if (step == CAREER_STEP_UNSETTLED)
        answer_all(&clearer->sweeper.waiting); /* once more, after the rest */
    return judge(clearer, step);
}

/* ---------------------------------------------------------------- turns */

/* Is there something that Redis can do now? */
static bool has_work(const career_clearer *clearer)
{
    return clearer->fresh.count || clearer->sets.count ||
           career_clock_now() >= career_sweeper_due(&clearer->sweeper);
}

static void turn_redis(career_clearer *clearer)
{
    career_fleet *fleet = career_link_get(&clearer->link);

    if (!fleet) {
        set_back(clearer);
        return;
    }
    if (turn_keys(clearer, fleet) && turn_sets(clearer, fleet))
        turn_sweep(clearer, fleet);
    career_sweeper_collect(&clearer->sweeper);
}

/* Nothing is to be done, but saves are told that Redis is away for as long as nobody looks. */
static void turn_probe(career_clearer *clearer)
{
    if (career_link_get(&clearer->link))
        judge(clearer, CAREER_STEP_DONE);
}

/* What is due on the agenda begins its pass. */
static void wake(career_clearer *clearer)
{
    career_moment now = career_clock_now();
    career_errand *errand;

    while (has_room(clearer) && (errand = career_agenda_pop(clearer->agenda, now)))
        career_errands_push(&clearer->fresh, errand);
}

static void renew_list(career_clearer *clearer, const career_errands *list, career_moment now)
{
    for (career_errand *one = career_errands_first(list); one; one = career_errand_next(one))
        if (one->leased < now + 2 * RENEWAL)
            career_relay_keep(&clearer->relay, one, LEASE);
}

/* What takes longer than a lease is not to be done by others as well. While Redis is away it may be: some
 * of them may reach it. */
static void renew(career_clearer *clearer)
{
    career_moment now = career_clock_now();

    if (clearer->link.down || now < clearer->renewed + RENEWAL)
        return;
    clearer->renewed = now;
    renew_list(clearer, &clearer->fresh, now);
    renew_list(clearer, &clearer->sets, now);
    renew_list(clearer, &clearer->sweeper.waiting, now);
    renew_list(clearer, &clearer->sweeper.patient, now);
}

static bool has_room_to_ask(const career_clearer *clearer)
{
    return !clearer->link.down && in_hand(clearer) < ROOM_TO_ASK &&
           career_agenda_count(clearer->agenda) < AGENDA / 2;
}

static career_moment earlier(career_moment a, career_moment b)
{
    return a < b ? a : b;
}

static career_moment next_turn(career_clearer *clearer)
{
    career_moment next = career_link_rest(&clearer->link);

    if (clearer->link.down)
        return clearer->link.retry;
    if (has_work(clearer))
        return 0;
    if (has_room_to_ask(clearer))
        next = earlier(next, clearer->ask);
    next = earlier(next, career_sweeper_due(&clearer->sweeper));
    if (has_room(clearer))
        next = earlier(next, career_agenda_due(clearer->agenda));
    return in_hand(clearer) ? earlier(next, clearer->renewed + RENEWAL) : next;
}

/* An entry that falls due before somebody wants the outbox to be looked into is not to wait for that: its owner is dead, or
 * it never had one. */
static void look_into_outbox(career_clearer *clearer)
{
    if (clearer->ask <= career_clock_now() && has_room_to_ask(clearer))
        clearer->ask = career_relay_ask(&clearer->relay, !is_disabled(clearer), deliver, clearer)
                           ? 0
                           : CAREER_NEVER;
    if (clearer->count)
        clearer->ask = earlier(clearer->ask, career_relay_count(&clearer->relay));
    clearer->count = false;
}

career_moment career_clearer_turn(career_clearer *clearer)
{
    career_sweeper_collect(&clearer->sweeper);
    wake(clearer);
    if (has_work(clearer))
        turn_redis(clearer);
    else if (clearer->link.down)
        turn_probe(clearer);
    look_into_outbox(clearer);
    renew(clearer);
    career_relay_flush(&clearer->relay);
    return next_turn(clearer);
}

/* ---------------------------------------------------------------- life */

career_clearer *career_clearer_make(const career_clearer_setup *setup)
{
    career_clearer *clearer = calloc(1, sizeof(*clearer));
    const career_invalidator_config *config = setup->config;

    if (!clearer)
        return NULL;
    clearer->pool = career_pool_create();
    clearer->agenda = career_agenda_make(AGENDA);
    clearer->link.fleet = career_fleet_make(setup->url, config->connect, config->command);
    if (!clearer->pool || !clearer->agenda || !clearer->link.fleet) {
        if (clearer->pool)
            apr_pool_destroy(clearer->pool);
        career_agenda_free(clearer->agenda);
        career_fleet_free(clearer->link.fleet);
        free(clearer);
        return NULL;
    }
    clearer->setup = setup;
    clearer->ask = CAREER_NEVER;
    clearer->link = (career_link){.fleet = clearer->link.fleet,
                                  .name = setup->name,
                                  .command = config->command,
                                  .log = setup->log,
                                  .counters = config->counters,
                                  .outage = config->outage,
                                  .forecast = setup->forecast,
                                  .seed = (unsigned)getpid() ^ (unsigned)career_clock_now()};
    clearer->seed = clearer->relay.seed = clearer->link.seed;
    clearer->relay.config = config;
    clearer->relay.store = setup->store;
    clearer->relay.log = setup->log;
    apr_pool_create(&clearer->relay.pool, clearer->pool);
    clearer->sweeper.commons = setup->commons;
    clearer->sweeper.again = config->again;
    clearer->sweeper.counters = config->counters;
    clearer->sweeper.swept = swept;
    clearer->sweeper.context = clearer;
    career_sweeper_init(&clearer->sweeper, clearer->pool);
    career_errands_init(&clearer->fresh);
    career_errands_init(&clearer->sets);
    return clearer;
}

static void give_up_all(career_clearer *clearer, career_errands *list)
{
    career_errand *one;

    while ((one = career_errands_pop(list)))
        give_up(clearer, one);
}

/* Does what can be done now, or waits for the next step of a sweep. false: there is neither. */
static bool go_on(career_clearer *clearer, career_moment until)
{
    career_moment due = career_sweeper_due(&clearer->sweeper);
    struct timespec at = career_clock_timespec(due);

    if (has_work(clearer)) {
        turn_redis(clearer);
        return true;
    }
    if (!clearer->sweeper.sweep || due >= until)
        return false;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
    return true;
}

void career_clearer_close(career_clearer *clearer, career_moment until)
{
    while (!clearer->link.down && career_clock_now() < until && go_on(clearer, until))
        ;
    career_sweeper_drop(&clearer->sweeper);
    career_relay_flush(&clearer->relay);
    give_up_all(clearer, &clearer->fresh);
    give_up_all(clearer, &clearer->sets);
    give_up_all(clearer, &clearer->sweeper.waiting);
    give_up_all(clearer, &clearer->sweeper.patient);
    career_agenda_free(clearer->agenda); /* after its lease whoever runs then clears it again */
    career_fleet_free(clearer->link.fleet);
    apr_pool_destroy(clearer->pool);
    free(clearer);
}
