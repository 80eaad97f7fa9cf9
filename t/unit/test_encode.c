/* SPDX-License-Identifier: Apache-2.0 */
/* What store/ makes of values: array literals, masks, SQLSTATEs; and which connection strings it takes. */
#include "unit.h"

#include <stdlib.h>

#include <apr_strings.h>

#include "store/encode.h"
#include "store/sqlstate.h"
#include "store/store.h"

#define USER "00000000-0000-4000-8000-00000000000a"

static const career_json *json(const char *text)
{
    const char *why = "";
    const career_json *value = career_json_parse_value(pool, text, strlen(text), &why);

    if (!value)
        print_error("%s: %s\n", text, why);
    assert_non_null(value);
    return value;
}

static const char *list(const char *text)
{
    return career_encode_value(pool, CAREER_KIND_TEXT_LIST, json(text));
}

static void test_lists(void **state)
{
    (void)state;
    assert_string_equal(list("[]"), "{}");
    assert_string_equal(list("[\"a\"]"), "{\"a\"}");
    assert_string_equal(list("[\"\",\"\"]"), "{\"\",\"\"}");
    assert_string_equal(list("[\"a,b\",\" c \",\"{d}\",\"NULL\"]"),
                        "{\"a,b\",\" c \",\"{d}\",\"NULL\"}");
    assert_string_equal(list("[\"\\\"\\\\\"]"), "{\"\\\"\\\\\"}");
    assert_string_equal(list("[\"\\\\\\\\\",\"'; DROP\"]"), "{\"\\\\\\\\\",\"'; DROP\"}");
    assert_string_equal(list("[null,\"a\",null]"), "{NULL,\"a\",NULL}");
    assert_string_equal(list("[\"\xc3\xbc\\n\"]"), "{\"\xc3\xbc\n\"}");
}

static void test_values(void **state)
{
    (void)state;
    assert_null(career_encode_value(pool, CAREER_KIND_TEXT, json("null")));
    assert_null(career_encode_value(pool, CAREER_KIND_TEXT_LIST, json("null")));
    assert_null(career_encode_value(pool, CAREER_KIND_TEXT, NULL));
    assert_string_equal(career_encode_value(pool, CAREER_KIND_TEXT, json("\"\"")), "");
    assert_string_equal(career_encode_value(pool, CAREER_KIND_TEXT, json("\"a\\\"b\"")), "a\"b");
    assert_string_equal(
        career_encode_value(pool, CAREER_KIND_RECORD_LIST, json("[{\"skill\":\"C\\\"\"}]")),
        "[{\"skill\":\"C\\\"\"}]");
    /* what the rules should not let through is no crash; the database refuses it */
    assert_string_equal(career_encode_value(pool, CAREER_KIND_TEXT_LIST, json("{\"a\":1}")),
                        "{\"a\":1}");
    assert_string_equal(career_encode_value(pool, CAREER_KIND_TEXT, json("[1]")), "[1]");
}

static void test_changes(void **state)
{
    career_change change = {.any = true};
    const char *const *values;

    (void)state;
    values = career_encode_change(pool, USER, 7, &change);
    assert_string_equal(values[CAREER_PLACE_CURRENT_ROLE_SENT - 1], "f");
    assert_string_equal(values[CAREER_PLACE_BUDGET_SENT - 1], "f");
    assert_string_equal(values[CAREER_PLACE_USER_ID - 1], USER);
    assert_string_equal(values[CAREER_PLACE_VERSION - 1], "7");
    for (int i = 0; i < CAREER_PLACE_EXTRA; i++)
        assert_null(values[i]);

    change.columns[CAREER_COLUMN_CURRENT_ROLE] = json("\"dev\"");
    change.columns[CAREER_COLUMN_TARGET_PATH] = json("null");
    change.extra = json("{\"certifications\":[\"x\"]}");
    values = career_encode_change(pool, USER, INT64_MAX, &change);
    assert_string_equal(values[CAREER_PLACE_CURRENT_ROLE_SENT - 1], "t");
    assert_string_equal(values[CAREER_PLACE_TARGET_PATH_SENT - 1], "t");
    assert_string_equal(values[CAREER_PLACE_BUDGET_SENT - 1], "f");
    assert_string_equal(values[CAREER_PLACE_CURRENT_ROLE - 1], "dev");
    assert_null(values[CAREER_PLACE_TARGET_PATH - 1]);
    assert_string_equal(values[CAREER_PLACE_EXTRA - 1], "{\"certifications\":[\"x\"]}");
    assert_string_equal(values[CAREER_PLACE_VERSION - 1], "9223372036854775807");
}

static const char *const *brief_of(const career_change *change)
{
    static const char *brief[CAREER_PARAMETERS_MAX];

    return career_encode_brief(career_encode_change(pool, USER, 7, change), brief) ? brief : NULL;
}

static void test_brief(void **state)
{
    career_change change = {.extra = NULL};
    const char *const *brief = brief_of(&change);

    (void)state;
    for (int i = 0; i < CAREER_BRIEF_USER_ID - 1; i++)
        assert_null(brief[i]);
    assert_string_equal(brief[CAREER_BRIEF_USER_ID - 1], USER);
    assert_string_equal(brief[CAREER_BRIEF_VERSION - 1], "7");

    change.extra = json("{\"certifications\":[\"x\"]}");
    for (int i = 0; i < CAREER_COLUMN_COUNT; i++)
        if (career_columns[i].kind == CAREER_KIND_TEXT)
            change.columns[i] = json(apr_psprintf(pool, "\"%s\"", career_columns[i].json));
    brief = brief_of(&change);
    assert_string_equal(brief[CAREER_BRIEF_CURRENT_ROLE - 1], "currentRole");
    assert_string_equal(brief[CAREER_BRIEF_COMPANY_SIZE - 1], "companySize");
    assert_string_equal(brief[CAREER_BRIEF_TIMEFRAME - 1], "timeframe");
    assert_string_equal(brief[CAREER_BRIEF_BUDGET - 1], "budget");
    assert_string_equal(brief[CAREER_BRIEF_EXTRA - 1], "{\"certifications\":[\"x\"]}");
}

static void test_not_brief(void **state)
{
    (void)state;
    for (int i = 0; i < CAREER_COLUMN_COUNT; i++) {
        bool text = career_columns[i].kind == CAREER_KIND_TEXT;
        career_change change = {.extra = NULL};

        change.columns[i] = json(text ? "null" : "[]");
        assert_null(brief_of(&change));
    }
}

static void test_sqlstates(void **state)
{
    static const struct {
        const char *code;
        career_error_id id;
        career_sqlstate_action action;
    } rows[] = {
        {"22P02", CAREER_ERROR_VALIDATION_FAILED, CAREER_SQLSTATE_NOTHING},
        {"22021", CAREER_ERROR_VALIDATION_FAILED, CAREER_SQLSTATE_NOTHING},
        {"23502", CAREER_ERROR_VALIDATION_FAILED, CAREER_SQLSTATE_NOTHING},
        {"23514", CAREER_ERROR_VALIDATION_FAILED, CAREER_SQLSTATE_NOTHING},
        {"23503", CAREER_ERROR_CONFLICT, CAREER_SQLSTATE_NOTHING},
        {"23505", CAREER_ERROR_INTERNAL_ERROR, CAREER_SQLSTATE_NOTHING},
        {"42501", CAREER_ERROR_DATABASE_FORBIDDEN, CAREER_SQLSTATE_NOTHING},
        {"42P01", CAREER_ERROR_DATABASE_UNAVAILABLE, CAREER_SQLSTATE_REOPEN},
        {"0A000", CAREER_ERROR_DATABASE_UNAVAILABLE, CAREER_SQLSTATE_REOPEN},
        {"26000", CAREER_ERROR_DATABASE_UNAVAILABLE, CAREER_SQLSTATE_REOPEN},
        {"40001", CAREER_ERROR_DATABASE_UNAVAILABLE, CAREER_SQLSTATE_RETRY},
        {"40P01", CAREER_ERROR_DATABASE_UNAVAILABLE, CAREER_SQLSTATE_RETRY},
        {"25006", CAREER_ERROR_DATABASE_UNAVAILABLE, CAREER_SQLSTATE_CLOSE},
        {"53300", CAREER_ERROR_DATABASE_UNAVAILABLE, CAREER_SQLSTATE_NOTHING},
        {"55P03", CAREER_ERROR_DATABASE_UNAVAILABLE, CAREER_SQLSTATE_NOTHING},
        {"57014", CAREER_ERROR_DATABASE_UNAVAILABLE, CAREER_SQLSTATE_NOTHING},
        {"57P01", CAREER_ERROR_DATABASE_UNAVAILABLE, CAREER_SQLSTATE_CLOSE},
        {"57P03", CAREER_ERROR_DATABASE_UNAVAILABLE, CAREER_SQLSTATE_CLOSE},
        {"08006", CAREER_ERROR_DATABASE_UNAVAILABLE, CAREER_SQLSTATE_CLOSE},
        {"XX000", CAREER_ERROR_INTERNAL_ERROR, CAREER_SQLSTATE_NOTHING},
        {"P0001", CAREER_ERROR_INTERNAL_ERROR, CAREER_SQLSTATE_NOTHING},
        {"", CAREER_ERROR_INTERNAL_ERROR, CAREER_SQLSTATE_NOTHING},
        {NULL, CAREER_ERROR_INTERNAL_ERROR, CAREER_SQLSTATE_NOTHING},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const career_sqlstate_info *info = career_sqlstate_describe(rows[i].code);

        if (info->id != rows[i].id || info->action != rows[i].action)
            print_error("SQLSTATE %s\n", rows[i].code);
        assert_int_equal(info->id, rows[i].id);
        assert_int_equal(info->action, rows[i].action);
    }
    assert_false(career_sqlstate_describe("22P02")->quotable);
    assert_false(career_sqlstate_describe("23514")->quotable);
    assert_true(career_sqlstate_describe("42P01")->quotable);
}

static void test_conninfo(void **state)
{
    static const char *const good[] = {
        "host=/run/postgresql dbname=career user=career password='it\\'s a secret'",
        "",
        "postgresql://career:s3cret@db.example/career?sslmode=require",
        "postgresql://a,b:5433,c/career?target_session_attrs=read-write",
        "host=a,b,c port=5432 target_session_attrs=prefer-standby",
        "host=a,b port=5432,5433",
    };
    static const char *const bad[] = {
        "host",
        "host=a password=blank s3cret",
        "host=a password='s3cret",
        "host=a s3cret=1",
        "postgresql://career:s3cret@db:port:port/career",
        "postgresql://a/career?s3cret=1",
        "host=a,b,c port=1,2",
        "host=a,b hostaddr=127.0.0.1",
        "host=a target_session_attrs=s3cret",
        "host=a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        assert_null(career_store_check_conninfo(pool, good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        const char *why = career_store_check_conninfo(pool, bad[i]);

        if (!why)
            print_error("accepted: %s\n", bad[i]);
        assert_non_null(why);
        assert_null(strstr(why, "s3cret"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),     cmocka_unit_test(test_values),
        cmocka_unit_test(test_changes),   cmocka_unit_test(test_brief),
        cmocka_unit_test(test_not_brief), cmocka_unit_test(test_sqlstates),
        cmocka_unit_test(test_conninfo),
    };

    return UNIT_RUN(tests, pool_begin, pool_end);
}
