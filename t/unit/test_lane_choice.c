/* SPDX-License-Identifier: Apache-2.0 */
/* Which of several lanes serves, where some are ready (have their connection) and others are not. */
#include "lane_rig.h"

#define LANES_MAX 3

typedef struct place {
    atomic_bool ready;
    atomic_int served;
} place;

static place places[LANES_MAX];
static atomic_int opened;
static atomic_bool gated, closes, opens;
static sem_t gate, entered, idled, prepared;

static void *open_place(void *context, career_lane *lane)
{
    place *one = &places[atomic_fetch_add(&opened, 1)];

    (void)context;
    (void)lane;
    return one;
}

static void serve_place(void *data, career_job *batch)
{
    place *one = data;

    sem_post(&entered);
    if (atomic_load(&gated))
        sem_wait(&gate);
    for (career_job *next; batch; batch = next) {
        next = batch->next;
        atomic_fetch_add(&one->served, 1);
        career_job_finish(batch);
    }
}

/* Once it is told to, the first lane that is called closes its connection. */
static career_moment idle_place(void *data)
{
    place *one = data;

    if (atomic_exchange(&closes, false))
        atomic_store(&one->ready, false);
    sem_post(&idled);
    return CAREER_NEVER;
}

static void close_place(void *data)
{
    (void)data;
}

static bool is_place_ready(const void *data)
{
    return atomic_load(&((const place *)data)->ready);
}

static bool prepare_place(void *data)
{
    place *one = data;

    atomic_store(&one->ready, atomic_load(&opens));
    sem_post(&prepared);
    return atomic_load(&opens);
}

static const career_lane_work choosy = {.batch_max = BATCH_MAX,
                                        .open = open_place,
                                        .serve = serve_place,
                                        .idle = idle_place,
                                        .close = close_place,
                                        .ready = is_place_ready,
                                        .prepare = prepare_place};

static int set_up_places(void **state)
{
    (void)state;
    memset(places, 0, sizeof(places));
    atomic_store(&opened, 0);
    atomic_store(&gated, false);
    atomic_store(&closes, false);
    atomic_store(&opens, false);
    sem_init(&gate, 0, 0);
    sem_init(&entered, 0, 0);
    sem_init(&idled, 0, 0);
    sem_init(&prepared, 0, 0);
    return 0;
}

static job *submit(career_lanes *lanes)
{
    job *j = make_job(CAREER_NEVER);

    assert_true(career_lanes_submit(lanes, &j->base));
    return j;
}

/* So many lanes, all ready, that have served one job each and rest. */
static career_lanes *ready_lanes(unsigned count)
{
    career_lanes *lanes = career_lanes_create(&choosy, NULL, count, 2 * BATCH_MAX);
    job *jobs[LANES_MAX];

    assert_non_null(lanes);
    atomic_store(&gated, true);
    for (unsigned i = 0; i < count; i++) {
        atomic_store(&places[i].ready, true);
        jobs[i] = submit(lanes);
        if (i)
            career_lanes_nudge(lanes);
        assert_true(happens(&entered));
    }
    atomic_store(&gated, false);
    for (unsigned i = 0; i < count; i++)
        sem_post(&gate);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(outcome(jobs[i]), CAREER_JOB_DONE);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(atomic_load(&places[i].served), 1);
    while (sem_trywait(&idled) == 0)
        ;
    return lanes;
}

static career_lanes *two_lanes(void)
{
    return ready_lanes(2);
}

/* Which of them is not ready any more; it was awake last. */
static place *close_one(career_lanes *lanes)
{
    place *one = places;

    atomic_store(&closes, true);
    while (atomic_load(&closes)) {
        career_lanes_nudge(lanes);
        poll(NULL, 0, 1);
    }
    while (atomic_load(&one->ready))
        one++;
    return one;
}

/* A lane at rest, as soon as one can be had. */
static career_lane *borrow(career_lanes *lanes, job *j, void **data)
{
    career_moment until = soon_enough();
    career_lane *lane;

    while (!(lane = career_lanes_borrow(lanes, &j->base, data)) && career_clock_now() < until)
        poll(NULL, 0, 1);
    assert_non_null(lane);
    return lane;
}

/* A job in which the lane that serves it is held up, until the gate opens. */
static job *hold_up(career_lanes *lanes)
{
    job *held;

    while (sem_trywait(&entered) == 0)
        ;
    atomic_store(&gated, true);
    held = submit(lanes);
    assert_true(happens(&entered));
    return held;
}

static void test_ready_ones_first(void **state)
{
    career_lanes *lanes = two_lanes();
    place *closed = close_one(lanes);
    job *j = make_job(CAREER_NEVER);
    career_lane *lane;
    void *data = NULL;

    (void)state;
    lane = borrow(lanes, j, &data);
    assert_ptr_not_equal(data, closed);
    career_job_finish(&j->base);
    career_lane_return(lane, NULL);
    assert_int_equal(outcome(j), CAREER_JOB_DONE);
    for (int i = 0; i < 20; i++)
        assert_int_equal(outcome(submit(lanes)), CAREER_JOB_DONE);
    assert_int_equal(atomic_load(&closed->served), 1);
    assert_true(career_lanes_stop(lanes, soon_enough()));
}

/* What a lane that is ready will come to is not taken by one that is not, and cannot be. */
static void test_leaves_jobs_to_one_that_is_ready(void **state)
{
    career_lanes *lanes = two_lanes();
    place *closed = close_one(lanes);
    job *held, *waits;

    (void)state;
    held = hold_up(lanes);
    waits = submit(lanes);
    for (int i = 0; i < 3; i++) {
        career_lanes_nudge(lanes); /* as a job that has waited for long */
        assert_true(happens(&prepared));
    }
    assert_int_equal(career_lanes_waiting(lanes), 1);
    atomic_store(&gated, false);
    sem_post(&gate);
    assert_int_equal(outcome(held), CAREER_JOB_DONE);
    assert_int_equal(outcome(waits), CAREER_JOB_DONE);
    assert_int_equal(atomic_load(&closed->served), 1);
    assert_true(career_lanes_stop(lanes, soon_enough()));
}

/* Nor what one that is lent will come to. */
static void test_leaves_jobs_to_one_that_is_lent(void **state)
{
    career_lanes *lanes = two_lanes();
    place *closed = close_one(lanes);
    job *own = make_job(CAREER_NEVER), *waits;
    career_lane *lane;
    void *data;

    (void)state;
    lane = borrow(lanes, own, &data);
    waits = submit(lanes);
    career_lanes_nudge(lanes);
    assert_true(happens(&prepared));
    poll(NULL, 0, 5);
    assert_int_equal(career_lanes_waiting(lanes), 1);
    career_job_finish(&own->base);
    career_lane_return(lane, NULL);
    assert_int_equal(outcome(own), CAREER_JOB_DONE);
    assert_int_equal(outcome(waits), CAREER_JOB_DONE);
    assert_int_equal(atomic_load(&closed->served), 1);
    assert_true(career_lanes_stop(lanes, soon_enough()));
}

/* Where the one that serves is held up, they are for the lent one as soon as it comes back, for it was called in vain. */
static void test_leaves_jobs_to_the_first_that_comes_back(void **state)
{
    career_lanes *lanes = ready_lanes(3);
    place *closed = close_one(lanes);
    job *own = make_job(CAREER_NEVER), *held, *waits;
    career_lane *lane;
    void *data;

    (void)state;
    lane = borrow(lanes, own, &data);
    while (sem_trywait(&entered) == 0)
        ;
    atomic_store(&gated, true);
    held = submit(lanes);
    career_lanes_nudge(lanes);
    assert_true(happens(&entered));
    waits = submit(lanes);
    career_lanes_nudge(lanes); /* only the closed one is left, and cannot be opened */
    assert_true(happens(&prepared));
    career_job_finish(&own->base);
    career_lane_return(lane, NULL);
    assert_int_equal(outcome(own), CAREER_JOB_DONE);
    assert_true(happens(&entered));
    atomic_store(&gated, false);
    sem_post(&gate);
    sem_post(&gate);
    assert_int_equal(outcome(held), CAREER_JOB_DONE);
    assert_int_equal(outcome(waits), CAREER_JOB_DONE);
    assert_int_equal(atomic_load(&closed->served), 1);
    assert_true(career_lanes_stop(lanes, soon_enough()));
}

/* One at rest that is ready is called instead: it came to rest while the other tried. */
static void test_calls_one_that_is_ready(void **state)
{
    career_lanes *lanes = two_lanes();
    place *closed = close_one(lanes);
    job *held;

    (void)state;
    for (int i = 0; i < 100; i++) {
        job *waits;

        held = hold_up(lanes);
        waits = submit(lanes);
        career_lanes_nudge(lanes);
        if (i % 2)
            assert_true(happens(&prepared));
        atomic_store(&gated, false);
        sem_post(&gate);
        assert_int_equal(outcome(held), CAREER_JOB_DONE);
        assert_int_equal(outcome(waits), CAREER_JOB_DONE);
        while (sem_trywait(&gate) == 0)
            ;
    }
    assert_int_equal(atomic_load(&closed->served), 1);
    assert_true(career_lanes_stop(lanes, soon_enough()));
}

static void test_gets_ready_and_takes_them(void **state)
{
    career_lanes *lanes = two_lanes();
    place *closed = close_one(lanes);
    job *held, *waits;

    (void)state;
    held = hold_up(lanes);
    waits = submit(lanes);
    atomic_store(&opens, true);
    career_lanes_nudge(lanes);
    assert_true(happens(&entered));
    atomic_store(&gated, false);
    sem_post(&gate);
    sem_post(&gate);
    assert_int_equal(outcome(held), CAREER_JOB_DONE);
    assert_int_equal(outcome(waits), CAREER_JOB_DONE);
    assert_int_equal(atomic_load(&closed->served), 2);
    assert_true(career_lanes_stop(lanes, soon_enough()));
}

/* Where none is ready somebody must serve all the same: to try, or to say that it cannot be done. */
static void test_none_is_ready(void **state)
{
    career_lanes *lanes = two_lanes();

    (void)state;
    atomic_store(&places[0].ready, false);
    atomic_store(&places[1].ready, false);
    for (int i = 0; i < 200; i++) {
        job *j = submit(lanes), *k = submit(lanes);

        if (i % 2)
            career_lanes_nudge(lanes);
        assert_int_equal(outcome(j), CAREER_JOB_DONE);
        assert_int_equal(outcome(k), CAREER_JOB_DONE);
    }
    assert_true(career_lanes_stop(lanes, soon_enough()));
}

#define TEST(name) cmocka_unit_test_setup(name, set_up_places)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ready_ones_first),
        TEST(test_leaves_jobs_to_one_that_is_ready),
        TEST(test_leaves_jobs_to_one_that_is_lent),
        TEST(test_leaves_jobs_to_the_first_that_comes_back),
        TEST(test_calls_one_that_is_ready),
        TEST(test_gets_ready_and_takes_them),
        TEST(test_none_is_ready),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
