/* SPDX-License-Identifier: Apache-2.0 */
/* What profile/ promises: rows to documents, merges, changes, and the JSON that clients read. */
#include "unit.h"

#include <stdlib.h>

#include <apr_strings.h>

#include "profile/profile.h"

#define USER "00000000-0000-4000-8000-00000000000a"

/* A layout as the rules make them: some built-in fields, then two of the operator's own by name. */
enum { ROLE, COMPANY, SIZE, SKILLS, TAGS, CERTIFICATES, REMOTE, FIELDS };

static career_field fields[FIELDS];
static const career_layout layout = {FIELDS, fields, "0123abcd"};

static const career_json *json(const char *text)
{
    const char *why = "";
    const career_json *value = career_json_parse_value(pool, text, strlen(text), &why);

    if (!value)
        print_error("%s: %s\n", text, why);
    assert_non_null(value);
    return value;
}

static const char *compact(const career_json *value)
{
    career_text text = career_text_make(pool, 16);

    career_json_write(&text, value);
    return text.data;
}

static career_field field(const char *name, career_column column, const career_json *fallback)
{
    return career_field_make(pool, career_slice_of(name), column, fallback);
}

static int set_up(void **state)
{
    if (pool_begin(state) != 0)
        return -1;
    fields[ROLE] = field("currentRole", CAREER_COLUMN_CURRENT_ROLE, &career_json_null);
    fields[COMPANY] = field("companyName", CAREER_COLUMN_COMPANY_NAME, &career_json_null);
    fields[SIZE] = field("companySize", CAREER_COLUMN_COMPANY_SIZE, json("\"small\""));
    fields[SKILLS] = field("primarySkills", CAREER_COLUMN_PRIMARY_SKILLS, &career_json_empty_array);
    fields[TAGS] = field("skillTags", CAREER_COLUMN_SKILL_TAGS, &career_json_empty_array);
    fields[CERTIFICATES] = field("certificates", CAREER_COLUMN_EXTRA, &career_json_empty_array);
    fields[REMOTE] = field("remote", CAREER_COLUMN_EXTRA, &career_json_true);
    return 0;
}

/* Exactly as long as its text, on the pool, without a NUL behind it. */
static career_slice bare(const char *text)
{
    size_t len = text ? strlen(text) : 0;

    return (career_slice){text ? apr_pmemdup(pool, text, len) : NULL, len};
}

static career_row row_of(const char *role, const char *size, const char *skills, const char *tags,
                         const char *extra)
{
    career_row row = {.user_id = USER, .version = 42, .extra = bare(extra)};

    row.updated_at = INT64_C(1709251199999999);
    row.columns[CAREER_COLUMN_CURRENT_ROLE] = bare(role);
    row.columns[CAREER_COLUMN_COMPANY_SIZE] = bare(size);
    row.columns[CAREER_COLUMN_PRIMARY_SKILLS] = bare(skills);
    row.columns[CAREER_COLUMN_SKILL_TAGS] = bare(tags);
    return row;
}

static const career_document *read_row(career_row row)
{
    const career_document *document = NULL;

    assert_null(career_document_read(pool, &layout, &row, &document));
    assert_non_null(document);
    return document;
}

static const char *written(career_row row)
{
    career_text text = career_text_make(pool, 0);

    career_row_write(&text, &layout, &row);
    return text.data;
}

static const char *document_text(const career_document *document)
{
    return compact(career_document_json(pool, document));
}

/* ------------------------------------------------------------------------------ columns */

static void test_columns(void **state)
{
    (void)state;
    assert_int_equal(career_column_find(CAREER_SLICE("currentRole")), CAREER_COLUMN_CURRENT_ROLE);
    assert_int_equal(career_column_find(CAREER_SLICE("current_role")), CAREER_COLUMN_EXTRA);
    assert_int_equal(career_column_find(CAREER_SLICE("")), CAREER_COLUMN_EXTRA);
    assert_true(career_field_is_read_only(CAREER_SLICE("userId")));
    assert_true(career_field_is_read_only(CAREER_SLICE("profileId")));
    assert_true(career_field_is_read_only(CAREER_SLICE("lastUpdated")));
    assert_false(career_field_is_read_only(CAREER_SLICE("lastUpdate")));
    for (int i = 0; i < CAREER_COLUMN_COUNT; i++)
        assert_int_equal(career_column_find(career_slice_of(career_columns[i].json)), i);
}

static void test_layout_find(void **state)
{
    (void)state;
    for (int i = 0; i < FIELDS; i++)
        assert_int_equal(career_layout_find(&layout, fields[i].name), i);
    assert_int_equal(career_layout_find(&layout, CAREER_SLICE("industry")), -1);
    assert_int_equal(career_layout_find(&layout, CAREER_SLICE("remot")), -1);
    assert_int_equal(career_layout_find(&layout, CAREER_SLICE("remote\0")), -1);
    assert_int_equal(career_layout_find(&layout, CAREER_SLICE("")), -1);
}

static void test_tag(void **state)
{
    career_row row = {.version = INT64_MAX};

    (void)state;
    assert_string_equal(career_row_tag(pool, &layout, &row), "9223372036854775807-0123abcd");
}

/* ------------------------------------------------------------------------------ reading */

static void test_read(void **state)
{
    const career_document *document =
        read_row(row_of("\"Developer\"", "\"large\"", "[\"C\", \"Lua\"]", "[{\"skill\": \"C\"}]",
                        "{\"remote\": false, \"undeclared\": 1, \"certificates\": [\"a\"]}"));

    (void)state;
    assert_string_equal(
        document_text(document),
        "{\"currentRole\":\"Developer\",\"companyName\":null,\"companySize\":\"large\","
        "\"primarySkills\":[\"C\",\"Lua\"],\"skillTags\":[{\"skill\":\"C\"}],"
        "\"certificates\":[\"a\"],\"remote\":false}");
    for (int i = 0; i < FIELDS; i++) {
        assert_int_equal(career_document_lacks(document, i), i == COMPANY);
        assert_false(document->sent[i]);
    }
}

/* What is null, in the column or in the JSON, is the fallback itself. */
static void test_read_absent(void **state)
{
    const career_document *documents[] = {
        read_row(row_of(NULL, NULL, NULL, NULL, NULL)),
        read_row(row_of("null", "null", "null", "null", "null")),
        read_row(row_of(NULL, NULL, NULL, NULL, "{\"remote\": null, \"certificates\": null}")),
        read_row(row_of(NULL, NULL, NULL, NULL, "[1]")),
    };

    (void)state;
    for (size_t d = 0; d < sizeof(documents) / sizeof(*documents); d++)
        for (int i = 0; i < FIELDS; i++) {
            assert_ptr_equal(documents[d]->values[i], fields[i].fallback);
            assert_true(career_document_lacks(documents[d], i));
        }
}

/* A stored value that equals the default is there all the same, be it made of the same constant. */
static void test_read_equal_to_default(void **state)
{
    const career_document *document =
        read_row(row_of("\"x\"", "\"small\"", "[]", "[]", "{\"remote\":true,\"certificates\":[]}"));

    (void)state;
    for (int i = 0; i < FIELDS; i++)
        assert_int_equal(career_document_lacks(document, i), i == COMPANY);
    assert_true(career_json_equal(document->values[REMOTE], &career_json_true));
}

static void test_read_no_list(void **state)
{
    static const char *const odd[] = {"{}", "\"text\"", "7", "false", "{\"a\": [1]}"};

    (void)state;
    fields[SKILLS] = field("primarySkills", CAREER_COLUMN_PRIMARY_SKILLS, json("[\"default\"]"));
    for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
        career_row row = row_of("\"x\"", NULL, odd[i], odd[i], NULL);

        assert_string_equal(compact(read_row(row)->values[TAGS]), "[]");
        assert_string_equal(compact(read_row(row)->values[SKILLS]), "[]");
        assert_non_null(strstr(written(row), "\"primarySkills\":[],\"skillTags\":[],"));
    }
}

/* Postgres writes out what a client sent as 1e19 and 1e300: it must not lock anybody out of their profile. */
static void test_read_large_numbers(void **state)
{
    const char *large = apr_psprintf(pool, "1%0300d", 0);
    const char *list =
        apr_psprintf(pool, "[{\"order\": 10000000000000000000}, {\"order\": %s}]", large);
    career_row row = row_of("\"x\"", NULL, NULL, list,
                            "{\"certificates\": [12345678901234567168, -1e19], \"remote\": false}");
    const career_document *document = read_row(row);
    career_violations *violations = career_violations_make(pool);

    (void)state;
    assert_string_equal(compact(document->values[TAGS]), "[{\"order\":1e+19},{\"order\":1e+300}]");
    assert_non_null(
        strstr(written(row), "\"certificates\":[12345678901234567168,-1e+19],\"remote\":false"));
    /* and what was shown can be sent back */
    assert_false(career_change_between(
                     pool, document,
                     career_document_merge(pool, &layout, document, json(written(row)), violations))
                     ->any);
    assert_int_equal(violations->count, 0);
}

static void assert_unreadable(career_row row)
{
    const career_document *document = NULL;
    career_error *error = career_document_read(pool, &layout, &row, &document);

    assert_non_null(error);
    assert_int_equal(error->id, CAREER_ERROR_INTERNAL_ERROR);
    assert_null(strstr(error->cause, "secret")); /* what is stored is nobody's business in a log */
    assert_null(document);
}

static void test_read_broken(void **state)
{
    (void)state;
    assert_unreadable(row_of("secret", NULL, NULL, NULL, NULL));
    assert_unreadable(row_of("", NULL, NULL, NULL, NULL));
    assert_unreadable(row_of(NULL, NULL, "[\"secret\"", NULL, NULL));
    assert_unreadable(row_of(NULL, NULL, NULL, NULL, "{\"secret\":}"));
    assert_unreadable(row_of(NULL, NULL, NULL, "[\"secret\xff\"]", NULL));
}

/* Without fields of the operator's own nobody looks into "extra". */
static void test_read_without_own_fields(void **state)
{
    const career_layout built_in = {CERTIFICATES, fields, "x"};
    const career_document *document = NULL;
    career_row row = row_of("\"x\"", NULL, NULL, NULL, "broken");

    (void)state;
    assert_null(career_document_read(pool, &built_in, &row, &document));
    assert_string_equal(compact(document->values[ROLE]), "\"x\"");
}

/* What a row holds as before is shared, and only that. */
static void test_reread(void **state)
{
    const career_row before =
        row_of("\"x\"", NULL, "[\"C\"]", "[{\"skill\":\"C\"}]", "{\"remote\":false}");
    const career_document *previous = read_row(before), *again, *whole;
    const career_row rows[] = {
        before,
        row_of("\"y\"", NULL, "[\"C\"]", "[{\"skill\":\"C\"}]", "{\"remote\":false}"),
        row_of("\"x\"", "\"large\"", "[\"C\",\"D\"]", NULL, "{\"remote\":false}"),
        row_of(NULL, NULL, NULL, "[{\"skill\":\"D\"}]", "{\"remote\":true}"),
        row_of("\"x\"", NULL, "[\"C\"]", "[{\"skill\":\"C\"}]", NULL),
    };

    (void)state;
    for (size_t n = 0; n < sizeof(rows) / sizeof(*rows); n++) {
        whole = read_row(rows[n]);
        assert_null(career_document_reread(pool, &layout, &rows[n], &before, previous, &again));
        for (size_t i = 0; i < layout.count; i++) {
            assert_string_equal(compact(again->values[i]), compact(whole->values[i]));
            assert_int_equal(career_document_lacks(again, i), career_document_lacks(whole, i));
            if (n < 3 || layout.fields[i].column != CAREER_COLUMN_EXTRA)
                assert_int_equal(again->values[i] == previous->values[i],
                                 career_json_equal(whole->values[i], previous->values[i]));
        }
        assert_ptr_equal(again->layout, &layout);
    }
    assert_null(career_document_reread(pool, &layout, &before, NULL, NULL, &again));
    assert_true(again->values[ROLE] != previous->values[ROLE]);
}

/* ------------------------------------------------------------------------------ merging */

static career_document *merge(const career_document *previous, const char *body,
                              career_violations **violations)
{
    *violations = career_violations_make(pool);
    return career_document_merge(pool, &layout, previous, json(body), *violations);
}

static void test_merge(void **state)
{
    const career_document *previous = read_row(row_of("\"x\"", "\"large\"", "[\"C\",\"Lua\"]",
                                                      "[{\"skill\":\"C\"}]", "{\"remote\":false}"));
    career_violations *violations;
    career_document *merged = merge(
        previous, "{\"primarySkills\":[\"Go\"],\"companySize\":null,\"remote\":null}", &violations);

    (void)state;
    assert_int_equal(violations->count, 0);
    assert_string_equal(document_text(merged),
                        "{\"currentRole\":\"x\",\"companyName\":null,\"companySize\":\"small\","
                        "\"primarySkills\":[\"Go\"],\"skillTags\":[{\"skill\":\"C\"}],"
                        "\"certificates\":[],\"remote\":true}");
    assert_true(merged->sent[SKILLS] && merged->sent[SIZE] && merged->sent[REMOTE]);
    assert_false(merged->sent[ROLE] || merged->sent[TAGS] || merged->sent[CERTIFICATES]);
    assert_ptr_equal(merged->values[SIZE], fields[SIZE].fallback);
    assert_ptr_equal(merged->values[REMOTE], fields[REMOTE].fallback);
    assert_ptr_equal(merged->values[TAGS], previous->values[TAGS]);
    assert_string_equal(compact(previous->values[SKILLS]), "[\"C\",\"Lua\"]"); /* untouched */
}

static void test_merge_new(void **state)
{
    career_violations *violations;
    career_document *merged =
        merge(NULL, "{\"currentRole\":\"x\",\"remote\":true,\"skillTags\":[]}", &violations);

    (void)state;
    assert_int_equal(violations->count, 0);
    assert_false(career_document_lacks(merged, ROLE));
    assert_false(career_document_lacks(merged, REMOTE)); /* sent, though it equals the default */
    assert_false(career_document_lacks(merged, TAGS));
    assert_true(career_document_lacks(merged, SIZE));
    assert_true(career_document_lacks(merged, CERTIFICATES));
}

/* Nothing is merged inside a value: a list replaces, an object of the client's does too. */
static void test_merge_is_flat(void **state)
{
    const career_document *previous =
        read_row(row_of("\"x\"", NULL, NULL, "[{\"skill\":\"C\",\"order\":1}]", NULL));
    career_violations *violations;
    career_document *merged = merge(
        previous, "{\"skillTags\":[{\"skill\":null}],\"certificates\":{\"a\":null}}", &violations);

    (void)state;
    assert_string_equal(compact(merged->values[TAGS]), "[{\"skill\":null}]");
    assert_string_equal(compact(merged->values[CERTIFICATES]), "{\"a\":null}");
}

static void test_merge_names(void **state)
{
    career_violations *violations;
    career_document *merged =
        merge(NULL,
              "{\"userId\":\"other\",\"profileId\":7,\"lastUpdated\":null,\"current_role\":\"x\","
              "\"__proto__\":{},\"industry\":\"known, but not declared\",\"\":1}",
              &violations);

    (void)state;
    assert_int_equal(violations->count, 4);
    assert_string_equal(violations->items[0].field, "current_role");
    assert_string_equal(violations->items[1].field, "__proto__");
    assert_string_equal(violations->items[2].field, "industry");
    assert_string_equal(violations->items[3].field, "");
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(violations->items[i].code, "unknown_field");
        assert_true(*violations->items[i].message);
        assert_null(violations->items[i].allowed);
    }
    for (int i = 0; i < FIELDS; i++)
        assert_false(merged->sent[i]);
}

static const char *refused_name(const char *name)
{
    career_text body = career_text_make(pool, 64);
    career_violations *violations;

    career_text_add_char(&body, '{');
    career_json_write_string(&body, name, strlen(name));
    career_text_add_string(&body, ":1}");
    merge(NULL, body.data, &violations);
    assert_int_equal(violations->count, 1);
    return violations->items[0].field;
}

static void test_merge_odd_names(void **state)
{
    char *long_name = apr_palloc(pool, 5001);
    const char *shown;

    (void)state;
    assert_string_equal(refused_name("a\nb\x7f\x01"), "a\\u000ab\\u007f\\u0001");
    assert_string_equal(refused_name("\xc3\xa9\xe2\x82\xac"), "\xc3\xa9\xe2\x82\xac");
    for (int shift = 0; shift < 4; shift++) {
        memset(long_name, 'a', 4);
        for (int i = shift; i + 4 <= 5000; i += 4)
            memcpy(long_name + i, "\xf0\x9f\x98\x80", 4);
        long_name[shift + 4000] = '\0';
        shown = refused_name(long_name);
        assert_true(career_utf8_valid(shown, strlen(shown)));
        assert_true(strlen(shown) <= 203 && strlen(shown) >= 190);
    }
}

static void test_merge_many_unknown(void **state)
{
    career_text body = career_text_make(pool, 64);
    career_violations *violations;

    (void)state;
    for (int i = 0; i < 5000; i++)
        career_text_add_format(&body, "%c\"k%d\":%d", i ? ',' : '{', i, i);
    career_text_add_char(&body, '}');
    merge(NULL, body.data, &violations);
    assert_int_equal(violations->count, CAREER_VIOLATIONS_MAX);
    assert_int_equal(violations->omitted, 5000 - CAREER_VIOLATIONS_MAX);
}

/* ------------------------------------------------------------------------------ changes */

static void test_change_none(void **state)
{
    const career_document *previous = read_row(row_of(
        "\"x\"", NULL, "[\"C\"]", "[{\"skill\": \"C\", \"order\": 1}]", "{\"remote\": false}"));
    career_violations *violations;
    static const char *const bodies[] = {
        "{}",
        "{\"userId\":1}",
        "{\"currentRole\":\"x\"}",
        "{\"companyName\":null}",
        "{\"companySize\":\"small\"}", /* as it reads already */
        "{\"skillTags\":[{\"order\":1.0,\"skill\":\"C\"}]}",
        "{\"remote\":false,\"certificates\":[]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        career_document *merged = merge(previous, bodies[i], &violations);
        career_change *change = career_change_between(pool, previous, merged);

        assert_false(change->any);
        assert_null(change->extra);
        for (int c = 0; c < CAREER_COLUMN_COUNT; c++)
            assert_null(change->columns[c]);
    }
}

static void test_change_some(void **state)
{
    const career_document *previous =
        read_row(row_of("\"x\"", "\"large\"", "[\"C\"]", NULL,
                        "{\"remote\":false,\"certificates\":[\"a\"],\"undeclared\":1}"));
    career_violations *violations;
    career_document *merged =
        merge(previous,
              "{\"currentRole\":\"y\",\"companySize\":null,\"primarySkills\":null,\"remote\":null}",
              &violations);
    career_change *change = career_change_between(pool, previous, merged);

    (void)state;
    assert_true(change->any);
    assert_string_equal(compact(change->columns[CAREER_COLUMN_CURRENT_ROLE]), "\"y\"");
    assert_string_equal(compact(change->columns[CAREER_COLUMN_COMPANY_SIZE]), "\"small\"");
    assert_string_equal(compact(change->columns[CAREER_COLUMN_PRIMARY_SKILLS]), "[]");
    assert_null(change->columns[CAREER_COLUMN_SKILL_TAGS]);
    assert_null(change->columns[CAREER_COLUMN_COMPANY_NAME]);
    assert_null(change->columns[CAREER_COLUMN_INDUSTRY]);
    assert_string_equal(compact(change->extra), "{\"remote\":true}"); /* the changed key only */
}

static void test_change_order_matters(void **state)
{
    const career_document *previous = read_row(row_of("\"x\"", NULL, "[\"a\",\"b\"]", NULL, NULL));
    career_violations *violations;
    career_document *merged = merge(previous, "{\"primarySkills\":[\"b\",\"a\"]}", &violations);

    (void)state;
    assert_true(career_change_between(pool, previous, merged)->any);
}

static void test_change_new(void **state)
{
    career_violations *violations;
    career_document *merged =
        merge(NULL, "{\"currentRole\":\"x\",\"certificates\":[\"a\"]}", &violations);
    career_change *change = career_change_between(pool, NULL, merged);

    (void)state;
    assert_true(change->any);
    assert_string_equal(compact(change->columns[CAREER_COLUMN_CURRENT_ROLE]), "\"x\"");
    assert_string_equal(compact(change->columns[CAREER_COLUMN_COMPANY_SIZE]), "\"small\"");
    assert_string_equal(compact(change->columns[CAREER_COLUMN_SKILL_TAGS]), "[]");
    assert_int_equal(change->columns[CAREER_COLUMN_COMPANY_NAME]->type, CAREER_JSON_NULL);
    assert_null(change->columns[CAREER_COLUMN_INDUSTRY]); /* not declared: left alone */
    assert_string_equal(compact(change->extra), "{\"certificates\":[\"a\"],\"remote\":true}");
}

/* ------------------------------------------------------------------------------ writing */

#define HEAD                                                                                       \
    "{\"userId\":\"" USER "\",\"profileId\":\"profile_" USER                                       \
    "\",\"lastUpdated\":\"2024-02-29T23:59:59.999Z\","

static void test_write(void **state)
{
    (void)state;
    assert_string_equal(
        written(row_of("\"a: b, c\"", "\"large\"", "[\"C\", \"a, b: c\", \"\\\" x\\\\\", \" y \"]",
                       "[{\"skill\": \"C\", \"order\": 1.5}, {}]",
                       "{\"certificates\": [\"x y\", {\"a\": 0.1}], \"remote\": false, \"z\": 1}")),
        HEAD "\"currentRole\":\"a: b, c\",\"companyName\":null,\"companySize\":\"large\","
             "\"primarySkills\":[\"C\",\"a, b: c\",\"\\\" x\\\\\",\" y \"],"
             "\"skillTags\":[{\"skill\":\"C\",\"order\":1.5},{}],"
             "\"certificates\":[\"x y\",{\"a\":0.1}],\"remote\":false}");
}

static void test_write_defaults(void **state)
{
    static const char expected[] =
        HEAD "\"currentRole\":null,\"companyName\":null,\"companySize\":\"small\","
             "\"primarySkills\":[],\"skillTags\":[],\"certificates\":[],\"remote\":true}";

    (void)state;
    assert_string_equal(written(row_of(NULL, NULL, NULL, NULL, NULL)), expected);
    assert_string_equal(written(row_of("null", "null", "null", "null", "null")), expected);
    assert_string_equal(written(row_of(NULL, NULL, NULL, NULL, "{\"remote\": null}")), expected);
    assert_string_equal(written(row_of(NULL, NULL, NULL, NULL, "[]")), expected);
}

/* A fragment cut short is copied as it is and never read beyond its end. */
static void test_write_cut_short(void **state)
{
    static const char *const odd[] = {"[\"a b", "[\"a b\\", "[ \"", "[ \"\\\"", "[ ", "[", ""};

    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
        size_t len = strlen(odd[i]);
        char *exact = malloc(len ? len : 1);
        career_row row = row_of("\"x\"", NULL, NULL, NULL, NULL);

        memcpy(exact, odd[i], len);
        row.columns[CAREER_COLUMN_SKILL_TAGS] = (career_slice){exact, len};
        assert_non_null(strstr(written(row), ",\"skillTags\":["));
        free(exact);
    }
}

/* The answer says what the document says. */
static void test_write_agrees_with_read(void **state)
{
    career_row row = row_of("\"\\u20ac \\\"q\\\"\"", NULL, "[\"\xe2\x82\xac, \", \"b\"]",
                            "[{\"a b\": \"c: d, e\"}]", "{\"certificates\": [1.10, \"x\"]}");
    const career_json *answer = json(written(row));
    const career_document *document = read_row(row);

    (void)state;
    assert_int_equal(answer->object.count, FIELDS + 3);
    for (int i = 0; i < FIELDS; i++)
        assert_true(
            career_json_equal(career_json_get_slice(answer, fields[i].name), document->values[i]));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, pool_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_columns),
        TEST(test_layout_find),
        TEST(test_tag),
        TEST(test_read),
        TEST(test_read_absent),
        TEST(test_read_equal_to_default),
        TEST(test_read_no_list),
        TEST(test_read_large_numbers),
        TEST(test_read_broken),
        TEST(test_read_without_own_fields),
        TEST(test_reread),
        TEST(test_merge),
        TEST(test_merge_new),
        TEST(test_merge_is_flat),
        TEST(test_merge_names),
        TEST(test_merge_odd_names),
        TEST(test_merge_many_unknown),
        TEST(test_change_none),
        TEST(test_change_some),
        TEST(test_change_order_matters),
        TEST(test_change_new),
        TEST(test_write),
        TEST(test_write_defaults),
        TEST(test_write_cut_short),
        TEST(test_write_agrees_with_read),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
