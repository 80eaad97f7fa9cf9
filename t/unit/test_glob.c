/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns as Redis reads them. test_sweep.c asks a real server whether it agrees. */
#include "unit.h"

#include "cache/glob.h"

static const struct {
    const char *pattern;
    const char *key;
    bool matches;
} cases[] = {
    {"a", "a", true},
    {"a", "b", false},
    {"a", "aa", false},
    {"", "", true},
    {"", "a", false},
    {"*", "anything", true},
    {"**", "x", true},
    {"a*", "a", true},
    {"a*", "abc", true},
    {"*c", "abc", true},
    {"*c", "abcd", false},
    {"a*c", "ac", true},
    {"a*c*e", "abcde", true},
    {"a*c*e", "abcdf", false},
    {"*ab*ab", "abab", true},
    {"*aab", "aaaab", true},
    {"?", "a", true},
    {"?", "", false},
    {"??", "a", false},
    {"a?c", "abc", true},
    {"[abc]", "b", true},
    {"[abc]", "d", false},
    {"[^abc]", "d", true},
    {"[^abc]", "a", false},
    {"[a-c]x", "bx", true},
    {"[c-a]x", "bx", true},
    {"[a-c]", "-", false},
    {"[\\-]", "-", true},
    {"[\\]]", "]", true},
    {"[]a]", "a", false},
    {"[]", "a", false},
    {"[abc", "c", true},
    {"[abc", "d", false},
    {"[", "[", false},
    {"\\*", "*", true},
    {"\\*", "a", false},
    {"a\\", "a\\", true},
    {"\\[a]", "[a]", true},
    {"A", "a", false},
    {"u:{1}:*", "u:{1}:x", true},
    {"[!a]", "!", true},
    {"[^", "x", true},
    {"*[0-9]", "key7", true},
    {"*[0-9]", "key", false},
    {"\xc3\xa4*", "\xc3\xa4x", true},
};

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        if (career_glob_matches(career_slice_of(cases[i].pattern), career_slice_of(cases[i].key)) !=
            cases[i].matches)
            fail_msg("%s on %s", cases[i].pattern, cases[i].key);
}

static void test_binary_keys(void **state)
{
    (void)state;
    assert_true(career_glob_matches(CAREER_SLICE("a\0*"), CAREER_SLICE("a\0b")));
    assert_false(career_glob_matches(CAREER_SLICE("a\0*"), CAREER_SLICE("aXb")));
    assert_true(career_glob_matches(CAREER_SLICE("[\x80-\xff]"), CAREER_SLICE("\xfe")));
}

/* A pattern that takes exponential time in a matcher that recurses at each star. */
static void test_many_stars(void **state)
{
    char pattern[128], key[4096];

    (void)state;
    for (size_t i = 0; i < sizeof(pattern); i++)
        pattern[i] = i % 2 ? 'a' : '*';
    memset(key, 'a', sizeof(key));
    key[sizeof(key) - 1] = 'b';
    assert_false(career_glob_matches((career_slice){pattern, sizeof(pattern)},
                                     (career_slice){key, sizeof(key)}));
}

static void check_prefix(const char *pattern, const char *prefix, bool whole)
{
    char out[64];
    bool is_whole;
    size_t len = career_glob_prefix(career_slice_of(pattern), out, &is_whole);

    assert_int_equal(len, strlen(prefix));
    assert_memory_equal(out, prefix, len);
    assert_int_equal(is_whole, whole);
}

static void test_prefix(void **state)
{
    (void)state;
    check_prefix("abc", "abc", true);
    check_prefix("abc*", "abc", false);
    check_prefix("a\\*b?", "a*b", false);
    check_prefix("a\\*b", "a*b", true);
    check_prefix("*", "", false);
    check_prefix("ab[c]", "ab", false);
    check_prefix("ab\\", "ab\\", true);
}

/* Whatever is escaped matches itself and nothing else, outside of a class and within. */
static void test_escape(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;
        career_text plain = career_text_make(pool, 8), within = career_text_make(pool, 8);

        career_glob_escape(&plain, (career_slice){&byte, 1});
        career_text_add_char(&within, '[');
        career_glob_escape(&within, (career_slice){&byte, 1});
        career_text_add_char(&within, ']');
        for (int k = 0; k < 256; k++) {
            career_slice key = {(char[]){(char)k}, 1};

            assert_int_equal(career_glob_matches(career_text_slice(&plain), key), k == c);
            assert_int_equal(career_glob_matches(career_text_slice(&within), key), k == c);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),      cmocka_unit_test(test_binary_keys),
        cmocka_unit_test(test_many_stars), cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_escape),
    };

    return UNIT_RUN(tests, pool_begin, pool_end);
}
