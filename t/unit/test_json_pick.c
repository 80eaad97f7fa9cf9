/* SPDX-License-Identifier: Apache-2.0 */
/* career_json_pick against the parser: the same verdict on every text, the same values of what it picks. */
#include "unit.h"

#include <stdlib.h>

#include <apr_strings.h>

#include "base/json.h"
#include "base/json_run.h"

#define MUTATIONS 60000

#define NAMES 5
static const career_slice names[NAMES + 1] = {CAREER_SLICE("a"), CAREER_SLICE("exp"),
                                              CAREER_SLICE("aud"), CAREER_SLICE("sub"),
                                              CAREER_SLICE("")};

static bool same(const career_json *a, const career_json *b)
{
    return !a == !b && (!a || (a->type == b->type && career_json_equal(a, b)));
}

/* What is wrong with the pick, or NULL. */
static const char *judge(apr_pool_t *p, const char *data, size_t len, size_t depth_max)
{
    const char *why = NULL, *why_not = NULL;
    const career_json *tree = career_json_parse_deep(p, data, len, depth_max, &why);
    const career_json *picked[NAMES];
    bool taken = career_json_pick(p, data, len, depth_max, names, picked, &why_not);

    if (tree && tree->type != CAREER_JSON_OBJECT)
        tree = NULL;
    if (!tree == taken)
        return taken ? "taken, and the parser refuses it" : "refused, and the parser takes it";
    if (!taken)
        return why_not ? NULL : "refused, and nobody says why";
    for (size_t i = 0; i < NAMES; i++)
        if (!same(career_json_get_slice(tree, names[i]), picked[i]))
            return names[i].data;
    return NULL;
}

/* From a copy of exactly that size, so that a sanitizer sees any byte read beyond it. */
static void compare(apr_pool_t *p, const char *data, size_t len)
{
    static const size_t depths[] = {1, 3, 32, 512};
    char *copy = malloc(len ? len : 1);

    memcpy(copy, data, len);
    for (size_t i = 0; i < sizeof(depths) / sizeof(*depths); i++) {
        const char *fault = judge(p, copy, len, depths[i]);

        if (fault)
            fail_msg("%.*s: %s (depth %d)", (int)len, data, fault, (int)depths[i]);
    }
    free(copy);
}

/* Between them they hold every kind of thing that a text can hold, right and wrong. */
static const char *const texts[] = {
    "{}",
    " \t\r\n{ \"a\" : 1 , \"b\" : [ ] , \"c\" : { } } ",
    "{\"iss\":\"https://ref.supabase.co/auth/v1\",\"sub\":\"0b5c1d7e-3f62-4a58-9c04-7d1e2f3a4b5c\","
    "\"aud\":\"authenticated\",\"exp\":1700003600,\"iat\":1700000000,\"email\":\"x@example.org\","
    "\"app_metadata\":{\"provider\":\"email\",\"providers\":[\"email\"]},\"user_metadata\":{\"sub\":1,"
    "\"full_name\":\"Zo\xc3\xab \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80\",\"verified\":true},"
    "\"amr\":[{\"method\":\"password\",\"timestamp\":1}],\"is_anonymous\":false,\"phone\":null}",
    "{\"a\":\"\",\"\":\"no name\",\"sub\":\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\",\"exp\":\"\\u0041\\uD83D\\uDE00\\u00e9\"}",
    "{\"a\":0,\"exp\":-0,\"sub\":-12.50,\"aud\":0.5}",
    "{\"exp\":123456789012345678,\"a\":-999999999999999999,\"sub\":9223372036854775807}",
    "{\"exp\":1e3,\"a\":1E+2,\"aud\":1.5e-7,\"sub\":1e400}",
    "{\"exp\":9223372036854775808,\"a\":1}",
    "{\"exp\":1e400}",
    "{\"a\":1234567890.123456789012345678,\"exp\":0.1234567890123456789}",
    "{\"aud\":[\"x\",\"authenticated\",[1,2.5,{\"b\":null}]],\"a\":{\"b\":{\"c\":true}}}",
    "{\"a\":1,\"a\":2}",
    "{\"a\":1,\"\\u0061\":2}",
    "{\"\\u0061\":1,\"b\":2}",
    "{\"b\":{\"c\":1,\"c\":2}}",
    "{\"b\":[{\"c\":1},{\"c\":2}],\"c\":3}",
    "{\"a\":\"\\u0000\"}",
    "{\"b\":\"\\u0000\"}",
    "{\"a\":\"\\ud800\"}",
    "{\"a\":\"\\udc00\\ud800\"}",
    "{\"a\":\"\xc3\"}",
    "{\"a\":\"\xed\xa0\x80\"}",
    "{\"\xc3\xa9\":1,\"\xff\":2}",
    "{\"a\":\"tab\there\"}",
    "{\"a\":01}",
    "{\"a\":1.}",
    "{\"a\":.5}",
    "{\"a\":-}",
    "{\"a\":+1}",
    "{\"a\":truely}",
    "{\"a\":nul}",
    "{\"a\":1,}",
    "{\"a\" 1}",
    "{a:1}",
    "{\"a\":1}}",
    "{\"a\":1} x",
    "{\"a\":[1,]}",
    "{\"a\":\"",
    "{\"a\":\"\\",
    "{\"a\":\"\\u12",
    "{\"a",
    "{",
    "[]",
    "[{\"a\":1}]",
    "\"a\"",
    "17",
    "null",
    "",
    " ",
    "\xef\xbb\xbf{}",
    "{\"a\":{\"a\":{\"a\":{\"a\":[[[[1]]]]}}}}",
};

#define TEXTS (sizeof(texts) / sizeof(*texts))

static void every_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEXTS; i++)
        compare(pool, texts[i], strlen(texts[i]));
}

static void every_beginning_of_a_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEXTS; i++)
        for (size_t len = 0; len < strlen(texts[i]); len++)
            compare(pool, texts[i], len);
}

static void nul_bytes(void **state)
{
    static const char with[][12] = {"{\"a\":1\0}", "{\"a\":1}\0", "\0{\"a\":1}", "{\"a\0\":1}",
                                    "{\"a\":\"\0\"}"};

    (void)state;
    for (size_t i = 0; i < sizeof(with) / sizeof(*with); i++)
        for (size_t len = 8; len <= sizeof(*with); len++)
            compare(pool, with[i], len);
}

static const char *repeat(const char *begin, const char *middle, const char *end, int count)
{
    career_text text = career_text_make(pool, 256);

    for (int i = 0; i < count; i++)
        career_text_add_string(&text, begin);
    career_text_add_string(&text, middle);
    for (int i = 0; i < count; i++)
        career_text_add_string(&text, end);
    return text.data;
}

static void every_depth(void **state)
{
    (void)state;
    for (int depth = 1; depth < 40; depth++) {
        const char *objects = repeat("{\"b\":", "1", "}", depth);
        const char *lists = apr_psprintf(pool, "{\"a\":%s}", repeat("[", "", "]", depth));

        compare(pool, objects, strlen(objects));
        compare(pool, lists, strlen(lists));
    }
    compare(pool, repeat("{\"a\":", "1", "}", 511), 6 * 511 + 1);
    compare(pool, repeat("{\"a\":", "1", "}", 512), 6 * 512 + 1);
    compare(pool, repeat("{\"a\":", "1", "}", 513), 6 * 513 + 1);
}

static void many_names(void **state)
{
    (void)state;
    for (int count = 90; count < 105; count++) {
        career_text text = career_text_make(pool, 4096);

        career_text_add_string(&text, "{\"a\":1");
        for (int i = 0; i < count; i++)
            career_text_add_format(&text, ",\"n%d\":{\"m\":%d}", i, i);
        compare(pool, text.data, text.len);
        career_text_add_string(&text, "}");
        compare(pool, text.data, text.len);
        text.len--;
        career_text_add_string(&text, ",\"n5\":1}");
        compare(pool, text.data, text.len);
    }
}

/* Texts with a few bytes replaced, taken out or put in, the same ones in every run. */
static void mutations(void **state)
{
    static const char bytes[] = "{}[]\":,\\u0019.-eEtfn aexpsub \x80\xc3\xa9\xff\t";
    unsigned long seed = 1;

    (void)state;
    for (int i = 0; i < MUTATIONS; i++) {
        apr_pool_t *p;
        char text[1024];
        size_t len;

#define RANDOM(below)                                                                              \
    ((seed = seed * 6364136223846793005UL + 1442695040888963407UL) >> 33) % (below)
        len = strlen(strcpy(text, texts[RANDOM(TEXTS)]));
        for (unsigned long changes = 1 + RANDOM(4); changes && len; changes--) {
            size_t at = RANDOM(len);
            char byte = bytes[RANDOM(sizeof(bytes))];

            switch (RANDOM(3)) {
            case 0:
                text[at] = byte;
                break;
            case 1:
                memmove(text + at, text + at + 1, --len - at);
                break;
            default:
                memmove(text + at + 1, text + at, len++ - at);
                text[at] = byte;
            }
        }
        apr_pool_create(&p, pool);
        compare(p, text, len);
        apr_pool_destroy(p);
    }
}

static void many_wanted(void **state)
{
    const career_json *picked[40];
    career_slice wanted[41] = {{NULL, 0}};
    career_text text = career_text_make(pool, 512);
    const char *why;

    (void)state;
    for (int i = 0; i < 40; i++) {
        wanted[i] = career_slice_of(apr_psprintf(pool, "n%d", i));
        career_text_add_format(&text, "%s\"n%d\":%d", i ? "," : "{", i, i);
    }
    career_text_add_char(&text, '}');
    assert_true(career_json_pick(pool, text.data, text.len, 3, wanted, picked, &why));
    for (int i = 0; i < 40; i++)
        assert_int_equal(picked[i]->integer, i);
}

/* Every byte at every place, of texts of every length up to more than twice what is looked at together. */
static void runs(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        for (size_t len = 1; len <= 20; len++) {
            for (size_t at = 0; at < len; at++) {
                char text[20], *copy = malloc(len);
                bool wide = false, special = byte < 0x20 || byte == '"' || byte == '\\';
                const char *stop;

                memset(text, byte == 'z' ? 'y' : 'z', len);
                text[at] = (char)byte;
                memcpy(copy, text, len);
                stop = career_json_run(copy, copy + len, &wide);
                assert_int_equal(stop - copy, special ? at : len);
                assert_int_equal(wide, byte >= 0x80);
                free(copy);
            }
        }
    }
}

/* Any two bytes next to one another, at every place: the first of them that is special ends the run, and what comes
 * behind it does not count. */
static void runs_of_pairs(void **state)
{
    (void)state;
    for (int pair = 0; pair < 65536; pair++) {
        for (size_t at = 0; at < 9; at++) {
            char text[] = "zzzzzzzzzz";
            bool wide = false, expected = false;
            size_t end = 0;

            text[at] = (char)(pair >> 8);
            text[at + 1] = (char)pair;
            while (end < 10 && !career_json_is_special((unsigned char)text[end]))
                expected |= (unsigned char)text[end++] >= 0x80;
            assert_int_equal(career_json_run(text, text + 10, &wide) - text, end);
            assert_int_equal(wide, expected);
        }
    }
}

/* A letter beyond ASCII, and a quote anywhere behind it. */
static void wide_runs(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 40; len++) {
        for (size_t letter = 0; letter < len; letter++) {
            for (size_t quote = letter + 1; quote <= len; quote++) {
                char *text = malloc(len);
                bool wide = false;

                memset(text, 'z', len);
                text[letter] = '\xe9';
                if (quote < len)
                    text[quote] = '"';
                assert_int_equal(career_json_run(text, text + len, &wide) - text, quote);
                assert_true(wide);
                free(text);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(every_text),    POOL_TEST(every_beginning_of_a_text),
        POOL_TEST(nul_bytes),     POOL_TEST(every_depth),
        POOL_TEST(many_names),    POOL_TEST(mutations),
        POOL_TEST(many_wanted),   POOL_TEST(runs),
        POOL_TEST(runs_of_pairs), POOL_TEST(wide_runs),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
