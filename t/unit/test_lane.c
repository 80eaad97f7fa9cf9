/* SPDX-License-Identifier: Apache-2.0 */
/* Lanes: bounded queue, batches, jobs with two holders, giving up, stopping. */
#include "lane_rig.h"

static void test_no_thread_before_a_job(void **state)
{
    career_lanes *lanes = lanes_of(3, 8);

    (void)state;
    assert_int_equal(career_lanes_waiting(lanes), 0);
    stop(lanes);
    assert_int_equal(atomic_load(&seen.opened), 0);
}

static void test_serves(void **state)
{
    career_lanes *lanes = lanes_of(1, 8);

    (void)state;
    for (int i = 0; i < 100; i++) {
        job *j = make_job(CAREER_NEVER);

        assert_true(career_lanes_submit(lanes, &j->base));
        assert_int_equal(career_job_wait(&j->base, CAREER_NEVER), CAREER_JOB_DONE);
        assert_int_equal(atomic_load(&j->served), 1);
        career_job_release(&j->base);
    }
    stop(lanes);
    assert_int_equal(atomic_load(&seen.opened), 1);
    assert_int_equal(atomic_load(&seen.destroyed), 100);
}

/* Whatever waits is taken at once, in order, up to the limit. */
static void test_batches(void **state)
{
    career_lanes *lanes = lanes_of(1, 64);
    job *jobs[2 * BATCH_MAX + 1], *blocker = block_lane(lanes);

    (void)state;
    for (int i = 0; i < 2 * BATCH_MAX + 1; i++) {
        jobs[i] = make_job(CAREER_NEVER);
        jobs[i]->number = i + 1;
        assert_true(career_lanes_submit(lanes, &jobs[i]->base));
    }
    assert_int_equal(career_lanes_waiting(lanes), 2 * BATCH_MAX + 1);
    open_gate();
    for (int i = 0; i < 2 * BATCH_MAX + 1; i++)
        assert_int_equal(outcome(jobs[i]), CAREER_JOB_DONE);
    assert_int_equal(outcome(blocker), CAREER_JOB_DONE);
    stop(lanes);
    assert_int_equal(atomic_load(&seen.largest), BATCH_MAX);
    assert_int_equal(atomic_load(&seen.order_broken), 0);
}

/* A full queue refuses, at once, and leaves the job with its maker. */
static void test_full(void **state)
{
    career_lanes *lanes = lanes_of(1, 2);
    job *blocker = block_lane(lanes), *first = make_job(CAREER_NEVER);
    job *second = make_job(CAREER_NEVER), *third = make_job(CAREER_NEVER);

    (void)state;
    assert_true(career_lanes_submit(lanes, &first->base));
    assert_true(career_lanes_submit(lanes, &second->base));
    assert_false(career_lanes_submit(lanes, &third->base));
    assert_int_equal(career_lanes_waiting(lanes), 2);
    career_job_release(&third->base);
    assert_int_equal(atomic_load(&seen.destroyed), 1);
    open_gate();
    assert_int_equal(outcome(blocker), CAREER_JOB_DONE);
    assert_int_equal(outcome(first), CAREER_JOB_DONE);
    assert_int_equal(outcome(second), CAREER_JOB_DONE);
    stop(lanes);
    assert_int_equal(atomic_load(&seen.destroyed), 4);
}

/* Still queued at start_by: never served, however long the deadline. */
static void test_too_late_to_start(void **state)
{
    career_lanes *lanes = lanes_of(1, 8);
    job *blocker = block_lane(lanes);
    job *late = make_job(career_clock_now() + 5 * CAREER_MILLISECOND);

    (void)state;
    assert_true(career_lanes_submit(lanes, &late->base));
    assert_int_equal(career_job_wait(&late->base, soon_enough()), CAREER_JOB_ABANDONED);
    open_gate();
    assert_int_equal(outcome(blocker), CAREER_JOB_DONE);
    stop(lanes);
    assert_int_equal(atomic_load(&late->served), 0);
    assert_int_equal(atomic_load(&seen.destroyed), 1);
    career_job_release(&late->base);
    assert_int_equal(atomic_load(&seen.destroyed), 2);
}

/* Nobody waits for it, and it is too late all the same. */
static void test_too_late_unwatched(void **state)
{
    career_lanes *lanes = lanes_of(1, 8);
    job *blocker = block_lane(lanes), *late = make_job(career_clock_now() - 1);

    (void)state;
    assert_true(career_lanes_submit(lanes, &late->base));
    open_gate();
    assert_int_equal(outcome(late), CAREER_JOB_ABANDONED);
    assert_int_equal(outcome(blocker), CAREER_JOB_DONE);
    stop(lanes);
    assert_int_equal(atomic_load(&seen.served), 1);
}

/* A deadline before start_by counts too. */
static void test_deadline_before_start(void **state)
{
    career_lanes *lanes = lanes_of(1, 8);
    job *blocker = block_lane(lanes), *j = make_job(CAREER_NEVER);

    (void)state;
    assert_true(career_lanes_submit(lanes, &j->base));
    assert_int_equal(career_job_wait(&j->base, career_clock_now()), CAREER_JOB_ABANDONED);
    career_job_release(&j->base);
    open_gate();
    assert_int_equal(outcome(blocker), CAREER_JOB_DONE);
    stop(lanes);
    assert_int_equal(atomic_load(&seen.served), 1);
    assert_int_equal(atomic_load(&seen.destroyed), 2);
}

/* The waiter goes, the lane ends the job, and the last of them frees it. */
static void test_give_up_on_a_running_job(void **state)
{
    career_lanes *lanes = lanes_of(1, 8);
    job *blocker = block_lane(lanes);

    (void)state;
    assert_int_equal(career_job_wait(&blocker->base, career_clock_now()), CAREER_JOB_RUNNING);
    career_job_release(&blocker->base);
    assert_int_equal(atomic_load(&seen.destroyed), 0);
    open_gate();
    stop(lanes);
    assert_int_equal(atomic_load(&seen.served), 1);
    assert_int_equal(atomic_load(&seen.destroyed), 1);
}

static void *await(void *waited)
{
    job *j = waited;

    assert_int_equal(career_job_wait(&j->base, soon_enough()), CAREER_JOB_DONE);
    return NULL;
}

/* A second lane starts only when a job has waited too long for the first, and no more than were asked for. */
static void test_more_lanes(void **state)
{
    career_lanes *lanes = lanes_of(2, 8);
    job *a = block_lane(lanes), *b = make_job(CAREER_NEVER), *c = make_job(CAREER_NEVER);
    pthread_t waiter;

    (void)state;
    assert_int_equal(atomic_load(&seen.opened), 1);
    assert_true(career_lanes_submit(lanes, &b->base));
    assert_int_equal(career_lanes_waiting(lanes), 1); /* the first may well come back in time */
    assert_int_equal(pthread_create(&waiter, NULL, await, b), 0);
    assert_true(happens(&seen.entered));
    assert_int_equal(atomic_load(&seen.opened), 2);
    assert_true(career_lanes_submit(lanes, &c->base));
    career_lanes_nudge(lanes);
    assert_int_equal(career_lanes_waiting(lanes), 1);
    open_gate();
    sem_post(&seen.gate);
    assert_int_equal(outcome(a), CAREER_JOB_DONE);
    pthread_join(waiter, NULL);
    career_job_release(&b->base);
    assert_int_equal(outcome(c), CAREER_JOB_DONE);
    stop(lanes);
    assert_int_equal(atomic_load(&seen.opened), 2);
}

/* Where no thread could be started for who waited too long, the next who comes asks again. */
static void test_more_lanes_when_threads_can_be_had(void **state)
{
    career_lanes *lanes = lanes_of(2, 8);
    job *a = block_lane(lanes), *b = make_job(CAREER_NEVER), *c = make_job(CAREER_NEVER);
    pthread_attr_t usual, boundless;

    (void)state;
    pthread_getattr_default_np(&usual);
    pthread_attr_init(&boundless);
    assert_int_equal(pthread_attr_setstacksize(&boundless, SIZE_MAX / 4), 0);
    assert_true(career_lanes_submit(lanes, &b->base));
    assert_int_equal(pthread_setattr_default_np(&boundless), 0);
    career_lanes_nudge(lanes); /* as b has waited for long */
    assert_int_equal(pthread_setattr_default_np(&usual), 0);
    assert_int_equal(career_lanes_waiting(lanes), 1);
    assert_true(career_lanes_submit(lanes, &c->base));
    assert_true(happens(&seen.entered));
    assert_int_equal(atomic_load(&seen.opened), 2);
    open_gate();
    sem_post(&seen.gate);
    assert_int_equal(outcome(a), CAREER_JOB_DONE);
    assert_int_equal(outcome(b), CAREER_JOB_DONE);
    assert_int_equal(outcome(c), CAREER_JOB_DONE);
    stop(lanes);
    pthread_attr_destroy(&usual);
    pthread_attr_destroy(&boundless);
}

/* Nor does one that nobody waits for keep it from those behind. */
static void test_more_lanes_past_the_unattended(void **state)
{
    career_lanes *lanes = lanes_of(2, 8);
    job *a = block_lane(lanes), *note = make_job(CAREER_NEVER), *b = make_job(CAREER_NEVER);
    pthread_t waiter;

    (void)state;
    note->base.unattended = true;
    assert_true(career_lanes_submit(lanes, &note->base));
    assert_true(career_lanes_submit(lanes, &b->base));
    assert_false(note->base.watches);
    assert_true(b->base.watches);
    assert_int_equal(pthread_create(&waiter, NULL, await, b), 0);
    assert_true(happens(&seen.entered));
    assert_int_equal(atomic_load(&seen.opened), 2);
    open_gate();
    sem_post(&seen.gate);
    pthread_join(waiter, NULL);
    career_job_release(&b->base);
    assert_int_equal(outcome(note), CAREER_JOB_DONE);
    assert_int_equal(outcome(a), CAREER_JOB_DONE);
    stop(lanes);
}

/* A backlog larger than a batch calls one, too. */
static void test_backlog(void **state)
{
    career_lanes *lanes = lanes_of(2, 2 * BATCH_MAX);
    job *a = block_lane(lanes), *jobs[BATCH_MAX + 1];

    (void)state;
    for (int i = 0; i <= BATCH_MAX; i++) {
        assert_int_equal(atomic_load(&seen.opened), 1);
        jobs[i] = make_job(CAREER_NEVER);
        assert_true(career_lanes_submit(lanes, &jobs[i]->base));
    }
    assert_true(happens(&seen.entered));
    assert_int_equal(atomic_load(&seen.opened), 2);
    open_gate();
    sem_post(&seen.gate);
    assert_int_equal(outcome(a), CAREER_JOB_DONE);
    for (int i = 0; i <= BATCH_MAX; i++)
        assert_int_equal(outcome(jobs[i]), CAREER_JOB_DONE);
    stop(lanes);
}

/* Stopping serves what is queued, even if the lane was asleep when it came. */
static void test_stop_serves_the_queue(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        career_lanes *lanes = lanes_of(1, 8);
        job *warm = make_job(CAREER_NEVER), *last = make_job(CAREER_NEVER);

        assert_true(career_lanes_submit(lanes, &warm->base));
        assert_int_equal(outcome(warm), CAREER_JOB_DONE);
        if (round % 2)
            assert_true(happens(&seen.idled));
        assert_true(career_lanes_submit(lanes, &last->base));
        stop(lanes);
        assert_int_equal(outcome(last), CAREER_JOB_DONE);
    }
}

static void test_stop_refuses_more(void **state)
{
    career_lanes *lanes = lanes_of(1, 8);
    job *blocker = block_lane(lanes), *queued = make_job(CAREER_NEVER);
    job *refused = make_job(CAREER_NEVER);
    struct pollfd stop_fd = {.fd = career_lane_stop_fd(atomic_load(&seen.lane)), .events = POLLIN};

    (void)state;
    assert_int_equal(poll(&stop_fd, 1, 0), 0);
    assert_false(career_lane_stopping(atomic_load(&seen.lane)));
    assert_true(career_lanes_submit(lanes, &queued->base));
    assert_false(
        career_lanes_stop(lanes, career_clock_now())); /* the lane is held: it must not hang */
    assert_int_equal(poll(&stop_fd, 1, 0), 1);
    assert_true(career_lane_stopping(atomic_load(&seen.lane)));
    assert_false(career_lanes_submit(lanes, &refused->base));
    career_lanes_nudge(lanes);
    career_job_release(&refused->base);
    open_gate();
    assert_int_equal(outcome(blocker), CAREER_JOB_DONE);
    assert_int_equal(outcome(queued), CAREER_JOB_DONE);
    stop(lanes);
}

static void test_idle_after_work(void **state)
{
    career_lanes *lanes = lanes_of(1, 8);
    job *j = make_job(CAREER_NEVER);

    (void)state;
    assert_true(career_lanes_submit(lanes, &j->base));
    assert_int_equal(outcome(j), CAREER_JOB_DONE);
    assert_true(happens(&seen.idled));
    atomic_store(&seen.wants_again, true);
    career_lanes_nudge(lanes);
    for (int i = 0; i < 10; i++) /* it asks to be called again, and is */
        assert_true(happens(&seen.idled));
    stop(lanes);
}

/* A nudge starts the first lane, whose idle() then looks around without any job. */
static void test_nudge(void **state)
{
    career_lanes *lanes = lanes_of(1, 8);

    (void)state;
    career_lanes_nudge(lanes);
    assert_true(happens(&seen.idled));
    career_lanes_nudge(lanes);
    assert_true(happens(&seen.idled));
    stop(lanes);
    assert_int_equal(atomic_load(&seen.opened), 1);
}

/* A lane that cannot open serves nobody, and nobody waits for it for ever. */
static void test_open_fails(void **state)
{
    career_lanes *lanes = lanes_of(1, 8);
    job *j = make_job(CAREER_NEVER), *again = make_job(CAREER_NEVER);

    (void)state;
    atomic_store(&seen.fails_open, true);
    assert_true(career_lanes_submit(lanes, &j->base));
    assert_int_equal(outcome(j), CAREER_JOB_ABANDONED);
    atomic_store(&seen.fails_open, false);
    assert_true(career_lanes_submit(lanes, &again->base));
    assert_int_equal(outcome(again), CAREER_JOB_DONE);
    stop(lanes);
}

/* ------------------------------------------------------------------------------ many at once */

#define CALLERS 4
#define CALLS 500

static career_lanes *crowd;
static atomic_int results[4], refusals;

static void *call(void *seed)
{
    unsigned dice = (unsigned)(uintptr_t)seed;

    for (int i = 0; i < CALLS; i++) {
        career_moment now = career_clock_now();
        int what = rand_r(&dice) % 4;
        job *j = make_job(what == 0 ? now : what == 1 ? now + 50 : CAREER_NEVER);
        career_lane *lane;
        void *data;

        if (what == 3 && (lane = career_lanes_borrow(crowd, &j->base, &data))) {
            bool ends = rand_r(&dice) % 2;

            if (ends)
                career_job_finish(&j->base);
            career_lane_return(lane, ends ? NULL : &j->base);
            atomic_fetch_add(&results[career_job_wait(&j->base, now + PATIENCE)], 1);
            atomic_fetch_add(&seen.served, ends);
        } else if (!career_lanes_submit(crowd, &j->base))
            atomic_fetch_add(&refusals, 1);
        else if (what == 2)
            atomic_fetch_add(&results[career_job_wait(&j->base, now + 30)], 1);
        else
            atomic_fetch_add(&results[career_job_wait(&j->base, now + PATIENCE)], 1);
        career_job_release(&j->base);
    }
    return NULL;
}

static void test_crowd(void **state)
{
    pthread_t callers[CALLERS];

    (void)state;
    memset(results, 0, sizeof(results));
    atomic_store(&refusals, 0);
    crowd = lanes_of(2, 3);
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&callers[i], NULL, call, (void *)(uintptr_t)(i + 1)), 0);
    for (int i = 0; i < CALLERS; i++)
        pthread_join(callers[i], NULL);
    stop(crowd);
    assert_int_equal(atomic_load(&seen.destroyed), CALLERS * CALLS);
    assert_int_equal(atomic_load(&results[CAREER_JOB_QUEUED]), 0);
    assert_int_equal(atomic_load(&results[0]) + atomic_load(&results[1]) +
                         atomic_load(&results[2]) + atomic_load(&results[3]) +
                         atomic_load(&refusals),
                     CALLERS * CALLS);
    assert_true(atomic_load(&seen.served) >= atomic_load(&results[CAREER_JOB_DONE]));
}

/* ------------------------------------------------------------------------------ ticker */

static sem_t ticked;

static void tick(void *context)
{
    sem_post(context);
}

static void test_ticker(void **state)
{
    career_ticker *ticker;

    (void)state;
    sem_init(&ticked, 0, 0);
    ticker = career_ticker_start("test-ticker", 1, tick, &ticked);
    assert_non_null(ticker);
    for (int i = 0; i < 3; i++)
        assert_true(happens(&ticked));
    assert_true(career_ticker_stop(ticker, soon_enough()));
    assert_true(career_ticker_stop(NULL, 0));
}

static void test_ticker_nudge(void **state)
{
    career_ticker *ticker;

    (void)state;
    sem_init(&ticked, 0, 0);
    ticker = career_ticker_start("test-ticker", 10 * PATIENCE, tick, &ticked);
    assert_non_null(ticker);
    assert_true(happens(&ticked));
    career_ticker_nudge(ticker);
    assert_true(happens(&ticked));
    assert_true(career_ticker_stop(ticker, soon_enough()));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_no_thread_before_a_job),
        TEST(test_serves),
        TEST(test_batches),
        TEST(test_full),
        TEST(test_too_late_to_start),
        TEST(test_too_late_unwatched),
        TEST(test_deadline_before_start),
        TEST(test_give_up_on_a_running_job),
        TEST(test_more_lanes),
        TEST(test_more_lanes_when_threads_can_be_had),
        TEST(test_more_lanes_past_the_unattended),
        TEST(test_backlog),
        TEST(test_stop_serves_the_queue),
        TEST(test_stop_refuses_more),
        TEST(test_idle_after_work),
        TEST(test_nudge),
        TEST(test_open_fails),
        TEST(test_crowd),
        TEST(test_ticker),
        TEST(test_ticker_nudge),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
