/* SPDX-License-Identifier: Apache-2.0 */
/* The rules as JSON Schema, and their regular expressions as browsers read them. t/schema_agrees.t asks a validator. */
#include "unit.h"

#include <apr_strings.h>

#include "rules/ecma.h"
#include "rules/rules.h"

/* ---- expressions */

static const struct {
    const char *pcre, *ecma; /* NULL: there is none */
} expressions[] = {
    {"", ""},
    {"^[A-Z]{2}\\d+$", "^[A-Z]{2}\\d+$"},
    {"a.b", "a[^\\n]b"},
    {"\\.", "\\."},
    {"\\s\\S", "[\\t-\\r ][^\\t-\\r ]"},
    {"[\\s\\w-]", "[\\t-\\r \\w-]"},
    {"[^]a]", "[^\\]a]"},
    {"[]a]", "[\\]a]"},
    {"[a\\]b]", "[a\\]b]"},
    {"\\-\\_\\@\\'", "-_@'"},
    {"[\\-\\_]", "[\\-_]"},
    {"\\/", "\\/"},
    {"a{2}b{2,}c{2,4}", "a{2}b{2,}c{2,4}"},
    {"a}b]", "a\\}b\\]"},
    {"(a)(?:b)(?=c)(?!d)|e", "(a)(?:b)(?=c)(?!d)|e"},
    {"a+?b*?c??", "a+?b*?c??"},
    {"\\x41\\t", "\\x41\\t"},
    {"\\bword\\B", "\\bword\\B"},
    {"\\++", "\\++"},
    {"ä+", "ä+"},
    {"a++", NULL},
    {"a*+", NULL},
    {"a{2}+", NULL},
    {"(?>a)", NULL},
    {"(?i)a", NULL},
    {"(?<=a)b", NULL},
    {"(?<name>a)", NULL},
    {"(*UCP)a", NULL},
    {"\\A\\z", NULL},
    {"\\p{L}", NULL},
    {"\\x{41}", NULL},
    {"\\x4", NULL},
    {"\\Qa\\E", NULL},
    {"\\R", NULL},
    {"\\h", NULL},
    {"\\v", NULL},
    {"(a)\\1", NULL},
    {"[[:alpha:]]", NULL},
    {"[\\S]", NULL},
    {"[\\b]", NULL},
    {"a{,3}", NULL},
    {"a{x", NULL},
    {"[a", NULL},
    {"a\\", NULL},
};

static void test_expressions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(expressions) / sizeof(*expressions); i++) {
        const char *got = career_ecma_expression(pool, expressions[i].pcre);
        const char *want = expressions[i].ecma;

        if (!got != !want || (got && strcmp(got, want) != 0))
            fail_msg("%s: %s instead of %s", expressions[i].pcre, got ? got : "none",
                     want ? want : "none");
    }
}

/* ---- schemas */

static const char *schema_of(const char *field, const char *required)
{
    const char *text = apr_psprintf(
        pool,
        "return { fields = { currentRole = field.text {}, seniority = field.text {}, "
        "industry = field.text {}, x = %s }, required = { 'currentRole', 'seniority', 'industry'%s } }",
        field, required);
    const career_rules_source source = {"lua", career_slice_of(text), CAREER_SLICE("return {}"), 1};
    const career_rules_budget budget = {50 * CAREER_MILLISECOND, (size_t)8 * 1024 * 1024};
    career_text written = career_text_make(pool, 1024);
    const char *why;
    career_rules *rules = career_rules_compile(&source, &budget, pool, &why);

    if (!rules)
        fail_msg("%s: %s", field, why);
    career_json_write(
        &written,
        career_json_get(career_json_get(career_rules_schema(rules, pool), "properties"), "x"));
    career_rules_release(rules);
    return written.data;
}

static const struct {
    const char *field, *schema, *required; /* of an optional field, and of a required one */
} kinds[] = {
    {"field.text {}", "{\"type\":[\"string\",\"null\"]}", "{\"type\":\"string\",\"minLength\":1}"},
    {"field.text { min = 2, max = 5, label = 'X' }",
     "{\"type\":[\"string\",\"null\"],\"title\":\"X\",\"minLength\":2,\"maxLength\":5}",
     "{\"type\":\"string\",\"title\":\"X\",\"minLength\":2,\"maxLength\":5}"},
    {"field.text { matches = '^a$' }", "{\"type\":[\"string\",\"null\"],\"pattern\":\"^a$\"}",
     "{\"type\":\"string\",\"minLength\":1,\"pattern\":\"^a$\"}"},
    {"field.text { matches = '(?i)a' }",
     "{\"type\":[\"string\",\"null\"],\"$comment\":\"the server also matches (PCRE2): (?i)a\"}",
     "{\"type\":\"string\",\"minLength\":1,\"$comment\":\"the server also matches (PCRE2): (?i)a\"}"},
    {"field.integer { min = 1 }", "{\"type\":[\"integer\",\"null\"],\"minimum\":1}",
     "{\"type\":\"integer\",\"minimum\":1}"},
    {"field.number { max = 1.5, default = 0.5 }",
     "{\"type\":[\"number\",\"null\"],\"maximum\":1.5,\"default\":0.5}",
     "{\"type\":\"number\",\"maximum\":1.5,\"default\":0.5}"},
    {"field.boolean {}", "{\"type\":[\"boolean\",\"null\"]}", "{\"type\":\"boolean\"}"},
    {"field.one_of { 'a', 'b', default = 'b' }",
     "{\"type\":[\"string\",\"null\"],\"enum\":[\"a\",\"b\",null],\"default\":\"b\"}",
     "{\"type\":\"string\",\"enum\":[\"a\",\"b\"],\"default\":\"b\"}"},
    {"field.list { field.integer { nullable = true }, max = 3, unique = true }",
     "{\"type\":[\"array\",\"null\"],\"items\":{\"type\":[\"integer\",\"null\"]},\"maxItems\":3,"
     "\"uniqueItems\":true}",
     "{\"type\":\"array\",\"items\":{\"type\":[\"integer\",\"null\"]},\"minItems\":1,\"maxItems\":3,"
     "\"uniqueItems\":true}"},
    {"field.record { a = field.text {}, b = field.boolean { optional = true } }",
     "{\"type\":[\"object\",\"null\"],\"properties\":{\"a\":{\"type\":\"string\"},"
     "\"b\":{\"type\":[\"boolean\",\"null\"]}},\"required\":[\"a\"],\"additionalProperties\":false}",
     "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"},"
     "\"b\":{\"type\":[\"boolean\",\"null\"]}},\"required\":[\"a\"],\"additionalProperties\":false}"},
};

static void test_kinds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        assert_string_equal(schema_of(kinds[i].field, ""), kinds[i].schema);
        assert_string_equal(schema_of(kinds[i].field, ", 'x'"), kinds[i].required);
    }
}

static void test_two_patterns(void **state)
{
    const char *schema = schema_of("field.text { format = 'uuid', matches = '^0' }", "");

    (void)state;
    assert_non_null(strstr(schema, "\"format\":\"uuid\""));
    assert_non_null(strstr(schema, "\"allOf\":[{\"pattern\":\"^[0-9A-Fa-f]"));
    assert_non_null(strstr(schema, "{\"pattern\":\"^0\"}]"));
    assert_null(strstr(schema, "},\"pattern\""));
}

static void test_days(void **state)
{
    const char *schema = schema_of("field.date { min = '2000-01-01' }", "");

    (void)state;
    assert_non_null(strstr(schema, "\"format\":\"date\""));
    assert_non_null(strstr(schema, "between 2000-01-01 and the end"));
    assert_null(strstr(schema_of("field.date { time = true }", ""), "\"format\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_expressions),
        POOL_TEST(test_kinds),
        POOL_TEST(test_two_patterns),
        POOL_TEST(test_days),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
