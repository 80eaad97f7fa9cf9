/* SPDX-License-Identifier: Apache-2.0 */
/* Counters in shared memory: exact over processes, whoever is killed; and the text that Prometheus reads. */
#include "unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "base/counters.h"
#include "base/exposition.h"

#define CHILDREN 4
#define THREADS 3
#define EACH 20000

static career_counters *counters_of(const char *name, unsigned processes)
{
    career_counters *counters = career_counters_open(pool, name, processes);

    assert_non_null(counters);
    return counters;
}

static int64_t read_cell(career_counters *counters, unsigned cell)
{
    career_reading *reading = apr_palloc(pool, sizeof(*reading));

    career_counters_read(counters, reading);
    return reading->cells[cell];
}

#define READ(counters, metric) read_cell((counters), CAREER_AT_##metric)

/* ---- counting ---- */

static void *count_much(void *counters)
{
    for (int i = 0; i < EACH; i++) {
        career_count((career_counters *)counters, SWEEPS, SWEEP, REFUSED);
        career_observe((career_counters *)counters, DATABASE_WAIT, 0, i % 3 ? 400 : 9000000);
    }
    return NULL;
}

static void run_threads(career_counters *counters)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, count_much, counters) != 0)
            _exit(1);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void assert_good_end(pid_t child)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_exact_over_processes(void **state)
{
    career_counters *counters = counters_of("exact", CHILDREN);
    pid_t children[CHILDREN];
    int64_t slow = 0;

    (void)state;
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            career_counters_attend(counters);
            run_threads(counters);
            _exit(0);
        }
    }
    for (int i = 0; i < CHILDREN; i++)
        assert_good_end(children[i]);
    for (int i = 0; i < EACH; i++)
        slow += i % 3 == 0;
    slow *= CHILDREN * THREADS;
    assert_int_equal(read_cell(counters, CAREER_AT_SWEEPS + CAREER_BY_SWEEP_REFUSED),
                     CHILDREN * THREADS * EACH);
    assert_int_equal(READ(counters, SWEEPS), 0);
    assert_int_equal(read_cell(counters, CAREER_AT_DATABASE_WAIT),
                     CHILDREN * THREADS * EACH - slow);
    assert_int_equal(read_cell(counters, CAREER_AT_DATABASE_WAIT + CAREER_BOUND_COUNT), slow);
    assert_int_equal(read_cell(counters, CAREER_AT_DATABASE_WAIT + CAREER_HISTOGRAM_SUM),
                     (CHILDREN * THREADS * (int64_t)EACH - slow) * 400 + slow * 9000000);
}

static void test_null_counts_nothing(void **state)
{
    career_counters *none = NULL;

    (void)state;
    career_count(none, SWEEPS, SWEEP, DONE);
    career_count_by(none, KEYS_REMOVED, 3);
    career_set(none, OUTBOX, 1);
    career_live_add(none, DATABASE_CONNECTIONS, 1);
    career_live_set(none, DATABASE_QUEUE, 1);
    career_observe(none, DATABASE_WAIT, 0, 1);
    career_counters_attend(none);
    career_counters_leave(none);
    career_counters_sample(none);
    career_counters_remark(none, CAREER_REMARK_KEYS, "x");
}

static void test_bounds(void **state)
{
    static const struct {
        career_moment took;
        unsigned bucket;
    } cases[] = {{-5, 0},
                 {0, 0},
                 {500, 0},
                 {501, 1},
                 {1000, 1},
                 {1001, 2},
                 {5000000, CAREER_BOUND_COUNT - 1},
                 {5000001, CAREER_BOUND_COUNT}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        career_counters *counters = counters_of(apr_psprintf(pool, "bounds %d", (int)i), 1);
        unsigned at = CAREER_AT_REQUEST_SECONDS + CAREER_BY_ACCESS_WRITE * CAREER_HISTOGRAM_CELLS;

        career_observe(counters, REQUEST_SECONDS, CAREER_BY_ACCESS_WRITE, cases[i].took);
        assert_int_equal(read_cell(counters, at + cases[i].bucket), 1);
        assert_int_equal(read_cell(counters, at + CAREER_HISTOGRAM_SUM),
                         cases[i].took > 0 ? cases[i].took : 0);
        assert_int_equal(read_cell(counters, CAREER_AT_REQUEST_SECONDS), 0);
    }
}

/* ---- restarts ---- */

static void test_kept_across_restarts(void **state)
{
    career_counters *first = counters_of("kept", 4), *again, *other, *larger;

    (void)state;
    career_count_by(first, KEYS_REMOVED, 7);
    again = counters_of("kept", 4);
    assert_int_equal(READ(again, KEYS_REMOVED), 7);
    other = counters_of("other", 4);
    assert_int_equal(READ(other, KEYS_REMOVED), 0);
    larger = counters_of("kept", 8); /* more processes than it has room for */
    assert_int_equal(larger->shared == first->shared, 0);
    career_count_by(larger, KEYS_REMOVED, 1);
    assert_int_equal(READ(counters_of("kept", 8), KEYS_REMOVED), 1);
}

/* ---- what belongs to a process ---- */

/* A child that has so many connections and says so, then waits. */
static pid_t child_with(career_counters *counters, int connections)
{
    int ready[2];
    char byte;
    pid_t child;

    assert_int_equal(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        career_counters_attend(counters);
        career_live_add(counters, DATABASE_CONNECTIONS, connections);
        if (write(ready[1], "r", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void end_child(pid_t child)
{
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void test_live_forgets_the_dead(void **state)
{
    career_counters *counters = counters_of("live", 3);
    pid_t two, three, five;

    (void)state;
    assert_int_equal(READ(counters, DATABASE_CONNECTIONS), 0);
    two = child_with(counters, 2);
    three = child_with(counters, 3);
    assert_int_equal(READ(counters, DATABASE_CONNECTIONS), 5);
    end_child(two);
    assert_int_equal(READ(counters, DATABASE_CONNECTIONS), 3);
    assert_int_equal(READ(counters, DATABASE_CONNECTIONS), 3);
    five = child_with(counters, 5);
    assert_int_equal(READ(counters, DATABASE_CONNECTIONS), 8);
    end_child(three);
    end_child(five);
    assert_int_equal(READ(counters, DATABASE_CONNECTIONS), 0);
}

/* Slots of the dead are used again without anybody having read in between, and without what they held. */
static void test_slots_are_used_again(void **state)
{
    career_counters *counters = counters_of("slots", 2);

    (void)state;
    for (int i = 0; i < 10; i++)
        end_child(child_with(counters, 1));
    for (int i = 0; i < 10; i++) {
        pid_t child = child_with(counters, 7);

        assert_int_equal(READ(counters, DATABASE_CONNECTIONS), 7);
        end_child(child);
    }
}

static void test_more_processes_than_slots(void **state)
{
    career_counters *counters = counters_of("crowd", 1);
    pid_t seen = child_with(counters, 1), unseen = child_with(counters, 1);

    (void)state;
    assert_int_equal(READ(counters, DATABASE_CONNECTIONS), 1);
    end_child(seen);
    end_child(unseen);
}

static void test_leaving(void **state)
{
    career_counters *counters = counters_of("leave", 1);
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        career_counters_attend(counters);
        career_live_set(counters, DATABASE_QUEUE, 9);
        if (READ(counters, DATABASE_QUEUE) != 9)
            _exit(1);
        career_counters_leave(counters);
        _exit(READ(counters, DATABASE_QUEUE) == 0 ? 0 : 2);
    }
    assert_good_end(child);
    assert_int_equal(READ(counters, DATABASE_QUEUE), 0);
}

/* ---- samples and remarks ---- */

static void test_samples(void **state)
{
    career_counters *counters = counters_of("samples", 1);
    career_reading *samples;
    size_t count;

    (void)state;
    assert_null(career_counters_samples(counters, pool, &count));
    assert_int_equal(count, 0);
    career_count_by(counters, KEYS_REMOVED, 4);
    career_counters_sample(counters);
    career_count_by(counters, KEYS_REMOVED, 4);
    career_counters_sample(counters); /* too early */
    samples = career_counters_samples(counters, pool, &count);
    assert_int_equal(count, 1);
    assert_int_equal(samples[0].cells[CAREER_AT_KEYS_REMOVED], 4);
    assert_true(samples[0].time <= apr_time_now() && samples[0].time > 0);
}

static void test_remarks(void **state)
{
    career_counters *counters = counters_of("remarks", 1);
    char *longer = apr_pcalloc(pool, 2 * CAREER_REMARK_SIZE);

    (void)state;
    memset(longer, 'x', 2 * CAREER_REMARK_SIZE - 1);
    assert_string_equal(career_counters_remarked(counters, CAREER_REMARK_RULES, pool, NULL), "");
    career_counters_remark(counters, CAREER_REMARK_RULES, "line 3: no");
    career_counters_remark(counters, CAREER_REMARK_KEYS, longer);
    assert_string_equal(career_counters_remarked(counters, CAREER_REMARK_RULES, pool, NULL),
                        "line 3: no");
    assert_int_equal(strlen(career_counters_remarked(counters, CAREER_REMARK_KEYS, pool, NULL)),
                     CAREER_REMARK_SIZE - 1);
    career_counters_remark(counters, CAREER_REMARK_RULES, "");
    assert_string_equal(career_counters_remarked(counters, CAREER_REMARK_RULES, pool, NULL), "");
}

static const char *as_remarked(const char *text)
{
    career_counters *counters = counters_of("characters", 1);

    career_counters_remark(counters, CAREER_REMARK_RULES, text);
    return career_counters_remarked(counters, CAREER_REMARK_RULES, pool, NULL);
}

/* Pages show it as JSON, whatever the encoding of who said it, and wherever it is cut. */
static void test_remarks_of_whole_characters(void **state)
{
    char longer[2 * CAREER_REMARK_SIZE];

    (void)state;
    assert_string_equal(as_remarked("d\xc3\xa9j\xc3\xa0 \xe2\x82\xac"),
                        "d\xc3\xa9j\xc3\xa0 \xe2\x82\xac");
    assert_string_equal(as_remarked("caf\xe9, caf\xc3"), "caf?, caf?");
    for (size_t shift = 0; shift < 3; shift++) {
        const char *kept;

        memset(longer, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof(longer); i += 3)
            memcpy(longer + i, "\xe2\x82\xac", 4);
        kept = as_remarked(longer);
        assert_true(career_utf8_valid(kept, strlen(kept)));
        assert_in_range(strlen(kept), CAREER_REMARK_SIZE - 3, CAREER_REMARK_SIZE - 1);
        assert_null(strchr(kept, '?'));
    }
}

/* ---- the exposition ---- */

static const char *expose(const career_exposed *hosts, size_t count)
{
    career_text text = career_text_make(pool, 1024);

    career_exposition_write(&text, hosts, count);
    return text.data;
}

static void assert_has(const char *text, const char *line)
{
    if (!strstr(text, line))
        fail_msg("no line: %s", line);
}

static void test_exposition(void **state)
{
    career_counters *counters = counters_of("exposition", 1);
    career_reading reading;
    career_exposed hosts[2] = {{"a.example:443", &reading}, {"b\"\\\n", &reading}};
    const char *text;

    (void)state;
    career_count_cell(counters,
                      CAREER_CELL_OF(REQUESTS, CAREER_BY_METHOD_PUT, CODE, CAREER_BY_CODE_201), 3);
    career_observe(counters, REQUEST_SECONDS, CAREER_BY_ACCESS_WRITE, 1500);
    career_observe(counters, REQUEST_SECONDS, CAREER_BY_ACCESS_WRITE, 7000000);
    career_counters_read(counters, &reading);
    reading.cells[CAREER_AT_OUTBOX_OLDEST] = reading.time - 90250000;
    reading.cells[CAREER_AT_RULES_RELOADED] = INT64_C(1700000000000001);
    text = expose(hosts, 2);
    assert_has(text,
               "# HELP career_requests_total Requests that career-profile has answered\n"
               "# TYPE career_requests_total counter\n"
               "career_requests_total{host=\"a.example:443\",method=\"GET\",code=\"200\"} 0\n");
    assert_has(text,
               "\ncareer_requests_total{host=\"a.example:443\",method=\"PUT\",code=\"201\"} 3\n");
    assert_has(text,
               "\ncareer_requests_total{host=\"b\\\"\\\\\\n\",method=\"PUT\",code=\"201\"} 3\n");
    assert_has(text, "\n# TYPE career_request_duration_seconds histogram\n");
    assert_has(text, "_bucket{host=\"a.example:443\",access=\"write\",le=\"0.001\"} 0\n");
    assert_has(text, "_bucket{host=\"a.example:443\",access=\"write\",le=\"0.0025\"} 1\n");
    assert_has(text, "_bucket{host=\"a.example:443\",access=\"write\",le=\"5\"} 1\n");
    assert_has(text, "_bucket{host=\"a.example:443\",access=\"write\",le=\"+Inf\"} 2\n");
    assert_has(text, "_sum{host=\"a.example:443\",access=\"write\"} 7.0015\n");
    assert_has(text, "_count{host=\"a.example:443\",access=\"write\"} 2\n");
    assert_has(text, "\n# TYPE career_database_connections gauge\n");
    assert_has(text, "\ncareer_outbox_oldest_age_seconds{host=\"a.example:443\"} 90.25\n");
    assert_has(text, "\ncareer_keys_age_seconds{host=\"a.example:443\"} 0\n");
    assert_has(
        text,
        "\ncareer_rules_reload_timestamp_seconds{host=\"a.example:443\"} 1700000000.000001\n");
}

/* Every metric comes once, its lines together, and each line is a name, labels and a number. */
static void test_exposition_form(void **state)
{
    career_counters *counters = counters_of("form", 1);
    career_reading reading;
    career_exposed hosts[2] = {{"a", &reading}, {"b", &reading}};
    char *text, *line, *last = NULL;
    unsigned families = 0;
    const char *family = "";

    (void)state;
    career_counters_read(counters, &reading);
    text = apr_pstrdup(pool, expose(hosts, 2));
    assert_int_equal(text[strlen(text) - 1], '\n');
    for (line = apr_strtok(text, "\n", &last); line; line = apr_strtok(NULL, "\n", &last)) {
        if (strncmp(line, "# HELP ", 7) == 0) {
            family = career_metric_describe((career_metric)families++)->name;
            assert_int_equal(strncmp(line + 7, family, strlen(family)), 0);
        } else if (strncmp(line, "# TYPE ", 7) != 0) {
            char *end = strstr(line, "} "), *rest;

            assert_int_equal(strncmp(line, family, strlen(family)), 0);
            assert_non_null(end);
            strtod(end + 2, &rest);
            assert_int_equal(*rest, '\0');
        }
    }
    assert_int_equal(families, CAREER_METRIC_COUNT);
    assert_string_equal(expose(NULL, 0) + strlen(expose(NULL, 0)) - 8, "counter\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_over_processes),
        cmocka_unit_test(test_null_counts_nothing),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_kept_across_restarts),
        cmocka_unit_test(test_live_forgets_the_dead),
        cmocka_unit_test(test_slots_are_used_again),
        cmocka_unit_test(test_more_processes_than_slots),
        cmocka_unit_test(test_leaving),
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_remarks),
        cmocka_unit_test(test_remarks_of_whole_characters),
        cmocka_unit_test(test_exposition),
        cmocka_unit_test(test_exposition_form),
    };

    return UNIT_RUN(tests, pool_begin, pool_end);
}
