/* SPDX-License-Identifier: Apache-2.0 */
/* Growing texts, slices, digests; errors and violations; lines for the log. */
#include "unit.h"

#include <stdio.h>

#include <apr_strings.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"

static void test_grow(void **state)
{
    (void)state;
    for (size_t room = 0; room < 10; room++) {
        career_text text = career_text_make(pool, room);

        assert_string_equal(text.data, "");
        for (size_t i = 0; i < 1000; i++) {
            career_text_add_char(&text, (char)('a' + i % 26));
            assert_int_equal(text.len, i + 1);
            assert_int_equal(text.data[i + 1], '\0');
        }
        for (size_t i = 0; i < 1000; i++)
            assert_int_equal(text.data[i], 'a' + i % 26);
    }
}

static void test_add(void **state)
{
    career_text text = career_text_make(pool, 3);

    (void)state;
    career_text_add(&text, NULL, 0);
    career_text_add_slice(&text, (career_slice){NULL, 0});
    career_text_add_slice(&text, CAREER_SLICE("ab\0c"));
    assert_int_equal(text.len, 4);
    assert_memory_equal(text.data, "ab\0c", 5);
    career_text_add_string(&text, "-");
    career_text_add_integer(&text, INT64_MIN);
    career_text_add_integer(&text, INT64_MAX);
    career_text_add_integer(&text, 0);
    assert_string_equal(text.data + 4, "--922337203685477580892233720368547758070");
    assert_ptr_equal(career_text_slice(&text).data, text.data);
    assert_int_equal(career_text_slice(&text).len, text.len);
}

static void test_format(void **state)
{
    career_text text = career_text_make(pool, 0);
    char *long_one = apr_palloc(pool, 10001);

    (void)state;
    memset(long_one, 'x', 10000);
    long_one[10000] = '\0';
    career_text_add_format(&text, "%s=%d;", "a", 7);
    career_text_add_format(&text, "%s", long_one);
    assert_int_equal(text.len, 10004);
    assert_memory_equal(text.data, "a=7;x", 5);
}

static void test_large(void **state)
{
    career_text text = career_text_make(pool, 1);
    char *block = apr_pcalloc(pool, 1 << 20);

    (void)state;
    memset(block, 'y', 1 << 20);
    for (int i = 0; i < 3; i++)
        career_text_add(&text, block, 1 << 20);
    assert_int_equal(text.len, 3 << 20);
    assert_int_equal(text.data[(3 << 20) - 1], 'y');
}

static void test_slices(void **state)
{
    (void)state;
    assert_true(career_slice_equal(CAREER_SLICE("a"), career_slice_of("a")));
    assert_true(career_slice_equal(CAREER_SLICE(""), career_slice_of(NULL)));
    assert_false(career_slice_equal(CAREER_SLICE("a"), CAREER_SLICE("ab")));
    assert_false(career_slice_equal(CAREER_SLICE("a\0b"), CAREER_SLICE("a\0c")));
    assert_null(career_slice_of(NULL).data);
    assert_int_equal(CAREER_SLICE("a\0b").len, 3);
}

static void test_digest(void **state)
{
    const career_slice one[] = {CAREER_SLICE("abc")};
    const career_slice split[] = {CAREER_SLICE("a"), CAREER_SLICE("bc")};
    const career_slice other_split[] = {CAREER_SLICE("ab"), CAREER_SLICE("c")};
    const career_slice none[] = {{NULL, 0}}, empty[] = {{"", 0}};
    const char *digest = career_text_digest(pool, one, 1);

    (void)state;
    assert_string_equal(digest, "7ac1b65bee717261fd2b947f0cc5ef99c55f3c18"); /* of "3:abc" */
    assert_int_equal(strlen(digest), 40);
    assert_int_equal(strspn(digest, "0123456789abcdef"), 40);
    assert_string_equal(digest, career_text_digest(pool, one, 1));
    assert_string_not_equal(digest, career_text_digest(pool, split, 2));
    assert_string_not_equal(career_text_digest(pool, split, 2),
                            career_text_digest(pool, other_split, 2));
    assert_string_not_equal(career_text_digest(pool, empty, 1), career_text_digest(pool, empty, 0));
    assert_string_equal(career_text_digest(pool, none, 1), career_text_digest(pool, empty, 1));
}

/* ------------------------------------------------------------------------------ errors */

static bool is_machine_code(const char *code)
{
    return *code && strspn(code, "abcdefghijklmnopqrstuvwxyz_") == strlen(code);
}

static void test_error_table(void **state)
{
    (void)state;
    for (int i = 0; i < CAREER_ERROR_COUNT; i++) {
        const career_error_info *info = career_error_describe((career_error_id)i);

        assert_in_range(info->status, 400, 599);
        assert_true(is_machine_code(info->code));
        assert_true(*info->text && *info->when && *info->name);
        for (int k = 0; k < i; k++) {
            const career_error_info *other = career_error_describe((career_error_id)k);

            if (strcmp(info->code, other->code) != 0)
                continue;
            /* two causes that the client need not tell apart: it sees one and the same */
            assert_int_equal(info->status, other->status);
            assert_string_equal(info->text, other->text);
        }
        if (info->status == 401)
            assert_string_equal(info->text, "Authentication required");
    }
}

static void test_error_make(void **state)
{
    career_error *away = career_error_make(pool, CAREER_ERROR_OVERLOADED, "queue of %d", 3);
    career_error *broken = career_error_make(pool, CAREER_ERROR_INTERNAL_ERROR, "%s", "100%s");

    (void)state;
    assert_string_equal(away->cause, "queue of 3");
    assert_int_equal(away->retry_after, 1);
    assert_null(away->message);
    assert_null(away->details);
    assert_string_equal(broken->cause, "100%s");
    assert_int_equal(broken->retry_after, 0);
}

static void test_violations(void **state)
{
    static const char *const allowed[] = {"a", "b", NULL};
    career_violations *list = career_violations_make(pool);
    char name[32];

    (void)state;
    assert_int_equal(list->count, 0);
    for (int i = 0; i < CAREER_VIOLATIONS_MAX + 7; i++) {
        snprintf(name, sizeof(name), "list[%d]", i);
        career_violations_add(list, name, "not_allowed", allowed, "item %d", i);
    }
    assert_int_equal(list->count, CAREER_VIOLATIONS_MAX);
    assert_int_equal(list->omitted, 7);
    assert_string_equal(list->items[3].field, "list[3]"); /* was copied */
    assert_string_equal(list->items[99].message, "item 99");
    assert_ptr_equal(list->items[0].allowed, allowed);
}

/* ------------------------------------------------------------------------------ log */

static struct {
    int lines;
    career_log_level level;
    char last[2048];
} said;

static void sink(void *context, career_log_level level, const char *line)
{
    assert_ptr_equal(context, &said);
    said.lines++;
    said.level = level;
    apr_cpystrn(said.last, line, sizeof(said.last));
}

static void test_log_line(void **state)
{
    career_log log = {.sink = sink, .context = &said};

    (void)state;
    memset(&said, 0, sizeof(said));
    career_log_say(&log, CAREER_LOG_DATABASE_DOWN, "host %s", "a\nb\x1b[31m");
    assert_int_equal(said.lines, 1);
    assert_int_equal(said.level, CAREER_LEVEL_ERROR);
    assert_ptr_equal(strstr(said.last, "CAREER0301: "), said.last);
    assert_non_null(strstr(said.last, "host a\\x0ab\\x1b[31m; "));
    career_log_say(NULL, CAREER_LOG_DATABASE_DOWN, "silent");
}

/* One line for a tag, however often it is said; another tag is another matter. */
static void test_log_pause(void **state)
{
    career_log log = {.sink = sink, .context = &said};

    (void)state;
    memset(&said, 0, sizeof(said));
    for (int i = 0; i < 100; i++)
        career_log_say(&log, CAREER_LOG_REDIS_DOWN, "again");
    assert_int_equal(said.lines, 1);
    career_log_say(&log, CAREER_LOG_REDIS_REFUSED, "other");
    assert_int_equal(said.lines, 2);
    atomic_store(&log.tags[CAREER_LOG_REDIS_DOWN].last, career_clock_now() - CAREER_LOG_PAUSE);
    career_log_say(&log, CAREER_LOG_REDIS_DOWN, "again");
    assert_int_equal(said.lines, 3);
    assert_non_null(strstr(said.last, "(99 more held back)"));
}

static void test_log_long(void **state)
{
    career_log log = {.sink = sink, .context = &said};
    char *cause = apr_palloc(pool, 10001);

    (void)state;
    memset(cause, '\n', 10000); /* grows fourfold when escaped */
    cause[10000] = '\0';
    career_log_say(&log, CAREER_LOG_RULES_REJECTED, "%s", cause);
    assert_true(strlen(said.last) < 1024);
    assert_null(strchr(said.last, '\n'));
    assert_non_null(strstr(said.last, career_log_describe(CAREER_LOG_RULES_REJECTED)->cure));
}

static void test_log_numbers(void **state)
{
    (void)state;
    for (int i = 0; i < CAREER_LOG_TAG_COUNT; i++)
        for (int k = 0; k < i; k++)
            assert_int_not_equal(career_log_describe((career_log_tag)i)->number,
                                 career_log_describe((career_log_tag)k)->number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_grow),        POOL_TEST(test_add),        POOL_TEST(test_format),
        POOL_TEST(test_large),       POOL_TEST(test_slices),     POOL_TEST(test_digest),
        POOL_TEST(test_error_table), POOL_TEST(test_error_make), POOL_TEST(test_violations),
        POOL_TEST(test_log_line),    POOL_TEST(test_log_pause),  POOL_TEST(test_log_long),
        POOL_TEST(test_log_numbers),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
