/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts that mean no good, and scripts that are merely unlucky: each ends within its budget, the process lives,
 * the next call is right, and nothing of one call reaches another. */
#include "unit.h"

#include <stdlib.h>

#include <apr_strings.h>

#include "rules/sandbox.h"

#define NOW apr_time_from_sec(1700000000)

static const career_rules_budget budget = {20 * CAREER_MILLISECOND, (size_t)8 * 1024 * 1024};

static const char *why;

static int set_up(void **state)
{
    why = NULL;
    return pool_begin(state);
}

static career_sandbox *open_text(const char *text, size_t len, const career_json **value)
{
    const career_script script = {"script.lua", {text, len}};

    return career_sandbox_open(&script, &budget, pool, value, &why);
}

/* What a file returns, as JSON. */
static const char *returned(const char *text)
{
    const career_json *value = NULL;
    career_sandbox *sandbox = open_text(text, strlen(text), &value);
    career_text out = career_text_make(pool, 64);

    if (!sandbox)
        fail_msg("%s: %s", text, why);
    career_json_write(&out, value);
    career_sandbox_close(sandbox);
    return out.data;
}

#define assert_returns(text, json) assert_string_equal(returned(text), json)

/* Neither the file nor, when it is a function, a call of it succeeds, and it says something like that. */
static void assert_refused(const char *text, const char *like)
{
    const career_json *result, *nothing = &career_json_null;
    career_sandbox *sandbox = open_text(text, strlen(text), &result);

    if (sandbox && result == &career_sandbox_function) {
        assert_false(career_sandbox_call(sandbox, NULL, &nothing, 1, NOW, pool, &result, &why));
        assert_false(career_sandbox_is_clean(sandbox));
    } else if (sandbox) {
        fail_msg("it ran: %s", text);
    }
    career_sandbox_close(sandbox);
    assert_non_null(why);
    if (!strstr(why, like))
        fail_msg("%s: \"%s\" does not say \"%s\"", text, why, like);
    assert_true(strlen(why) < 700);
    assert_true(career_utf8_valid(why, strlen(why)));
    for (const char *c = why; *c; c++)
        assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
}

/* A function's answer, as JSON; the state must be good for another call unless told otherwise. */
static const char *called(career_sandbox *sandbox, bool *clean)
{
    const career_json *result, *nothing = &career_json_null;
    career_text out = career_text_make(pool, 64);

    if (!career_sandbox_call(sandbox, NULL, &nothing, 1, NOW, pool, &result, &why))
        fail_msg("%s", why);
    career_json_write(&out, result);
    *clean = career_sandbox_is_clean(sandbox);
    return out.data;
}

/* ------------------------------------------------------------------------------------ hardening, table L */

#define TOO_LONG "ran for too long"
#define TOO_MUCH "memory"

static void test_l01_endless_loop(void **state)
{
    (void)state;
    assert_refused("while true do end", TOO_LONG);
    assert_refused("\n\nwhile true do end", "script.lua:3:");
    assert_refused("return function() while true do end end", TOO_LONG);
    assert_refused("repeat until false", TOO_LONG);
    assert_refused("for i = 1, math.maxinteger do end", TOO_LONG);
    assert_refused("goto a ::a:: goto a", "");
    assert_refused("local function f() return f() end f()", TOO_LONG);
}

static void test_l02_pcall_cannot_swallow_the_end(void **state)
{
    (void)state;
    assert_refused("while true do pcall(function() while true do end end) end", TOO_LONG);
    assert_refused("local function f() pcall(f) while true do end end while true do pcall(f) end",
                   TOO_LONG);
    assert_refused("pcall(function() while true do end end) return 1", TOO_LONG);
    assert_refused("return function() pcall(error) pcall(function() while true do end end) end",
                   TOO_LONG);
    assert_refused(
        "local t = {} while true do pcall(function() for i = 1, 1e9 do t[i] = i end end) "
        "end",
        "");
}

static void test_l03_no_xpcall(void **state)
{
    (void)state;
    assert_returns("return xpcall == nil", "true");
    assert_refused("xpcall(error, function() while true do end end)", "xpcall");
}

static void test_l04_no_debug(void **state)
{
    (void)state;
    assert_refused("debug.sethook()", "debug");
}

static void test_l05_l06_no_patterns(void **state)
{
    (void)state;
    assert_returns("return { string.match == nil, string.gsub == nil, string.gmatch == nil }",
                   "[true,true,true]");
    assert_returns("return { ('a.b'):find('.', 1) }", "[2,2]"); /* plain */
    assert_returns("return { (('a'):rep(2000)):find('.-.-.-b') }", "[]");
    assert_returns("return matches('2026-01', '^[0-9]{4}-[0-9]{2}$')", "true");
    assert_returns("return matches('ä', '^.$')", "true");
    assert_refused("return matches(('a'):rep(40), '^(a+)+$x|^(a|a)*b')", "too many steps");
    assert_refused("while true do pcall(matches, ('a'):rep(60000), '(a|a)*b') end", TOO_LONG);
    assert_refused("for i = 1, 1e9 do matches('x', 'a' .. i) end", TOO_LONG);
    assert_refused("return matches('a', '(')", "regular expression");
    assert_refused("return matches('a', ('(a'):rep(200))", "regular expression");
    assert_returns("return matches('\\xff', 'a')", "false");
}

static void test_l07_find_is_charged(void **state)
{
    (void)state;
    assert_refused("local h, n = ('a'):rep(60000), ('a'):rep(30000) .. 'b' "
                   "while true do h:find(n) end",
                   TOO_LONG);
    assert_returns("return { ('abc'):find(''), ('abc'):find('', 4), ('abc'):find('c', -1) }",
                   "[1,4,3,3]");
    assert_returns("return ('abc'):find('', 9) == nil", "true");
}

static void test_l08_l09_rep(void **state)
{
    (void)state;
    assert_refused("return (''):rep(1 << 40)", "at most");
    assert_refused("return ('x'):rep(1 << 40)", "at most");
    assert_refused("return ('x'):rep(12 * 1024 * 1024)", "at most");
    assert_refused("return ('x'):rep(3, ('y'):rep(65000))", "at most");
    assert_returns("return ('ab'):rep(2, '-') .. ('x'):rep(-1)", "\"ab-ab\"");
    assert_returns("return #('x'):rep(65536)", "65536");
}

static void test_l10_work_is_shared_with_the_allocator(void **state)
{
    (void)state;
    assert_refused("local s = ('x'):rep(60000) while true do s:upper() end", TOO_LONG);
    assert_refused("while true do ('x'):rep(60000) end", TOO_LONG);
    /* 64 MiB, in a moment and few instructions */
    assert_refused("local part = ('x'):rep(4096) for i = 1, 1000 do part:rep(16) end", TOO_LONG);
    assert_refused("local s = '' for i = 1, 200000 do s = s .. 'x' end", "");
    assert_refused("local s = ('x'):rep(65000) s = s .. s", TOO_MUCH);
    assert_refused("while true do local t = {} end", TOO_LONG);
}

static void test_l11_tables(void **state)
{
    (void)state;
    assert_refused("local t = {} for i = 1, 1e9 do table.insert(t, 1, 0) end", TOO_LONG);
    assert_refused("local t = {} for i = 1, 1e5 do t[i] = i end while true do table.sort(t) end",
                   TOO_LONG);
    assert_refused("local t = {} for i = 1, 30000 do t[i] = 'xxxx' end return table.concat(t)",
                   "at most");
    assert_refused("table.concat(setmetatable({}, { __index = tostring }), '', 1, 1 << 40)",
                   "metatable");
    assert_refused("table.sort(setmetatable({}, { __len = function() return 1 << 30 end }))",
                   "metatable");
    assert_refused("return table.unpack({}, 1, 1e7)", "unpacked");
    assert_returns("return collectgarbage == nil", "true");
    assert_returns("local t = { 'a', 'c' } table.insert(t, 2, 'b') table.insert(t, 'd') "
                   "local gone = table.remove(t, 1) return { gone, table.concat(t, '-') }",
                   "[\"a\",\"b-c-d\"]");
    assert_returns("local t = { 3, 1, 2 } table.sort(t, function(a, b) return a > b end) return t",
                   "[3,2,1]");
    assert_returns("return { table.unpack({ 1, 2, 3 }, 2) }", "[2,3]");
    assert_returns("return { table.remove({}) == nil, table.concat({ 1, 2.5 }, ',') }",
                   "[true,\"1,2.5\"]");
}

static void test_l12_no_finalizers(void **state)
{
    (void)state;
    assert_refused("setmetatable({}, { __gc = function() while true do end end })", "__gc");
    assert_refused("setmetatable({}, { __close = function() end })", "__close");
    assert_refused("setmetatable({}, { __mode = 'k' })", "__mode");
    assert_returns("local m = {} local t = setmetatable({}, m) "
                   "m.__gc = function() while true do end end return 1",
                   "1");
    assert_refused("local m = {} local t <close> = setmetatable({}, m)", "");
    /* what is added to a metatable later has no effect */
    assert_refused("local m = { __name = 'x' } local v = setmetatable({}, m) "
                   "m.__close = function() while true do end end do local c <close> = v end",
                   "non-closable");
    assert_returns("return getmetatable(setmetatable({}, {}))", "false");
    assert_refused("local t = setmetatable({}, {}) setmetatable(t, {})", "protected");
    assert_refused("setmetatable('x', {})", "table expected");
    assert_refused("setmetatable({}, 1)", "nil or table");
    assert_returns("local C = {} C.__index = C function C.get(self) return self.n end "
                   "local o = setmetatable({ n = 7 }, C) return o:get()",
                   "7");
    assert_returns("local m = { __add = function(a, b) return 3 end, __call = function(_, x) "
                   "return x end, __len = function() return 5 end, __lt = function() return true "
                   "end } local t = setmetatable({}, m) return { t + 1, t(4), #t, t < t }",
                   "[3,4,5,true]");
    assert_returns("local t = setmetatable({}, { __index = function(_, k) return k .. '!' end }) "
                   "return t.hey",
                   "\"hey!\"");
}

static void test_l13_results_are_read_raw(void **state)
{
    (void)state;
    assert_returns("return setmetatable({ a = 1 }, { __tostring = function() error('x') end, "
                   "__index = function() error('x') end, __len = function() error('x') end, "
                   "__pairs = function() error('x') end })",
                   "{\"a\":1}");
    assert_refused("error(setmetatable({}, { __tostring = function() error('x') end }))",
                   "no text but a table");
}

static void test_l14_strings_cannot_be_poisoned(void **state)
{
    (void)state;
    assert_returns("return getmetatable('')", "false");
    assert_refused("getmetatable('').__index = {}", "");
    assert_refused("string.rep = nil", "cannot be changed");
    assert_refused("math.pi = 3", "cannot be changed");
    assert_refused("field.text = nil", "cannot be changed");
    assert_refused("career.now = 1", "cannot be changed");
    assert_refused("setmetatable(string, {})", "protected");
    assert_refused("table.insert(table, 1)", "metatable");
    assert_returns("return rawset == nil and rawget == nil and rawequal == nil", "true");
}

static void test_l15_l16_l20_what_is_not_there(void **state)
{
    static const char *const names[] = {
        "load",           "loadstring", "dofile", "loadfile", "require",  "package", "coroutine",
        "collectgarbage", "io",         "os",     "debug",    "_G",       "print",   "warn",
        "xpcall",         "rawset",     "rawget", "rawlen",   "_VERSION", "rawequal"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        assert_returns(apr_psprintf(pool, "return %s == nil", names[i]), "true");
    assert_returns("return string.dump == nil and math.random == nil and math.randomseed == nil",
                   "true");
    assert_refused("os.exit(1)", "os");
    assert_refused("return io.open('/etc/passwd')", "io");
}

static void test_l15_bytecode(void **state)
{
    static const char bytecode[] = "\x1bLua\x54\x00\x19\x93\r\n\x1a\n";
    const career_json *value;

    (void)state;
    assert_null(open_text(bytecode, sizeof(bytecode) - 1, &value));
    assert_non_null(strstr(why, "binary"));
}

static void test_l17_globals(void **state)
{
    (void)state;
    assert_refused("x = 1", "write local x");
    assert_refused("function helper() end", "write local helper");
    assert_refused("return function() leak = 1 end", "write local leak");
    assert_returns("return nothing == nil", "true");
}

static void test_l18_depth(void **state)
{
    career_text text = career_text_make(pool, 4096);

    (void)state;
    assert_refused("local function f() return 1 + f() end f()", "");
    assert_refused("local function f() return pcall(f) and 1 end while true do f() end", "");
    assert_refused("local t = {} for i = 1, 1e9 do t[i] = i end", "");
    assert_refused("local t = {} t[1e9] = 1 for i = 1, 1e9 do t[i] = t end", "");
    career_text_add_string(&text, "return ");
    for (int i = 0; i < 300; i++)
        career_text_add_char(&text, '(');
    assert_refused(text.data, "overflow");
}

static void test_l21_nothing_but_the_inputs(void **state)
{
    bool clean;
    career_sandbox *sandbox;

    (void)state;
    assert_returns("return { tostring({}), tostring(print), tostring(type), tostring(1.5), "
                   "tostring(nil), tostring('x') }",
                   "[\"table\",\"nil\",\"function\",\"1.5\",\"nil\",\"x\"]");
    assert_returns("return string.format('%s %s %d', {}, type, 3)", "\"table function 3\"");
    assert_refused("return string.format('%p', {})", "%p");
    assert_refused("return string.format('%%%-20p', {})", "%p");
    assert_returns("return career.now == nil", "true");
    sandbox = open_text("return function() return career.now end", 39, NULL);
    assert_string_equal(called(sandbox, &clean), "1700000000");
    career_sandbox_close(sandbox);
}

static void test_l22_errors_of_any_kind(void **state)
{
    (void)state;
    assert_refused("error({})", "no text but a table");
    assert_refused("error(nil)", "no text but a nil");
    assert_refused("error()", "no text but a nil");
    assert_refused("error(('x'):rep(65000))", "xxx");
    assert_refused("error('a\\nb\\27[31mc\\0d\\127')", "a\\x0ab\\x1b[31mc\\x00d\\x7f");
    assert_refused("error('\\xff\\xfe')", "UTF-8");
    assert_refused("error(('ä'):rep(400))", "ä");
    assert_refused("assert(false)", "assertion failed");
}

static void test_l23_results(void **state)
{
    (void)state;
    assert_refused("return function() return { { { { { 1 } } } } } end", "levels");
    assert_refused("local t = {} t.t = t return t", "levels");
    assert_refused("return function() local t = {} t[1] = t return t end", "levels");
    assert_refused("return { [true] = 1 }", "neither a name nor");
    assert_refused("return { 1, 2, x = 3 }", "both names and numbers");
    assert_refused("return { [1] = 1, [3] = 3, [2.5] = 1 }", "");
    assert_refused("return 0 / 0", "not finite");
    assert_refused("return { 1 / 0 }", "not finite");
    assert_refused("return '\\xff'", "UTF-8");
    assert_refused("return { ['a\\0b'] = 1 }", "zero byte");
    assert_refused("local t = {} for i = 1, 30000 do t[i] = 1 end return t", "too much");
    assert_refused("local s, t = ('x'):rep(60000), {} for i = 1, 1000 do t[i] = s end return t",
                   "too much");
    assert_returns("return", "null");
    assert_returns("return { z = 1, a = { 1, 2.5, true, 'x' }, b = {} }",
                   "{\"a\":[1,2.5,true,\"x\"],\"b\":[],\"z\":1}");
}

static void test_l24_long_comparisons(void **state)
{
    (void)state;
    assert_refused("local a, b = ('x'):rep(60000) .. 'a', ('x'):rep(60000) .. 'b' "
                   "while a < b do end",
                   TOO_LONG);
}

static void test_numbers_are_not_guessed(void **state)
{
    (void)state;
    assert_returns("return { tonumber('12'), tonumber('0x10'), tonumber('ff', 16) }",
                   "[12,16,255]");
    assert_returns("return tonumber(('1'):rep(60000)) == nil", "true");
}

/* ------------------------------------------------------------------------------------ beyond the table */

/* Each of these once ran on for seconds or for ever within a single instruction, or told what it must not. */
static void test_within_one_instruction(void **state)
{
    career_text gaps = career_text_make(pool, 2048);

    (void)state;
    /* a __call that is a table is looked up again, with one argument more each time */
    assert_refused("local m = {} local t = setmetatable({}, m) m.__call = t t()", "call");
    assert_refused("local t = {} setmetatable(t, { __call = t })", "__call must be");
    /* a table of 63 items whose length is 2^62: moving its items, and paying for it, overflows */
    career_text_add_string(&gaps, "local t = {");
    for (int i = 0; i < 63; i++)
        career_text_add_format(&gaps, "[1 << %d] = 1, ", i);
    career_text_add_string(&gaps, "} ");
    for (int i = 0; i < 2; i++) {
        if (i)
            career_text_add_string(&gaps, "t[math.maxinteger] = 1 ");
        assert_refused(apr_pstrcat(pool, gaps.data, "table.insert(t, 1, 0)", NULL), "gaps");
        assert_refused(apr_pstrcat(pool, gaps.data, "table.insert(t, 0)", NULL), "gaps");
        assert_refused(apr_pstrcat(pool, gaps.data, "table.remove(t, 1)", NULL), "gaps");
        assert_refused(apr_pstrcat(pool, gaps.data, "table.concat(t)", NULL), "gaps");
        assert_refused(apr_pstrcat(pool, gaps.data, "table.sort(t)", NULL), "gaps");
        assert_refused(apr_pstrcat(pool, gaps.data, "return table.unpack(t)", NULL), "gaps");
        assert_refused(apr_pstrcat(pool, gaps.data, "return t", NULL), "");
    }
    /* the address of a text, behind a zero byte */
    assert_refused("return string.format('\\0%p', 'x')", "%p");
    assert_refused("return string.format('%s\\0%%%-3p', 'x', 'x')", "%p");
    assert_returns("return #string.format('\\0%s%%', 'x')", "3");
    assert_refused("return string.format('%', 1)", "conversion");
    assert_refused("return string.format('%99999d', 1)", "conversion");
}

/* Names of our own for Lua's: what they do with odd arguments. */
static void test_odd_arguments(void **state)
{
    (void)state;
    assert_refused("return '10' + 1", "arithmetic");
    assert_refused("return ('x').nothing()", "call");
    assert_refused("return table.concat({ 1, {}, 3 })", "cannot be joined");
    assert_refused("return table.concat({ 1 }, '', 1, math.maxinteger)", "can be joined");
    assert_refused("return table.concat({ 1 }, '', math.mininteger)", "can be joined");
    assert_refused("return table.unpack({ 1 }, math.mininteger, 0)", "unpacked");
    assert_refused("return table.unpack({ 1 }, 1, math.maxinteger)", "unpacked");
    assert_returns("return { table.unpack({ 1 }, math.maxinteger, math.mininteger) }", "[]");
    assert_returns("return { ('abc'):find('c', math.mininteger) }", "[3,3]");
    assert_returns("return ('abc'):find('c', math.maxinteger) == nil", "true");
    assert_returns("return ('x'):rep(math.mininteger)", "\"\"");
    assert_refused("return ('x'):rep(math.maxinteger, 'y')", "at most");
    assert_refused("return select(math.mininteger, 1)", "out of range");
    assert_refused("return table.insert({}, math.maxinteger, 1)", "out of bounds");
    assert_refused("return table.remove({ 1 }, math.mininteger)", "out of bounds");
    assert_refused("return utf8.char(math.maxinteger)", "out of range");
    assert_refused("return utf8.codepoint('x', 1, math.maxinteger)", "out of bounds");
    assert_refused("for _ in utf8.codes('\\xff') do end", "UTF");
    assert_refused("local t = { a = 1 } for k in pairs(t) do t = {} next(t, k) end", "");
    assert_refused("for i = 1, 10, 0 do end", "step is zero");
    assert_refused("for i = math.mininteger, math.maxinteger do end", TOO_LONG);
    assert_refused("for i = 0, math.huge do end", TOO_LONG);
    assert_refused("local t = {} for i = 1, 1990 do t = setmetatable({}, { __index = t }) end "
                   "while true do local _ = t.x end",
                   TOO_LONG);
    assert_refused("local t = setmetatable({}, {}) local f = function(s, k) return s[k] end "
                   "t = setmetatable({}, { __index = f }) return t.x",
                   "overflow");
    assert_refused("local function f() return pcall(f) end f() while true do f() end", "");
    assert_refused("local f, s = utf8.codes('a' .. ('\\x80'):rep(60000)) while true do f(s, 1) end",
                   TOO_LONG);
    assert_refused("local function f(...) return f(...) end return f(string.byte(('x'):rep(60000), "
                   "1, -1))",
                   TOO_LONG);
}

/* ------------------------------------------------------------------------------------ between calls */

static career_sandbox *function_of(const char *text)
{
    career_sandbox *sandbox = open_text(text, strlen(text), NULL);

    if (!sandbox)
        fail_msg("%s", why);
    return sandbox;
}

static void assert_clean_after_call(const char *text, bool wanted)
{
    career_sandbox *sandbox = function_of(text);
    bool clean;

    called(sandbox, &clean);
    if (clean != wanted)
        fail_msg("%s: %s", text, wanted ? "changed nothing" : "changed something");
    if (clean) {
        called(sandbox, &clean);
        assert_true(clean);
    }
    career_sandbox_close(sandbox);
}

static void test_what_is_left_behind_is_noticed(void **state)
{
    (void)state;
    assert_clean_after_call("return function() local t = { 1 } t[2] = 2 return #t end", true);
    assert_clean_after_call("local t = { 1, { a = 'x' } } return function() return t[2].a end",
                            true);
    assert_clean_after_call("local n = 0 return function() n = n + 1 end", false);
    assert_clean_after_call("local t = {} return function() t[#t + 1] = 1 end", false);
    assert_clean_after_call("local t = { { a = 1 } } return function() t[1].a = 2 end", false);
    assert_clean_after_call("local t = { x = 1 } return function() t.x = nil t.y = 1 end", false);
    assert_clean_after_call("local s = 'a' local function set(v) s = v end "
                            "return function() set('b') end",
                            false);
    assert_clean_after_call("local t = {} return function() setmetatable(t, { __index = {} }) end",
                            false);
    assert_clean_after_call("local m = {} local t = setmetatable({}, m) "
                            "return function() m.__index = { leak = 1 } end",
                            false);
    assert_clean_after_call("local f return function() f = function() return 1 end end", false);
    assert_clean_after_call("local t = {} for i = 1, 500 do t[i] = {} end "
                            "return function() return #t end",
                            false); /* too much to compare: not used again */
    assert_clean_after_call("local t = {} t.t = t return function() return 1, t end", true);
    assert_clean_after_call("local s, t = ('x'):rep(60000), {} for i = 1, 30000 do t[i] = s end "
                            "return function() return #t end",
                            false); /* likewise, and it would take ten seconds */
    assert_clean_after_call("local t = {} for i = 1, 2000 do t[i] = 'word ' .. i end "
                            "return function() return #t end",
                            true);
}

static void test_the_next_call_is_right(void **state)
{
    career_sandbox *sandbox = function_of("local t = { a = 1 } return function(x) return t.a end");
    bool clean;

    (void)state;
    for (int i = 0; i < 200; i++) {
        assert_string_equal(called(sandbox, &clean), "1");
        assert_true(clean);
    }
    career_sandbox_close(sandbox);
}

static void test_arguments(void **state)
{
    static const char text[] =
        "return { echo = function(a, b) return { a = a, n = #a.list, none = b == nil } end }";
    const career_script script = {"script.lua", {text, sizeof(text) - 1}};
    career_sandbox *sandbox = career_sandbox_open(&script, &budget, pool, NULL, &why);
    static const char json[] = "{\"list\":[1,2.5,\"x\"],\"no\":null,\"yes\":true,\"o\":{}}";
    const career_json *arguments[] = {career_json_parse(pool, json, sizeof(json) - 1, &why),
                                      &career_json_null};
    const career_json *result;
    career_text out = career_text_make(pool, 64);

    (void)state;
    assert_true(career_sandbox_call(sandbox, "echo", arguments, 2, NOW, pool, &result, &why));
    career_json_write(&out, result);
    assert_string_equal(out.data, "{\"a\":{\"list\":[1,2.5,\"x\"],\"o\":[],\"yes\":true},\"n\":3,"
                                  "\"none\":true}");
    assert_false(career_sandbox_call(sandbox, "nothing", arguments, 2, NOW, pool, &result, &why));
    career_sandbox_close(sandbox);
}

/* Memory that a call leaves as garbage is no reason to fail the next. */
static void test_memory_does_not_grow(void **state)
{
    career_sandbox *sandbox = function_of("return function() local t = {} for i = 1, 2000 do "
                                          "t[i] = { i } end return #t end");
    bool clean;

    (void)state;
    for (int i = 0; i < 300; i++)
        assert_string_equal(called(sandbox, &clean), "2000");
    assert_true(clean);
    career_sandbox_close(sandbox);
}

static void test_small_budgets(void **state)
{
    const career_script script = {"script.lua", CAREER_SLICE("return 1")};
    const career_rules_budget small[] = {{1, 1 << 20}, {CAREER_MILLISECOND, 1024}, {0, 0}};
    const career_json *value;

    (void)state;
    for (size_t i = 0; i < sizeof(small) / sizeof(*small); i++) {
        why = NULL;
        career_sandbox_close(career_sandbox_open(&script, &small[i], pool, &value, &why));
        assert_non_null(why);
    }
}

/* ------------------------------------------------------------------------------------ the vocabulary */

static void test_vocabulary(void **state)
{
    (void)state;
    assert_returns("return field.text { min = 1 }",
                   "{\"$kind\":\"text\",\"$line\":1,\"$items\":[],\"$options\":{\"min\":1}}");
    assert_returns("\n\nreturn { a = field.one_of {\n'x', 'y',\ndefault = 'x' } }",
                   "{\"a\":{\"$kind\":\"one_of\",\"$line\":3,\"$items\":[\"x\",\"y\"],"
                   "\"$options\":{\"default\":\"x\"}}}");
    assert_refused("\nreturn field.magic {}", "script.lua:2: there is no field.magic");
    assert_refused("return field.txt {}", "did you mean field.text?");
    assert_refused("return field.text('x')", "takes one table");
    assert_refused("return field.list(field.text {})", "takes one table");
    assert_returns("return getmetatable(field.text {})", "false");
}

static void test_literal(void **state)
{
    (void)state;
    assert_returns("return literal('a*b?[c]{d}\\\\')",
                   "\"a\\\\*b\\\\?\\\\[c\\\\]\\\\{d\\\\}\\\\\\\\\"");
}

static void test_syntax(void **state)
{
    (void)state;
    assert_refused("-- one\nreturn {\n  fields = }\n", "script.lua:3:");
    assert_refused("return 'open", "script.lua:1:");
    assert_returns("", "null"); /* which is for the compiler of rules to refuse */
    assert_returns("\xef\xbb\xbfreturn 1", "1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, pool_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_l01_endless_loop),
        TEST(test_l02_pcall_cannot_swallow_the_end),
        TEST(test_l03_no_xpcall),
        TEST(test_l04_no_debug),
        TEST(test_l05_l06_no_patterns),
        TEST(test_l07_find_is_charged),
        TEST(test_l08_l09_rep),
        TEST(test_l10_work_is_shared_with_the_allocator),
        TEST(test_l11_tables),
        TEST(test_l12_no_finalizers),
        TEST(test_l13_results_are_read_raw),
        TEST(test_l14_strings_cannot_be_poisoned),
        TEST(test_l15_l16_l20_what_is_not_there),
        TEST(test_l15_bytecode),
        TEST(test_l17_globals),
        TEST(test_l18_depth),
        TEST(test_l21_nothing_but_the_inputs),
        TEST(test_l22_errors_of_any_kind),
        TEST(test_l23_results),
        TEST(test_l24_long_comparisons),
        TEST(test_numbers_are_not_guessed),
        TEST(test_within_one_instruction),
        TEST(test_odd_arguments),
        TEST(test_what_is_left_behind_is_noticed),
        TEST(test_the_next_call_is_right),
        TEST(test_arguments),
        TEST(test_memory_does_not_grow),
        TEST(test_small_budgets),
        TEST(test_vocabulary),
        TEST(test_literal),
        TEST(test_syntax),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
