/* SPDX-License-Identifier: Apache-2.0 */
/* What base/json.h promises, case by case: which texts are taken, how they read, how they print. */
#include "unit.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <apr_strings.h>

#include "base/json.h"

/* A text with its length, for those that hold NUL bytes. */
#define TEXT(literal) literal, sizeof(literal) - 1

typedef struct sample {
    const char *text;
    size_t len;
    const char *expected; /* its compact form; or a part of the complaint, NULL for any */
} sample;

/* A copy of exactly that size on the heap, so that a sanitizer sees any byte read beyond it. */
static const career_json *parse_exact(const char *data, size_t len, bool any_root, const char **why)
{
    char *copy = malloc(len ? len : 1);
    const career_json *value;

    assert_non_null(copy);
    memcpy(copy, data, len);
    value = any_root ? career_json_parse_value(pool, copy, len, why)
                     : career_json_parse(pool, copy, len, why);
    free(copy);
    return value;
}

static const char *compact(const career_json *value)
{
    career_text text = career_text_make(pool, 4);

    career_json_write(&text, value);
    assert_int_equal(strlen(text.data), text.len);
    return text.data;
}

static void assert_reads(const sample *s, bool any_root)
{
    const char *why = NULL;
    const career_json *value = parse_exact(s->text, s->len, any_root, &why);

    if (!value)
        print_error("refused: %s: %s\n", s->text, why);
    assert_non_null(value);
    assert_string_equal(compact(value), s->expected);
}

static void assert_sentence(const char *why)
{
    assert_non_null(why);
    assert_true(*why);
    assert_true(career_utf8_valid(why, strlen(why)));
    for (const char *c = why; *c; c++)
        assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
}

static void assert_refused(const sample *s, bool any_root)
{
    const char *why = NULL;

    if (parse_exact(s->text, s->len, any_root, &why)) {
        print_error("accepted: %s\n", s->text);
        fail();
    }
    assert_sentence(why);
    if (s->expected && !strstr(why, s->expected)) {
        print_error("%s: says \"%s\", lacks \"%s\"\n", s->text, why, s->expected);
        fail();
    }
}

static const sample taken[] = {
    {TEXT("{}"), "{}"},
    {TEXT("[]"), "[]"},
    {TEXT(" \t\r\n{ }\n"), "{}"},
    {TEXT("[null,true,false]"), "[null,true,false]"},
    {TEXT("{\"b\":1,\"a\":2}"), "{\"b\":1,\"a\":2}"}, /* in the order of the text */
    {TEXT("{\"\":0}"), "{\"\":0}"},
    {TEXT("{\"a\":{\"a\":{\"a\":[]}}}"), "{\"a\":{\"a\":{\"a\":[]}}}"},
    {TEXT("[\"\\u0061\\/\\b\\f\\n\\r\\t\\\"\\\\\"]"), "[\"a/\\u0008\\u000c\\n\\r\\t\\\"\\\\\"]"},
    {TEXT("[\"\\u001f\x7f\"]"), "[\"\\u001f\x7f\"]"},
    {TEXT("[\"\\uD834\\udd1e\"]"), "[\"\xf0\x9d\x84\x9e\"]"}, /* a pair in either case */
    {TEXT("[\"\xf0\x9d\x84\x9e\"]"), "[\"\xf0\x9d\x84\x9e\"]"},
    {TEXT("[\"\xef\xbf\xbf\"]"), "[\"\xef\xbf\xbf\"]"}, /* U+FFFF, a noncharacter */
    {TEXT("[\"\\uffff\"]"), "[\"\xef\xbf\xbf\"]"},
    {TEXT("[\"\xf4\x8f\xbf\xbf\"]"), "[\"\xf4\x8f\xbf\xbf\"]"}, /* U+10FFFF */
    {TEXT("[\"\xef\xbb\xbf\"]"), "[\"\xef\xbb\xbf\"]"},         /* U+FEFF is fine inside */
    {TEXT("[\"\xe2\x80\xae\xe2\x80\xa8\"]"), "[\"\xe2\x80\xae\xe2\x80\xa8\"]"},
    {TEXT("[\"\xc3\xa9\",\"e\xcc\x81\"]"), "[\"\xc3\xa9\",\"e\xcc\x81\"]"}, /* NFC, NFD: as sent */
    {TEXT("{\"__proto__\":1,\"constructor\":2}"), "{\"__proto__\":1,\"constructor\":2}"},
    {TEXT("[{\"a\":1},{\"a\":1}]"), "[{\"a\":1},{\"a\":1}]"}, /* twice, but not in one object */
};

static void test_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
        assert_reads(&taken[i], false);
        assert_reads(&taken[i], true);
    }
}

static const sample numbers[] = {
    {TEXT("[0]"), "[0]"},
    {TEXT("[-0]"), "[0]"},
    {TEXT("[-0.0]"), "[0]"},
    {TEXT("[9007199254740993]"), "[9007199254740993]"}, /* 2^53 + 1 */
    {TEXT("[9223372036854775807]"), "[9223372036854775807]"},
    {TEXT("[-9223372036854775808]"), "[-9223372036854775808]"},
    {TEXT("[0.1]"), "[0.1]"},
    {TEXT("[0.30000000000000004]"), "[0.30000000000000004]"},
    {TEXT("[1.0]"), "[1]"},
    {TEXT("[2.5e0]"), "[2.5]"},
    {TEXT("[1E+2]"), "[100]"},
    {TEXT("[1e-400]"), "[0]"},
    {TEXT("[1.7976931348623157e308]"), "[1.7976931348623157e+308]"},
    {TEXT("[5e-324]"), "[4.94065645841247e-324]"},
    {TEXT("[1e22]"), "[1e+22]"},
    /* more than 64 bits */
    {TEXT("[9223372036854775808]"), "[9223372036854775808]"},
    {TEXT("[-9223372036854775809]"), "[-9223372036854775808]"},
    {TEXT("[9223372036854775807,-9223372036854775808,9223372036854775808]"),
     "[9223372036854775807,-9223372036854775808,9223372036854775808]"},
    {TEXT("[100000000000000000000000000000000]"), "[1e+32]"},
    {TEXT("{\"12345678901234567890\":12345678901234567890,\"a\\\"\":\"12345678901234567890\"}"),
     "{\"12345678901234567890\":12345678901234567168,\"a\\\"\":\"12345678901234567890\"}"},
    /* integers beyond 2^53 that were sent as something else */
    {TEXT("[1234567890123456789.0]"), "[1234567890123456768]"},
    {TEXT("[1.2345678901234567e20]"), "[123456789012345667584]"},
};

static void test_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        assert_reads(&numbers[i], false);
}

/* A number with fraction or exponent is a real, any other an integer. */
static void test_number_types(void **state)
{
    const char *why;
    const career_json *value = career_json_parse(pool, TEXT("[1,1.0,1e0,-0,-0.0]"), &why);
    const career_json *const *items;

    (void)state;
    assert_non_null(value);
    items = value->array.items;
    assert_int_equal(items[0]->type, CAREER_JSON_INTEGER);
    assert_int_equal(items[1]->type, CAREER_JSON_REAL);
    assert_int_equal(items[2]->type, CAREER_JSON_REAL);
    assert_int_equal(items[3]->type, CAREER_JSON_INTEGER);
    assert_int_equal(items[4]->type, CAREER_JSON_REAL);
}

static const sample refused[] = {
    /* nothing, or no JSON */
    {TEXT(""), NULL},
    {TEXT(" \n\t "), NULL},
    {TEXT("nul"), NULL},
    {TEXT("[nul]"), NULL},
    {TEXT("[True]"), NULL},
    {TEXT("{"), NULL},
    {TEXT("["), NULL},
    {TEXT("}"), NULL},
    {TEXT("{\"a\""), NULL},
    {TEXT("{\"a\":"), NULL},
    {TEXT("{\"a\":1"), NULL},
    {TEXT("{\"a\" 1}"), NULL},
    {TEXT("{a:1}"), NULL},
    {TEXT("{1:1}"), NULL},
    {TEXT("{null:1}"), NULL},
    {TEXT("{[]:1}"), NULL},
    {TEXT("['a']"), NULL},
    {TEXT("{'a':1}"), NULL},
    {TEXT("[\"a]"), NULL},
    {TEXT("[1 2]"), NULL},
    {TEXT("[1}"), NULL},
    {TEXT("{\"a\":1]"), NULL},
    {TEXT("{\"a\":1,,\"b\":2}"), NULL},
    {TEXT("[,1]"), NULL},
    {TEXT("[1,]"), NULL},
    {TEXT("{\"a\":1,}"), NULL},
    {TEXT("{,}"), NULL},
    /* something behind it */
    {TEXT("{}x"), NULL},
    {TEXT("{}{}"), NULL},
    {TEXT("[][]"), NULL},
    {TEXT("{},"), NULL},
    {TEXT("{}]"), NULL},
    {TEXT("{} // end"), NULL},
    {TEXT("/**/{}"), NULL},
    {TEXT("[1/**/]"), NULL},
    {TEXT("# x\n{}"), NULL},
    {TEXT("{}\v"), NULL},
    {TEXT("{}\xc2\xa0"), NULL}, /* a no-break space is no JSON white space */
    {TEXT("[\f]"), NULL},
    /* NUL bytes */
    {TEXT("{\"a\":1\0}"), "NUL"},
    {TEXT("[123\0]"), "NUL"},
    {TEXT("[1.5\0]"), "NUL"},
    {TEXT("{}\0"), "NUL"},
    {TEXT("\0{}"), "NUL"},
    {TEXT("[\"a\0b\"]"), "NUL"},
    {TEXT("{\"a\0\":1}"), "NUL"},
    {TEXT("[\"\\u0000\"]"), "/0"},
    {TEXT("{\"a\":[1,{\"b/~\":\"x\\u0000\"}]}"), "/a/1/b~1~0"},
    {TEXT("{\"a\\u0000b\":1}"), NULL},
    {TEXT("{\"a\\u0000b\":1,\"a\\u0000c\":1}"), NULL},
    /* the same name twice */
    {TEXT("{\"a\":1,\"a\":1}"), "\"a\""},
    {TEXT("{\"a\":1,\"\\u0061\":2}"), "twice"},
    {TEXT("{\"\\u0061\":1,\"a\":2}"), "\"a\""},
    {TEXT("{\"\":1,\"\":2}"), "\"\""},
    {TEXT("[{\"x\":{\"skill\":1,\"b\":2,\"skill\":3}}]"), "\"skill\""},
    {TEXT("{\"a name of more than twenty bytes\":1,\"a name of more than twenty bytes\":2}"),
     "\"a name of more than twenty bytes\""},
    {TEXT("{\"q\\\"\\\\\":1,\"q\\\"\\\\\":2}"), "\"q\\\"\\\\\""},
    {TEXT("{\"\\u000a\":1,\"\\n\":2}"), "twice"},
    /* strings */
    {TEXT("[\"\n\"]"), NULL},
    {TEXT("[\"\t\"]"), NULL},
    {TEXT("[\"\x1f\"]"), NULL},
    {TEXT("[\"\\x41\"]"), NULL},
    {TEXT("[\"\\'\"]"), NULL},
    {TEXT("[\"\\\"]"), NULL},
    {TEXT("[\"\\u12\"]"), NULL},
    {TEXT("[\"\\\xda\x8e\"]"), NULL}, /* jansson quotes half of the character */
    {TEXT("[\"\\u12G4\"]"), NULL},
    {TEXT("[\"\\U0041\"]"), NULL},
    /* surrogates */
    {TEXT("[\"\\ud800\"]"), NULL},
    {TEXT("[\"\\udc00\"]"), NULL},
    {TEXT("[\"\\udd1e\\ud834\"]"), NULL},
    {TEXT("[\"\\ud800\\ud800\"]"), NULL},
    {TEXT("[\"\\ud800x\"]"), NULL},
    {TEXT("[\"\\ud800\\n\"]"), NULL},
    {TEXT("[\"\\ud800\\u0041\"]"), NULL},
    {TEXT("{\"\\ud800\":1}"), NULL},
    /* UTF-8 */
    {TEXT("[\"\xff\"]"), NULL},
    {TEXT("[\"\xfe\"]"), NULL},
    {TEXT("[\"\x80\"]"), NULL},
    {TEXT("[\"\xc3\"]"), NULL},
    {TEXT("[\"\xc3(\"]"), NULL},
    {TEXT("[\"\xe2\x82\"]"), NULL},
    {TEXT("[\"\xf0\x9d\x84\"]"), NULL},
    {TEXT("[\"\xc0\xaf\"]"), NULL}, /* overlong / */
    {TEXT("[\"\xc1\xbf\"]"), NULL},
    {TEXT("[\"\xe0\x80\xaf\"]"), NULL},
    {TEXT("[\"\xf0\x80\x80\xaf\"]"), NULL},
    {TEXT("[\"\xc0\x80\"]"), NULL},     /* overlong NUL */
    {TEXT("[\"\xed\xa0\x80\"]"), NULL}, /* a surrogate's bytes */
    {TEXT("[\"\xed\xbf\xbf\"]"), NULL},
    {TEXT("[\"\xf4\x90\x80\x80\"]"), NULL}, /* U+110000 */
    {TEXT("[\"\xf8\x88\x80\x80\x80\"]"), NULL},
    {TEXT("{\"\xff\":1}"), NULL},
    {TEXT("[\xc3\xa9]"), NULL},
    {TEXT("[\xff]"), NULL},
    /* other encodings, byte order marks */
    {TEXT("\xef\xbb\xbf{}"), NULL},
    {TEXT("\xfe\xff\0{\0}"), NULL},
    {TEXT("\xff\xfe{\0}\0"), NULL},
    {TEXT("{\0}\0"), NULL},
    /* numbers */
    {TEXT("[1e400]"), NULL},
    {TEXT("[9223372036854775808,1e400]"), NULL},
    {TEXT("[9223372036854775808,01]"), NULL},
    {TEXT("[-9223372036854775809"), NULL},
    {TEXT("[-1e400]"), NULL},
    {TEXT("[1e99999999999999999999]"), NULL},
    {TEXT("[NaN]"), NULL},
    {TEXT("[Infinity]"), NULL},
    {TEXT("[-Infinity]"), NULL},
    {TEXT("[+1]"), NULL},
    {TEXT("[01]"), NULL},
    {TEXT("[-01]"), NULL},
    {TEXT("[-]"), NULL},
    {TEXT("[--1]"), NULL},
    {TEXT("[.5]"), NULL},
    {TEXT("[1.]"), NULL},
    {TEXT("[1.e1]"), NULL},
    {TEXT("[1e]"), NULL},
    {TEXT("[1e+]"), NULL},
    {TEXT("[0x10]"), NULL},
    {TEXT("[1_000]"), NULL},
    {TEXT("[1,5.]"), NULL},
    {TEXT("[\xef\xbc\x91]"), NULL}, /* a full-width digit */
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        assert_refused(&refused[i], false);
        assert_refused(&refused[i], true);
    }
}

/* Taken where any value may stand, as from Postgres; refused as a body. */
static void test_scalar_roots(void **state)
{
    static const sample scalars[] = {
        {TEXT("null"), "null"},         {TEXT("true"), "true"},
        {TEXT(" false "), "false"},     {TEXT("0"), "0"},
        {TEXT("-1.5"), "-1.5"},         {TEXT("\"\""), "\"\""},
        {TEXT("\"text\""), "\"text\""}, {TEXT("\"a\\nb\""), "\"a\\nb\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(scalars) / sizeof(*scalars); i++) {
        sample as_body = scalars[i];

        assert_reads(&scalars[i], true);
        as_body.expected = NULL;
        assert_refused(&as_body, false);
    }
    assert_refused(&(sample){TEXT("1\0"), "NUL"}, true);
    assert_refused(&(sample){TEXT("1 2"), NULL}, true);
}

static career_slice nested(size_t depth, const char *opening, const char *inner,
                           const char *closing)
{
    career_text text = career_text_make(pool, 64);

    for (size_t i = 0; i < depth; i++)
        career_text_add_string(&text, opening);
    career_text_add_string(&text, inner);
    for (size_t i = 0; i < depth; i++)
        career_text_add_string(&text, closing);
    return career_text_slice(&text);
}

static bool reads_nested(size_t depth, const char *opening, const char *inner, const char *closing)
{
    career_slice text = nested(depth, opening, inner, closing);
    const char *why = NULL;
    const career_json *value = parse_exact(text.data, text.len, false, &why);

    if (value)
        assert_string_equal(compact(value), text.data);
    else
        assert_sentence(why);
    return value;
}

static void test_depth(void **state)
{
    static const size_t too_deep[] = {33, 64, 2047, 2048, 2049, 2052, 100000};

    (void)state;
    assert_int_equal(CAREER_JSON_DEPTH_MAX, 32);
    assert_true(reads_nested(32, "[", "", "]"));
    assert_true(reads_nested(32, "[", "1", "]")); /* a scalar is no level */
    assert_true(reads_nested(31, "{\"a\":", "{}", "}"));
    assert_true(reads_nested(16, "{\"a\":[", "", "]}"));
    for (size_t i = 0; i < sizeof(too_deep) / sizeof(*too_deep); i++) {
        assert_false(reads_nested(too_deep[i], "[", "", "]"));
        assert_false(reads_nested(too_deep[i], "{\"a\":", "1", "}"));
        assert_false(reads_nested(too_deep[i], "[", "", "")); /* never closed */
    }
    assert_false(reads_nested(32, "[", "{}", "]"));
}

static bool reads_deep(size_t depth, size_t depth_max)
{
    career_slice text = nested(depth, "[", "", "]");
    const char *why = NULL;

    return career_json_parse_deep(pool, text.data, text.len, depth_max, &why);
}

static void test_deep(void **state)
{
    (void)state;
    assert_true(reads_deep(101, 101));
    assert_false(reads_deep(102, 101));
    assert_true(reads_deep(2048, 2048));
    assert_false(reads_deep(2049, 2048));
}

/* Siblings do not add up to depth. */
static void test_wide(void **state)
{
    career_slice text = nested(20000, "{},", "", "");
    career_text body = career_text_make(pool, text.len + 4);
    const char *why;
    const career_json *value;

    (void)state;
    career_text_add_char(&body, '[');
    career_text_add_slice(&body, text);
    career_text_add_string(&body, "[]]");
    value = parse_exact(body.data, body.len, false, &why);
    assert_non_null(value);
    assert_int_equal(value->array.count, 20001);
}

static void test_many_names(void **state)
{
    career_text body = career_text_make(pool, 64);
    const char *why;
    const career_json *value;

    (void)state;
    for (int i = 0; i < 5000; i++)
        career_text_add_format(&body, "%c\"k%d\":%d", i ? ',' : '{', i, i);
    career_text_add_char(&body, '}');
    value = parse_exact(body.data, body.len, false, &why);
    assert_non_null(value);
    assert_int_equal(value->object.count, 5000);
    assert_int_equal(career_json_get(value, "k4999")->integer, 4999);
    assert_string_equal(compact(value), body.data);
}

/* Complaints stay one line of whole characters, however odd the names they quote. */
static void test_complaints(void **state)
{
    career_text body = career_text_make(pool, 64);
    const char *why = NULL;

    (void)state;
    assert_refused(&(sample){TEXT("{\"line\\nbreak\":\"\\u0000\"}"), "line break"}, false);
    assert_refused(&(sample){TEXT("{\"x\":1,\"\x7f\":1,\"\x7f\":1}"), NULL}, false);
    for (int shift = 0; shift < 4; shift++) {
        body.len = 0;
        career_text_add_string(&body, "{\"");
        career_text_add(&body, "abc", (size_t)shift);
        for (int i = 0; i < 100; i++)
            career_text_add_string(&body, "\xf0\x9f\x98\x80");
        career_text_add_string(&body, "\":\"\\u0000\"}");
        assert_null(parse_exact(body.data, body.len, false, &why));
        assert_sentence(why);
        assert_true(strlen(why) < 200);
    }
}

static void test_get(void **state)
{
    const char *why;
    const career_json *value = career_json_parse(pool, TEXT("{\"a\":null,\"ab\":[1]}"), &why);

    (void)state;
    assert_int_equal(career_json_get(value, "a")->type, CAREER_JSON_NULL);
    assert_int_equal(career_json_get(value, "ab")->array.count, 1);
    assert_null(career_json_get(value, "b"));
    assert_null(career_json_get(value, ""));
    assert_null(career_json_get(career_json_get(value, "ab"), "a"));
    assert_null(career_json_get(NULL, "a"));
    assert_ptr_equal(career_json_get_slice(value, (career_slice){"abc", 2}),
                     career_json_get(value, "ab"));
}

/* Names and strings are NUL-terminated behind their length. */
static void test_terminated(void **state)
{
    const char *why;
    const career_json *value = parse_exact(TEXT("{\"name\":\"text\"}"), false, &why);

    (void)state;
    assert_string_equal(value->object.members[0].name.data, "name");
    assert_int_equal(value->object.members[0].name.len, 4);
    assert_string_equal(value->object.members[0].value->string.data, "text");
    assert_int_equal(value->object.members[0].value->string.len, 4);
}

static bool equal_texts(const char *a, const char *b)
{
    const char *why;
    const career_json *left = career_json_parse_value(pool, a, strlen(a), &why);
    const career_json *right = career_json_parse_value(pool, b, strlen(b), &why);

    assert_non_null(left);
    assert_non_null(right);
    assert_int_equal(career_json_equal(left, right), career_json_equal(right, left));
    return career_json_equal(left, right);
}

/* The same through the parser itself: two blanks are not plain. */
static const career_json *parse_thoroughly(const char *text)
{
    const char *list = apr_pstrcat(pool, "[  ", text, "]", NULL), *why;
    const career_json *parsed = parse_exact(list, strlen(list), false, &why);

    assert_non_null(parsed);
    assert_int_equal(parsed->array.count, 1);
    return parsed->array.items[0];
}

static void test_plain(void **state)
{
    static const char *const plain[] = {"null",
                                        "true",
                                        "false",
                                        "\"\"",
                                        "\"a b\"",
                                        "\"[1]\"",
                                        "[]",
                                        "{}",
                                        "[\"\"]",
                                        "[{}]",
                                        "[[[[]]]]",
                                        "[\"a\",\"b, c\",\"\xc3\xbc\"]",
                                        "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]",
                                        "0",
                                        "-1",
                                        "999999999999999",
                                        "-999999999999999",
                                        "0.5",
                                        "0.1",
                                        "-0.001",
                                        "3.1415926535897",
                                        "9999999999999.9",
                                        "1234.5",
                                        "{\"a\":null,\"b\":[true,false,{\"\":0.25}],\"a \":\"x\"}"};
    static const char *const others[] = {"",
                                         "nul",
                                         "nulls",
                                         "tru",
                                         "falsy",
                                         "[",
                                         "]",
                                         "{",
                                         "}",
                                         "\"",
                                         "\"a",
                                         "a\"",
                                         "\"a\"\"",
                                         "\"a\\\"",
                                         "\"a\\n\"",
                                         "\"\n\"",
                                         "\"\xc3\"",
                                         "\"\xed\xa0\x80\"",
                                         "[\"a\"",
                                         "[\"a\",]",
                                         "[,\"a\"]",
                                         "[\"a\" ]",
                                         "[ \"a\"]",
                                         "[\"a\"]]",
                                         "[\"a\"\"b\"]",
                                         "[1,  2]",
                                         "[1,\t2]",
                                         "[[[[[]]]]]",
                                         " null",
                                         "\"a\" ",
                                         "{\"a\"}",
                                         "{\"a\":}",
                                         "{\"a\":1,}",
                                         "{,\"a\":1}",
                                         "{\"a\" :1}",
                                         "{\"a\":1,\"a\":1}",
                                         "{\"a\":1 }",
                                         "{1:1}",
                                         "{\"a\":1}}",
                                         "{\"a\":1",
                                         "-",
                                         "+1",
                                         ".5",
                                         "1.",
                                         "-.5",
                                         "01",
                                         "-01",
                                         "00",
                                         "-0",
                                         "-0.0",
                                         "1.5.5",
                                         "1e1",
                                         "1E1",
                                         "0x1",
                                         "1.0e1",
                                         "1000000000000000",
                                         "0.123456789012345",
                                         "1-1",
                                         "NaN",
                                         "Infinity",
                                         "// x",
                                         "[1]x"};
    const career_json *read;

    (void)state;
    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
        read = career_json_plain(pool, plain[i], strlen(plain[i]));
        if (!read)
            fail_msg("not taken for plain: %s", plain[i]);
        assert_string_equal(compact(read), plain[i]);
        assert_string_equal(compact(parse_thoroughly(plain[i])), plain[i]);
        assert_int_equal(read->type, parse_thoroughly(plain[i])->type);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        if (career_json_plain(pool, others[i], strlen(others[i])))
            fail_msg("taken for plain: %s", others[i]);
    read = career_json_plain(
        pool, TEXT("[{\"a\": 1, \"b\": [0.5, 2]}, {\"a\": 3}]")); /* as jsonb is written */
    assert_string_equal(compact(read), "[{\"a\":1,\"b\":[0.5,2]},{\"a\":3}]");
}

/* Every decimal of few digits is the double that the parser makes of it. */
static void test_plain_decimals(void **state)
{
    uint64_t seed = 1;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        char text[40];
        int behind;

        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        behind = 1 + (int)(seed >> 60) % 9;
        snprintf(text, sizeof(text), "%s%u.%0*u", i % 2 ? "-" : "",
                 (unsigned)(seed >> 33) % 100000 + 1, behind, (unsigned)(seed >> 13) % 10);
        assert_true(career_json_plain(pool, text, strlen(text))->real ==
                    parse_thoroughly(text)->real);
        apr_pool_clear(pool);
    }
}

/* One object has more names than are compared with one another; the parser sees to it. */
static void test_plain_wide(void **state)
{
    career_text text = career_text_make(pool, 1024);
    const char *why;

    (void)state;
    for (int i = 0; i < 40; i++)
        career_text_add_format(&text, "%s\"name %d\":%d", i ? "," : "{", i, i);
    career_text_add_char(&text, '}');
    assert_null(career_json_plain(pool, text.data, text.len));
    assert_int_equal(parse_exact(text.data, text.len, false, &why)->object.count, 40);
}

static void test_equal(void **state)
{
    (void)state;
    assert_true(equal_texts("null", "null"));
    assert_true(equal_texts("{\"a\":1,\"b\":[2]}", "{\"b\":[2],\"a\":1}"));
    assert_true(equal_texts("1", "1.0"));
    assert_true(equal_texts("0", "-0.0"));
    assert_true(equal_texts("\"\\u00e9\"", "\"\xc3\xa9\""));
    assert_true(equal_texts("9007199254740992", "9007199254740992.0"));
    assert_false(equal_texts("9007199254740993", "9007199254740992.0"));
    assert_false(equal_texts("9223372036854775807", "9223372036854775808.0"));
    assert_false(equal_texts("1", "1.5"));
    assert_false(equal_texts("0", "false"));
    assert_false(equal_texts("null", "false"));
    assert_false(equal_texts("\"1\"", "1"));
    assert_false(equal_texts("[]", "{}"));
    assert_false(equal_texts("[1,2]", "[2,1]"));
    assert_false(equal_texts("[1]", "[1,1]"));
    assert_false(equal_texts("{\"a\":1}", "{\"a\":1,\"b\":null}"));
    assert_false(equal_texts("{\"a\":null}", "{\"b\":null}"));
    assert_false(equal_texts("\"\xc3\xa9\"", "\"e\xcc\x81\"")); /* NFC is not NFD */
    assert_false(equal_texts("\"a\"", "\"A\""));
}

/* The copy outlives the pool of the original. */
static void test_copy(void **state)
{
    static const char text[] = "{\"a\":[null,true,1,2.5,\"x\",\"\"],\"b\":{},\"c\":[]}";
    const char *why;
    const career_json *copy;
    apr_pool_t *other;

    (void)state;
    apr_pool_create(&other, NULL);
    copy = career_json_copy(pool, career_json_parse(other, TEXT(text), &why));
    apr_pool_destroy(other);
    assert_string_equal(compact(copy), text);
}

static void test_makers(void **state)
{
    career_json *list = career_json_array(pool, 3), *object = career_json_object(pool, 2);
    char name[] = "name";

    (void)state;
    career_json_append(list, career_json_integer(pool, INT64_MIN));
    career_json_append(list, career_json_real(pool, 0.1));
    career_json_append(list, career_json_string(pool, "text and more", 4));
    career_json_set(pool, object, name, list);
    name[0] = 'X'; /* was copied */
    career_json_set(pool, object, "none", &career_json_null);
    assert_string_equal(compact(object),
                        "{\"name\":[-9223372036854775808,0.1,\"text\"],\"none\":null}");
    assert_string_equal(compact(career_json_array(pool, 0)), "[]");
    assert_string_equal(compact(&career_json_empty_array), "[]");
    assert_string_equal(compact(&career_json_empty_object), "{}");
    assert_string_equal(compact(&career_json_true), "true");
    assert_string_equal(compact(&career_json_false), "false");
}

static double read_back(double value)
{
    const char *why;
    const char *text = compact(career_json_real(pool, value));
    const career_json *read = career_json_parse_value(pool, text, strlen(text), &why);

    assert_non_null(read);
    return read->type == CAREER_JSON_INTEGER ? (double)read->integer : read->real;
}

static void test_reals_read_back(void **state)
{
    static const double values[] = {0.1,
                                    1.0 / 3,
                                    2.0 / 3,
                                    1e15,
                                    123456789.123456789,
                                    1e-7,
                                    4.35,
                                    -1e300,
                                    2.2250738585072014e-308,
                                    1e16,
                                    0.5,
                                    1e17 + 16};

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
        assert_true(read_back(values[i]) == values[i]);
    assert_string_equal(compact(career_json_real(pool, HUGE_VAL)), "null"); /* never invalid JSON */
    assert_string_equal(compact(career_json_real(pool, (double)NAN)), "null");
}

/* With any locale that writes a comma, where the machine has one. */
static void test_locale(void **state)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "nl_NL.UTF-8"};
    const char *set = NULL, *why;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !set; i++)
        set = setlocale(LC_NUMERIC, names[i]);
    if (!set)
        UNIT_SKIP("no locale with a decimal comma is installed");
    assert_string_equal(compact(career_json_parse(pool, TEXT("[0.1,1.5e300,2]"), &why)),
                        "[0.1,1.5e+300,2]");
    setlocale(LC_NUMERIC, "C");
}

static void test_write_string(void **state)
{
    career_text text = career_text_make(pool, 0);

    (void)state;
    career_json_write_string(&text, TEXT("a\"b\\c\n\x01\xc3\xa9</script>"));
    assert_string_equal(text.data, "\"a\\\"b\\\\c\\n\\u0001\xc3\xa9</script>\"");
}

static void test_utf8(void **state)
{
    static const sample bad[] = {
        {TEXT("\0"), NULL},
        {TEXT("a\0"), NULL},
        {TEXT("\x80"), NULL},
        {TEXT("\xc2"), NULL},
        {TEXT("\xc1\x81"), NULL},
        {TEXT("\xe0\x9f\xbf"), NULL},
        {TEXT("\xed\xa0\x80"), NULL},
        {TEXT("\xf0\x8f\xbf\xbf"), NULL},
        {TEXT("\xf4\x90\x80\x80"), NULL},
        {TEXT("\xf5\x80\x80\x80"), NULL},
        {TEXT("\xe2\x82"), NULL},
        {TEXT("\xe2\x28\xa1"), NULL},
        {TEXT("\xf0\x9f\x98"), NULL},
        {TEXT("ok\xff"), NULL},
    };
    static const char good[] = "a\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"
                               "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf";

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(career_utf8_valid(bad[i].text, bad[i].len));
    assert_true(career_utf8_valid(TEXT(good)));
    assert_true(career_utf8_valid("", 0));
    assert_int_equal(career_utf8_length(TEXT(good)), 9);
    assert_int_equal(career_utf8_length(TEXT("e\xcc\x81")), 2); /* code points, not graphemes */
    assert_int_equal(career_utf8_length("", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(test_taken),
        POOL_TEST(test_numbers),
        POOL_TEST(test_number_types),
        POOL_TEST(test_refused),
        POOL_TEST(test_scalar_roots),
        POOL_TEST(test_depth),
        POOL_TEST(test_deep),
        POOL_TEST(test_wide),
        POOL_TEST(test_many_names),
        POOL_TEST(test_complaints),
        POOL_TEST(test_get),
        POOL_TEST(test_terminated),
        POOL_TEST(test_plain),
        POOL_TEST(test_plain_decimals),
        POOL_TEST(test_plain_wide),
        POOL_TEST(test_equal),
        POOL_TEST(test_copy),
        POOL_TEST(test_makers),
        POOL_TEST(test_reals_read_back),
        POOL_TEST(test_locale),
        POOL_TEST(test_write_string),
        POOL_TEST(test_utf8),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
