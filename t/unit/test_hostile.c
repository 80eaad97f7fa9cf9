/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scripts whose work is done where the hook of instructions does not look: in library functions, in comparisons,
 * in regular expressions, and where the host reads what they return. Each runs as `validate` of otherwise good
 * rules, against one budget; the next call is right all the same. (Table L itself is in test_sandbox.c.)
 */
#include "unit.h"

#include <stdlib.h>

#include <apr_strings.h>

#include "rules/rules.h"

#define BIG "local big = ('x'):rep(60000) "
#define MANY "local many = {} for i = 1, 50000 do many[i] = big end "
#define EMPTIED                                                                                    \
    "local t = {} for i = 1, 60000 do t['k' .. i] = i end for k in pairs(t) do t[k] = nil end "

static const char *const endless[] = {
    /* sorting */
    BIG MANY "table.sort(many) return {}",
    BIG MANY "table.sort(many, string.upper)",
    BIG MANY "table.sort(many, string.find)",
    "local t = {3, 2, 1} table.sort(t, function() while true do end end)",
    "local t = {} for i = 1, 1000 do t[i] = i % 7 end table.sort(t, function() return true end)",
    /* functions that make nothing */
    "local t = {} for i = 1, 60000 do t[i] = '' end while true do table.concat(t) end",
    EMPTIED "while true do next(t) end",
    EMPTIED "while true do for _ in pairs(t) do end end",
    BIG "while true do tonumber(big) end",
    BIG "while true do utf8.len(big) end",
    BIG "while true do select('#', string.byte(big, 1, -1)) end",
    "local t = {} for i = 1, 250 do t[i] = i end while true do select(2, table.unpack(t)) end",
    "while true do string.format('%99.99f', 1e308) end",
    BIG "while true do string.format('%s%s', big, '') end",
    "local s = ('\\0'):rep(60000) while true do string.format('%q', s) end",
    "local t = {} for i = 1, 60000 do t[i] = i end while true do table.insert(t, 1, 0) end",
    "local t = {} for i = 1, 60000 do t[i] = i end while true do table.remove(t, 1) end",
    BIG "while true do literal(big) end",
    /* comparisons, growth, garbage */
    BIG "local a, b = big .. 'a', big .. 'b' while true do local _ = a < b end",
    BIG "local a, b = big .. 'a', big .. 'b' while true do local _ = a == b end",
    "local s = 'x' while true do s = s .. s end",
    "local s = '' for i = 1, 1e9 do s = s .. 'x' end",
    "while true do local t = {} for i = 1, 100 do t[i] = {} end end",
    "local t = {} while true do pcall(function() while true do t[#t + 1] = {} end end) end",
    "while true do pcall(string.rep, 'x', 65000) end",
    "local t = {} for i = 1, 1e9 do t[('a'):rep(60000) .. i] = 1 end",
    /* calls */
    "local function f(n, ...) if n == 0 then return ... end return f(n - 1, n, ...) end f(1e6)",
    "local function f() return 1 + f() end f()",
    "local t = setmetatable({}, {}) getmetatable(t).__index = function(s, k) return s[k] end return t.x",
    "local t = setmetatable({}, { __pairs = function() while true do end end }) for k in pairs(t) do end",
    "local t = setmetatable({}, { __concat = function(a, b) return a .. b end }) return t .. t",
    "local x <close> = setmetatable({}, { __close = function() while true do end end })",
    /* regular expressions: steps at one place, at many, and in a single step */
    "return matches(('a'):rep(40), '^(a+)+$x|^(a|a)*b')",
    "while true do pcall(matches, ('a'):rep(440), 'a*a*[bc]') end",
    "return matches(('a'):rep(60000), 'a+[bc]')",
    "return matches(('z'):rep(30000) .. ('a'):rep(30000), 'a+[bc]')",
    "local i = 0 while true do i = i + 1 matches('a', '(?:(?:a{1,20}){1,20}b' .. i .. ')') end",
    "return matches('a', ('('):rep(200) .. (')'):rep(200))",
    "return matches('a', ('a{1000}'):rep(100))",
    /* what is returned */
    "local t = { 1 } for i = 1, 15 do t = { t, t, t, t } end return t",
    BIG "local t = {} for i = 1, 19000 do t[i] = big end return t",
    EMPTIED "local r = {} for i = 1, 15000 do r[i] = t end return r",
    "local t = {} t[1] = t return t",
    "return { { field = 'a', message = setmetatable({}, { __tostring = error }) } }",
    "return { { field = '\\255', message = 'x' } }",
    "return { { message = ('x'):rep(60000) } }",
    "return { [2] = 'x' }",
    "return { 1, x = 2 }",
    "return 1 / 0",
    "return function() end",
};

static career_rules *rules;

static career_rules *compile(const char *body, career_moment time)
{
    const char *text = apr_pstrcat(
        pool,
        "return { fields = { currentRole = field.text {}, seniority = field.text {}, "
        "industry = field.text {} }, required = { 'currentRole', 'seniority', 'industry' }, "
        "validate = function(profile)\nif profile.industry == 'calm' then return nil end\n",
        body, "\nend }", NULL);
    const career_rules_source source = {"lua", career_slice_of(text), CAREER_SLICE("return {}"), 1};
    const career_rules_budget budget = {time, (size_t)8 * 1024 * 1024};
    const char *why;
    career_rules *made = career_rules_compile(&source, &budget, pool, &why);

    if (!made)
        fail_msg("%s: %s", body, why);
    return made;
}

static career_error *check(const char *industry, career_violations *violations)
{
    const char *text = apr_psprintf(
        pool, "{\"currentRole\":\"a\",\"seniority\":\"b\",\"industry\":\"%s\"}", industry);
    const career_identity user = {.user_id = "00000000-0000-4000-8000-000000000000"};
    const char *why;
    const career_json *body = career_json_parse(pool, text, strlen(text), &why);
    career_document *merged =
        career_document_merge(pool, career_rules_layout(rules), NULL, body, violations);

    return career_rules_check(rules, pool, merged, NULL, &user, 0, violations);
}

/* It says what in one line that a log can take, and tells the client nothing. */
static void assert_sober(const char *script, const career_error *error)
{
    assert_int_equal(error->id, CAREER_ERROR_INTERNAL_ERROR);
    assert_null(error->message);
    if (strlen(error->cause) > 900 || !career_utf8_valid(error->cause, strlen(error->cause)))
        fail_msg("%s: %s", script, error->cause);
    for (const char *c = error->cause; *c; c++)
        assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
}

static void test_each_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(endless) / sizeof(*endless); i++) {
        career_violations *violations;
        career_error *error;

        apr_pool_create(&pool, NULL);
        rules = compile(endless[i], 20 * CAREER_MILLISECOND);
        for (int turn = 0; turn < 2; turn++) {
            violations = career_violations_make(pool);
            error = check("wild", violations);
            if (!error)
                fail_msg("it passed: %s", endless[i]);
            assert_sober(endless[i], error);
            assert_int_equal(violations->count, 0);
            error = check("calm", violations);
            if (error)
                fail_msg("the next call: %s: %s", endless[i], error->cause);
            assert_int_equal(violations->count, 0);
        }
        career_rules_release(rules);
        apr_pool_destroy(pool);
    }
}

/* A function that works hard but within its budget is let alone. */
static void test_hard_work(void **state)
{
    career_violations *violations;

    (void)state;
    apr_pool_create(&pool, NULL);
    rules = compile("local t, n = {}, 0\n"
                    "for i = 1, 2000 do t[i] = (i * 7919) % 2003 end table.sort(t)\n"
                    "for i = 2, #t do if t[i - 1] > t[i] then error('order') end end\n"
                    "table.sort(t, function(a, b) return a > b end)\n"
                    "for _, v in ipairs(t) do n = n + #tostring(v) end\n"
                    "if not matches(('word '):rep(500), '(?i)(WORD )+$') then error('match') end\n"
                    "if matches(('z'):rep(2000), '[0-9]') then error('no match') end\n"
                    "return { { field = 'n', code = 'count', message = tostring(n) } }",
                    CAREER_SECOND);
    violations = career_violations_make(pool);
    if (check("wild", violations))
        fail_msg("%s", check("wild", violations)->cause);
    assert_int_equal(violations->count, 1);
    assert_string_equal(violations->items[0].code, "count");
    career_rules_release(rules);
    apr_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_ends),
        cmocka_unit_test(test_hard_work),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
