/* SPDX-License-Identifier: Apache-2.0 */
/* What store/ makes of the texts of a row: arrays as Postgres writes them, and moments. */
#include "unit.h"

#include "store/decode.h"

/* The array as JSON, NULL when it is none; the text before it stays. */
static const char *decoded(const char *array)
{
    career_text text = career_text_make(pool, 1);

    career_text_add_char(&text, '!');
    if (!career_decode_array(&text, career_slice_of(array))) {
        assert_string_equal(text.data, "!");
        return NULL;
    }
    assert_int_equal(text.data[0], '!');
    return text.data + 1;
}

static void test_arrays(void **state)
{
    (void)state;
    assert_string_equal(decoded("{}"), "[]");
    assert_string_equal(decoded("{a}"), "[\"a\"]");
    assert_string_equal(decoded("{hands-on,peer-learning}"), "[\"hands-on\",\"peer-learning\"]");
    assert_string_equal(decoded("{\"\",\"a b\",\"NULL\",NULL,null}"),
                        "[\"\",\"a b\",\"NULL\",null,null]");
    assert_string_equal(decoded("{NULLS,NUL}"), "[\"NULLS\",\"NUL\"]");
    assert_string_equal(decoded("{\"a,b\",\"{c}\",\"d\\\"e\",\"f\\\\g\"}"),
                        "[\"a,b\",\"{c}\",\"d\\\"e\",\"f\\\\g\"]");
    assert_string_equal(decoded("{\"two\nlines\",\xc3\xbc}"), "[\"two\\nlines\",\"\xc3\xbc\"]");
    assert_string_equal(decoded("{{a,b},{c,d}}"), "[[\"a\",\"b\"],[\"c\",\"d\"]]");
    assert_string_equal(decoded("[0:1]={a,b}"), "[\"a\",\"b\"]");
    assert_string_equal(decoded("[-1:0][2:2]={{a},{b}}"), "[[\"a\"],[\"b\"]]");
}

static void test_no_arrays(void **state)
{
    static const char *const none[] = {
        "",       "a",      "null",     "[1, 2]",     "[\"a\"]",
        "{",      "}",      "{a",       "{a,",        "{a,}",
        "{,a}",   "{,}",    "{a}}",     "{{a}",       "{a}b",
        "{\"a}",  "{\"a\\", "{\"a\"b}", "{a\"b\"}",   "{a\\b}",
        "[0:1]=", "[0:1]",  "[]={a",    "{\"a\": 1}", "{{{{{{{a}}}}}}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
        if (decoded(none[i]))
            fail_msg("taken for an array: %s", none[i]);
}

static int64_t moment(const char *text)
{
    return career_decode_moment(career_slice_of(text));
}

static void test_moments(void **state)
{
    (void)state;
    assert_int_equal(moment("0"), 0);
    assert_int_equal(moment("1709251199.999999"), INT64_C(1709251199999999));
    assert_int_equal(moment("1709251199.5"), INT64_C(1709251199500000));
    assert_int_equal(moment("1709251199"), INT64_C(1709251199000000));
    assert_int_equal(moment("1.1234567"), 1123456);
    assert_int_equal(moment("-1.5"), -1500000);
    assert_int_equal(moment("253402300799"), INT64_C(253402300799000000));
}

static void test_no_moments(void **state)
{
    static const char *const none[] = {"",
                                       "-",
                                       "x",
                                       "1e12",
                                       "1.5x",
                                       "1 ",
                                       "Infinity",
                                       "-Infinity",
                                       "253402300800",
                                       "-62135596801",
                                       "NaN",
                                       "99999999999999999999"};

    (void)state;
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
        if (moment(none[i]) != 0)
            fail_msg("taken for a moment: %s", none[i]);
    assert_int_equal(career_decode_moment((career_slice){NULL, 0}), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_no_arrays),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_no_moments),
    };

    return UNIT_RUN(tests, pool_begin, pool_end);
}
