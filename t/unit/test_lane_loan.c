/* SPDX-License-Identifier: Apache-2.0 */
/* Lanes that are lent: one user at a time, whoever comes and goes meanwhile, and no job lost between two of them. */
#include "lane_rig.h"

#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* Lanes with one that has served one job. */
static career_lanes *warm_lanes(void)
{
    career_lanes *lanes = lanes_of(1, 8);
    job *warm = make_job(CAREER_NEVER);

    assert_true(career_lanes_submit(lanes, &warm->base));
    assert_int_equal(outcome(warm), CAREER_JOB_DONE);
    return lanes;
}

/* Borrows the lane as soon as it rests. */
static career_lane *borrow(career_lanes *lanes, job *j)
{
    career_moment until = soon_enough();
    career_lane *lane;
    void *data = NULL;

    while (!(lane = career_lanes_borrow(lanes, &j->base, &data)) && career_clock_now() < until)
        poll(NULL, 0, 1);
    assert_non_null(lane);
    assert_ptr_equal(data, &seen);
    return lane;
}

static void test_lends(void **state)
{
    career_lanes *lanes = warm_lanes();
    job *j = make_job(CAREER_NEVER);
    career_lane *lane = borrow(lanes, j);

    (void)state;
    career_job_finish(&j->base);
    career_lane_return(lane, NULL);
    assert_int_equal(outcome(j), CAREER_JOB_DONE);
    lane = borrow(lanes, j = make_job(CAREER_NEVER)); /* again */
    career_job_finish(&j->base);
    career_lane_return(lane, NULL);
    assert_int_equal(outcome(j), CAREER_JOB_DONE);
    stop(lanes);
    assert_int_equal(atomic_load(&seen.destroyed), 3);
    assert_int_equal(atomic_load(&seen.served), 1); /* by the lane itself */
}

/* Two lanes that have served and rest. */
static career_lanes *two_warm_lanes(void)
{
    career_lanes *lanes = lanes_of(2, 2 * BATCH_MAX);
    job *alone = make_job(CAREER_NEVER), *blocker = block_lane(lanes), *crowd[BATCH_MAX + 1];

    for (int i = 0; i <= BATCH_MAX; i++)
        assert_true(career_lanes_submit(lanes, &(crowd[i] = make_job(CAREER_NEVER))->base));
    assert_true(happens(&seen.entered)); /* the second lane */
    atomic_store(&seen.gated, false);
    sem_post(&seen.gate);
    sem_post(&seen.gate);
    assert_int_equal(outcome(blocker), CAREER_JOB_DONE);
    for (int i = 0; i <= BATCH_MAX; i++)
        assert_int_equal(outcome(crowd[i]), CAREER_JOB_DONE);
    assert_true(career_lanes_submit(lanes, &alone->base)); /* after it one may borrow */
    assert_int_equal(outcome(alone), CAREER_JOB_DONE);
    return lanes;
}

/* While one serves himself, another may do so, and a third waits. */
static void test_lends_a_second(void **state)
{
    career_lanes *lanes = two_warm_lanes();
    job *j = make_job(CAREER_NEVER), *k = make_job(CAREER_NEVER), *m = make_job(CAREER_NEVER);
    career_lane *first = borrow(lanes, j), *second = borrow(lanes, k);
    void *data;

    (void)state;
    assert_ptr_not_equal(first, second);
    assert_null(career_lanes_borrow(lanes, &m->base, &data));
    assert_true(career_lanes_submit(lanes, &m->base));
    career_job_finish(&j->base);
    career_lane_return(first, NULL);
    assert_int_equal(outcome(m), CAREER_JOB_DONE); /* by the thread of the first */
    career_job_finish(&k->base);
    career_lane_return(second, NULL);
    assert_int_equal(outcome(j), CAREER_JOB_DONE);
    assert_int_equal(outcome(k), CAREER_JOB_DONE);
    k = make_job(CAREER_NEVER);
    for (int i = 0; i < 20; i++) { /* with two under way beside, the third was a crowd */
        assert_null(career_lanes_borrow(lanes, &k->base, &data));
        poll(NULL, 0, 1);
    }
    career_job_release(&k->base);
    stop(lanes);
}

/* What waits is left to a thread that serves: more of them would only make smaller batches. Nor is a lane lent then. */
static void test_queue_is_left_to_a_thread(void **state)
{
    career_lanes *lanes = two_warm_lanes();
    job *j = make_job(CAREER_NEVER), *k = make_job(CAREER_NEVER), *m = make_job(CAREER_NEVER);
    career_lane *lane = borrow(lanes, j);
    job *blocker = make_job(CAREER_NEVER);
    void *data;

    (void)state;
    while (sem_trywait(&seen.entered) == 0)
        ;
    atomic_store(&seen.gated, true);
    assert_true(career_lanes_submit(lanes, &blocker->base));
    career_lanes_nudge(lanes); /* as a job that has waited for long */
    assert_true(happens(&seen.entered));
    k->base.unattended = true; /* nobody nudges for it */
    assert_true(career_lanes_submit(lanes, &k->base));
    career_job_finish(&j->base);
    career_lane_return(lane, NULL);
    assert_int_equal(outcome(j), CAREER_JOB_DONE);
    poll(NULL, 0, 20);
    assert_int_equal(career_lanes_waiting(lanes), 1);
    assert_null(career_lanes_borrow(lanes, &m->base, &data));
    career_job_release(&m->base);
    open_gate();
    assert_int_equal(outcome(blocker), CAREER_JOB_DONE);
    assert_int_equal(outcome(k), CAREER_JOB_DONE);
    stop(lanes);
}

/* But not once it has called in vain while all were away: the thread that is awake may be held up for long. */
static void test_returns_to_who_called(void **state)
{
    career_lanes *lanes = two_warm_lanes();
    job *j = make_job(CAREER_NEVER), *k = make_job(CAREER_NEVER), *blocker = make_job(CAREER_NEVER);
    career_lane *lane = borrow(lanes, j);

    (void)state;
    while (sem_trywait(&seen.entered) == 0)
        ;
    atomic_store(&seen.gated, true);
    assert_true(career_lanes_submit(lanes, &blocker->base));
    career_lanes_nudge(lanes);
    assert_true(happens(&seen.entered)); /* the other one, held up from now on */
    assert_true(career_lanes_submit(lanes, &k->base));
    career_lanes_nudge(lanes); /* as it has waited for long */
    career_job_finish(&j->base);
    career_lane_return(lane, NULL);
    assert_int_equal(outcome(j), CAREER_JOB_DONE);
    assert_true(happens(&seen.entered));
    assert_int_equal(career_lanes_waiting(lanes), 0);
    open_gate();
    sem_post(&seen.gate);
    assert_int_equal(outcome(k), CAREER_JOB_DONE);
    assert_int_equal(outcome(blocker), CAREER_JOB_DONE);
    stop(lanes);
}

static void test_does_not_lend_what_is_not_ready(void **state)
{
    career_lanes *lanes = warm_lanes();
    job *j = make_job(CAREER_NEVER);
    void *data;

    (void)state;
    atomic_store(&seen.unready, true);
    for (int i = 0; i < 20; i++) {
        assert_null(career_lanes_borrow(lanes, &j->base, &data));
        poll(NULL, 0, 1);
    }
    atomic_store(&seen.unready, false);
    career_lane_return(borrow(lanes, j), &j->base);
    assert_int_equal(outcome(j), CAREER_JOB_DONE);
    stop(lanes);
}

/* Nothing is lent that has not been opened, that is lent already, or that stops. */
static void test_does_not_lend(void **state)
{
    career_lanes *fresh = lanes_of(1, 8), *lanes = warm_lanes();
    job *j = make_job(CAREER_NEVER), *k = make_job(CAREER_NEVER);
    career_lane *lane = borrow(lanes, j);
    void *data;

    (void)state;
    assert_null(career_lanes_borrow(fresh, &k->base, &data));
    assert_null(career_lanes_borrow(lanes, &k->base, &data));
    career_job_release(&k->base);
    career_job_finish(&j->base);
    career_lane_return(lane, NULL);
    assert_int_equal(outcome(j), CAREER_JOB_DONE);
    assert_true(career_lanes_stop(fresh, soon_enough()));
    stop(lanes);
}

/* Who comes while it is lent is served by its thread afterwards. */
static void test_served_after_the_loan(void **state)
{
    career_lanes *lanes = warm_lanes();
    job *j = make_job(CAREER_NEVER), *k = make_job(CAREER_NEVER);
    career_lane *lane = borrow(lanes, j);

    (void)state;
    assert_true(career_lanes_submit(lanes, &k->base));
    assert_int_equal(career_lanes_waiting(lanes), 1);
    career_job_finish(&j->base);
    career_lane_return(lane, NULL);
    assert_int_equal(outcome(k), CAREER_JOB_DONE);
    assert_int_equal(outcome(j), CAREER_JOB_DONE);
    stop(lanes);
}

/* What its borrower could not end, its thread does, before all that waits. */
static void test_left_to_the_lane(void **state)
{
    career_lanes *lanes = warm_lanes();
    job *j = make_job(CAREER_NEVER), *k = make_job(CAREER_NEVER);
    career_lane *lane = borrow(lanes, j);

    (void)state;
    j->number = 1;
    k->number = 2;
    assert_true(career_lanes_submit(lanes, &k->base));
    career_lane_return(lane, &j->base);
    assert_int_equal(career_job_wait(&j->base, soon_enough()), CAREER_JOB_DONE);
    assert_int_equal(atomic_load(&j->served), 1);
    career_job_release(&j->base);
    assert_int_equal(outcome(k), CAREER_JOB_DONE);
    stop(lanes);
    assert_int_equal(atomic_load(&seen.order_broken), 0);
}

/* After a batch of several a lane is not lent, until one job has come alone again. */
static void test_does_not_lend_in_a_crowd(void **state)
{
    career_lanes *lanes = lanes_of(1, 8);
    job *blocker = block_lane(lanes), *a = make_job(CAREER_NEVER), *b = make_job(CAREER_NEVER);
    job *alone = make_job(CAREER_NEVER), *j = make_job(CAREER_NEVER);
    void *data;

    (void)state;
    assert_true(career_lanes_submit(lanes, &a->base));
    assert_true(career_lanes_submit(lanes, &b->base));
    open_gate();
    assert_int_equal(outcome(blocker), CAREER_JOB_DONE);
    assert_int_equal(outcome(a), CAREER_JOB_DONE);
    assert_int_equal(outcome(b), CAREER_JOB_DONE);
    for (int i = 0; i < 50; i++) {
        assert_null(career_lanes_borrow(lanes, &j->base, &data));
        poll(NULL, 0, 1);
    }
    assert_true(career_lanes_submit(lanes, &alone->base));
    assert_int_equal(outcome(alone), CAREER_JOB_DONE);
    career_lane_return(borrow(lanes, j), &j->base);
    assert_int_equal(outcome(j), CAREER_JOB_DONE);
    stop(lanes);
}

/* Its thread leaves the data alone while it is lent, however often it wakes up, and looks after it again then. */
static void test_thread_waits_for_the_loan(void **state)
{
    career_lanes *lanes = warm_lanes();
    job *j = make_job(CAREER_NEVER);
    career_lane *lane;

    (void)state;
    assert_true(happens(&seen.idled));
    atomic_store(&seen.wants_again, true);
    career_lanes_nudge(lanes);
    assert_true(happens(&seen.idled));
    lane = borrow(lanes, j);
    while (sem_trywait(&seen.idled) == 0)
        ;
    poll(NULL, 0, 20);
    assert_int_not_equal(sem_trywait(&seen.idled), 0);
    career_job_finish(&j->base);
    career_lane_return(lane, NULL);
    assert_true(happens(&seen.idled));
    assert_int_equal(outcome(j), CAREER_JOB_DONE);
    stop(lanes);
}

static career_lanes *left_behind; /* reachable, as to the end of a process */

/* The end does not wait for a loan, and frees nothing that is in use. */
static void test_stop_during_a_loan(void **state)
{
    job *j = make_job(CAREER_NEVER);
    career_lane *lane;

    (void)state;
    left_behind = warm_lanes();
    lane = borrow(left_behind, j);
    assert_false(career_lanes_stop(left_behind, soon_enough()));
    career_job_finish(&j->base);
    career_lane_return(lane, NULL);
    assert_int_equal(outcome(j), CAREER_JOB_DONE);
    assert_int_equal(atomic_load(&seen.closed), 0);
}

/* Nor to a job that is too late: its deadline would be the end of the connection. */
static void test_does_not_lend_to_the_late(void **state)
{
    career_lanes *lanes = warm_lanes();
    job *late = make_job(career_clock_now() - 1), *j = make_job(CAREER_NEVER);
    void *data;

    (void)state;
    career_lane_return(borrow(lanes, j), &j->base);
    assert_int_equal(outcome(j), CAREER_JOB_DONE);
    for (int i = 0; i < 50; i++) {
        assert_null(career_lanes_borrow(lanes, &late->base, &data));
        poll(NULL, 0, 1);
    }
    career_job_release(&late->base);
    stop(lanes);
}

/* What is left to the lane is served though it is to stop at that very moment. */
static void test_stop_serves_what_was_left(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        career_lanes *lanes = warm_lanes();
        job *j = make_job(CAREER_NEVER), *k = make_job(CAREER_NEVER);
        career_lane *lane = borrow(lanes, j);

        if (round % 2)
            assert_true(career_lanes_submit(lanes, &k->base));
        career_lane_return(lane, &j->base);
        if (round % 2 == 0)
            assert_true(career_lanes_submit(lanes, &k->base));
        stop(lanes);
        assert_int_equal(outcome(j), CAREER_JOB_DONE);
        assert_int_equal(outcome(k), CAREER_JOB_DONE);
    }
}

/* ------------------------------------------------------------------------------ many at once */

#define CALLERS 4
#define CALLS 2000

static career_lanes *busy;
static atomic_int lent, lost, twice;

/* Borrows, or submits where that is not possible; leaves every other job to the lane, and nudges now and then. */
static void *borrow_often(void *unused)
{
    (void)unused;
    for (int i = 0; i < CALLS; i++) {
        job *j = make_job(CAREER_NEVER);
        void *data;
        career_lane *lane = career_lanes_borrow(busy, &j->base, &data);
        bool ends = i % 2;

        if (lane) {
            enter();
            if (atomic_fetch_add(&lent, 1) % 8 == 0)
                usleep(20); /* long enough for others to come */
            if (ends) {
                atomic_fetch_add(&j->served, 1);
                career_job_finish(&j->base);
            }
            leave();
            career_lane_return(lane, ends ? NULL : &j->base);
        } else {
            assert_true(career_lanes_submit(busy, &j->base));
        }
        if (i % 7 == 0)
            career_lanes_nudge(busy);
        if (career_job_wait(&j->base, soon_enough()) != CAREER_JOB_DONE)
            atomic_fetch_add(&lost, 1);
        if (atomic_load(&j->served) != 1)
            atomic_fetch_add(&twice, 1);
        career_job_release(&j->base);
    }
    return NULL;
}

/* Its thread wakes up all the time besides, for its idle() wants to be called again at once. */
static void test_one_user_at_a_time(void **state)
{
    pthread_t callers[CALLERS];

    (void)state;
    atomic_store(&seen.wants_again, true);
    busy = lanes_of(1, CALLERS);
    borrow_often(NULL); /* alone, as those are who get it */
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&callers[i], NULL, borrow_often, NULL), 0);
    for (int i = 0; i < CALLERS; i++)
        pthread_join(callers[i], NULL);
    stop(busy);
    assert_true(atomic_load(&lent) > 0);
    assert_int_equal(atomic_load(&seen.intruders), 0);
    assert_int_equal(atomic_load(&lost), 0);
    assert_int_equal(atomic_load(&twice), 0);
    assert_int_equal(atomic_load(&seen.destroyed), (CALLERS + 1) * CALLS);
}

/* ------------------------------------------------------------------------------ ends in a signal's handler */

#ifndef __SANITIZE_THREAD__ /* which takes what a handler does for a fault */
#define ENDS 100
#define JOBS 8
#define AT_MOST (200 * CAREER_MILLISECOND) /* where it was interrupted with the lock */

static job pool_of_jobs[JOBS]; /* a handler cannot free what the interrupted thread allocates */

static void keep_job(career_job *self)
{
    sem_init(&self->done, 0, 0);
}

static void end_process(int signal)
{
    (void)signal;
    career_lanes_stop(busy, career_clock_now() + AT_MOST);
    _exit(0);
}

static void work_until_interrupted(void)
{
    for (unsigned i = 0;; i++) {
        career_job *j = &pool_of_jobs[i % JOBS].base;
        career_lane *lane;
        void *data;

        career_job_init(j, CAREER_NEVER, keep_job);
        lane = career_lanes_borrow(busy, j, &data);
        if (lane && i % 3)
            career_job_finish(j);
        if (lane)
            career_lane_return(lane, i % 3 ? NULL : j);
        else if (!career_lanes_submit(busy, j))
            abort();
        if (career_job_wait(j, soon_enough()) != CAREER_JOB_DONE)
            abort();
        career_job_release(j);
    }
}

/* A process as prefork's: its one thread is interrupted anywhere, and ends all in the handler. */
static void be_interrupted(unsigned after)
{
    struct itimerval timer = {.it_value = {0, after}};

    signal(SIGALRM, end_process);
    atomic_store(&seen.wants_again, after % 2);
    busy = lanes_of(1, JOBS);
    setitimer(ITIMER_REAL, &timer, NULL);
    work_until_interrupted();
}

/* It ends soon, wherever it was: in the queue, with the lane, or with the lock of both. */
static void test_end_in_a_handler(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ENDS; i++) {
        career_moment until = soon_enough();
        pid_t pid = fork(), ended;
        int status = 0;

        if (pid == 0)
            be_interrupted(500 + 37 * i);
        assert_true(pid > 0);
        while ((ended = waitpid(pid, &status, WNOHANG)) == 0 && career_clock_now() < until)
            poll(NULL, 0, 1);
        if (ended == 0)
            kill(pid, SIGKILL);
        assert_int_equal(ended, pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}
#endif

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifndef __SANITIZE_THREAD__
        TEST(test_end_in_a_handler),
#endif
        TEST(test_lends),
        TEST(test_lends_a_second),
        TEST(test_queue_is_left_to_a_thread),
        TEST(test_returns_to_who_called),
        TEST(test_does_not_lend_what_is_not_ready),
        TEST(test_does_not_lend),
        TEST(test_does_not_lend_to_the_late),
        TEST(test_served_after_the_loan),
        TEST(test_left_to_the_lane),
        TEST(test_does_not_lend_in_a_crowd),
        TEST(test_thread_waits_for_the_loan),
        TEST(test_stop_serves_what_was_left),
        TEST(test_one_user_at_a_time),
        TEST(test_stop_during_a_loan),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
