/* SPDX-License-Identifier: Apache-2.0 */
/* Errands laid aside for a later pass: what comes back is what was put there, in time, and once for each user. */
#include "unit.h"

#include "cache/agenda.h"

#define ROOM 8
#define ALICE "aaaaaaaa-0000-4000-8000-000000000001"
#define BOB "bbbbbbbb-0000-4000-8000-000000000002"
/* Due moments are rounded up by less than this. */
#define LATE (CAREER_SECOND / 10)

static career_agenda *agenda;

static int agenda_begin(void **state)
{
    (void)state;
    agenda = career_agenda_make(ROOM);
    return agenda ? 0 : -1;
}

static int agenda_end(void **state)
{
    (void)state;
    career_agenda_free(agenda);
    return 0;
}

#define AGENDA_TEST(name) cmocka_unit_test_setup_teardown(name, agenda_begin, agenda_end)

static career_target target(career_target_kind kind, const char *text)
{
    return (career_target){kind, career_slice_of(text)};
}

static career_errand *errand_of(const char *user_id, int64_t version, const career_target *items,
                                size_t count)
{
    career_targets targets = {count, items};
    career_errand *errand = career_errand_make(CAREER_ERRAND_CLEAR, user_id, version, &targets);

    assert_non_null(errand);
    return errand;
}

/* An errand with one key, until then. */
static void push_key(const char *user_id, int64_t version, const char *key, career_moment due)
{
    career_target item = target(CAREER_TARGET_KEY, key);

    assert_true(career_agenda_push(agenda, errand_of(user_id, version, &item, 1), due));
}

static void assert_pops(const char *user_id, int64_t version, career_moment now)
{
    career_errand *errand = career_agenda_pop(agenda, now);

    assert_non_null(errand);
    assert_string_equal(errand->user_id, user_id);
    assert_int_equal(errand->version, version);
    career_job_release(&errand->base);
}

static void assert_text(career_slice text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.data, expected, text.len);
}

static void test_comes_back_whole(void **state)
{
    const career_target items[] = {
        target(CAREER_TARGET_GLOB, "seen:" ALICE ":*"),    target(CAREER_TARGET_KEY, ALICE),
        target(CAREER_TARGET_SET, "index:" ALICE),         target(CAREER_TARGET_BUMP, "generation"),
        target(CAREER_TARGET_KEY, "a:" ALICE ":b:" ALICE), target(CAREER_TARGET_KEY, "plain")};
    career_errand *errand = errand_of(ALICE, 7, items, 6), *back;

    (void)state;
    errand->again = true;
    errand->attempts = 3;
    errand->leased = 40 * CAREER_SECOND;
    errand->settled = 50 * CAREER_SECOND;
    assert_true(career_agenda_push(agenda, errand, CAREER_SECOND));
    back = career_agenda_pop(agenda, CAREER_SECOND + LATE);
    assert_non_null(back);
    assert_int_equal(back->kind, CAREER_ERRAND_CLEAR);
    assert_string_equal(back->user_id, ALICE);
    assert_int_equal(back->version, 7);
    assert_true(back->again);
    assert_int_equal(back->attempts, 3);
    assert_int_equal(back->leased, 40 * CAREER_SECOND);
    assert_int_equal(back->settled, 50 * CAREER_SECOND);
    assert_int_equal(back->keys, 3);
    assert_text(back->items[0], ALICE);
    assert_text(back->items[1], "a:" ALICE ":b:" ALICE);
    assert_text(back->items[2], "plain");
    assert_int_equal(back->bumps, 1);
    assert_text(career_errand_bumps(back)[0], "generation");
    assert_int_equal(back->sets, 1);
    assert_text(career_errand_sets(back)[0], "index:" ALICE);
    assert_int_equal(back->globs, 1);
    assert_text(career_errand_globs(back)[0], "seen:" ALICE ":*");
    career_job_release(&back->base);
}

static void test_order(void **state)
{
    (void)state;
    assert_int_equal(career_agenda_due(agenda), CAREER_NEVER);
    push_key(ALICE, 1, "a", 30 * CAREER_SECOND);
    push_key(BOB, 2, "b", 10 * CAREER_SECOND);
    push_key(BOB, 3, "c", 20 * CAREER_SECOND);
    assert_true(career_agenda_due(agenda) >= 10 * CAREER_SECOND);
    assert_null(career_agenda_pop(agenda, 10 * CAREER_SECOND - LATE));
    assert_pops(BOB, 2, 20 * CAREER_SECOND + LATE);
    assert_pops(BOB, 3, 20 * CAREER_SECOND + LATE);
    assert_null(career_agenda_pop(agenda, 20 * CAREER_SECOND + LATE));
    assert_pops(ALICE, 1, 30 * CAREER_SECOND + LATE);
    assert_int_equal(career_agenda_count(agenda), 0);
}

static void test_newer_takes_the_place(void **state)
{
    (void)state;
    push_key(ALICE, 1, "same", CAREER_SECOND);
    push_key(BOB, 2, "same", CAREER_SECOND); /* another's */
    push_key(ALICE, 3, "same", 2 * CAREER_SECOND);
    assert_pops(BOB, 2, CAREER_SECOND + LATE);
    assert_null(career_agenda_pop(agenda, CAREER_SECOND + LATE));
    assert_pops(ALICE, 3, 2 * CAREER_SECOND + LATE);
}

/* Targets that name values of the profile differ from version to version. */
static void test_other_targets_stay(void **state)
{
    const career_target set = target(CAREER_TARGET_SET, "one"), twice[] = {set, set};

    (void)state;
    push_key(ALICE, 1, "one", CAREER_SECOND);
    push_key(ALICE, 2, "two", CAREER_SECOND);
    push_key(ALICE, 3, ALICE, CAREER_SECOND);
    push_key(ALICE, 4, "x" ALICE, CAREER_SECOND);
    push_key(ALICE, 5, ALICE "x", CAREER_SECOND);
    push_key(ALICE, 6, "x", CAREER_SECOND);
    assert_true(career_agenda_push(agenda, errand_of(ALICE, 7, &set, 1), CAREER_SECOND));
    assert_true(career_agenda_push(agenda, errand_of(ALICE, 8, twice, 2), CAREER_SECOND));
    assert_true(career_agenda_is_full(agenda));
    for (size_t left = ROOM; left; left--) {
        career_errand *errand = career_agenda_pop(agenda, CAREER_SECOND + LATE);

        assert_non_null(errand);
        career_job_release(&errand->base);
    }
}

static void test_holds(void **state)
{
    career_target item = target(CAREER_TARGET_KEY, "k");
    career_errand *older = errand_of(ALICE, 4, &item, 1), *newer = errand_of(ALICE, 6, &item, 1),
                  *another = errand_of(BOB, 4, &item, 1);

    (void)state;
    push_key(ALICE, 5, "k", CAREER_SECOND);
    assert_true(career_agenda_holds(agenda, older));
    assert_false(career_agenda_holds(agenda, newer));
    assert_false(career_agenda_holds(agenda, another));
    career_job_release(&older->base);
    career_job_release(&newer->base);
    career_job_release(&another->base);
}

/* What a sanitizer would tell. */
static void test_goes_with_what_is_on_it(void **state)
{
    (void)state;
    push_key(ALICE, 1, "a", CAREER_SECOND);
    push_key(BOB, 2, "b", CAREER_SECOND);
    assert_int_equal(career_agenda_count(agenda), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {AGENDA_TEST(test_comes_back_whole),
                                       AGENDA_TEST(test_order),
                                       AGENDA_TEST(test_newer_takes_the_place),
                                       AGENDA_TEST(test_other_targets_stay),
                                       AGENDA_TEST(test_holds),
                                       AGENDA_TEST(test_goes_with_what_is_on_it)};

    return UNIT_RUN(tests, NULL, NULL);
}
