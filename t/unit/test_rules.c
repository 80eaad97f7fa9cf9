/* SPDX-License-Identifier: Apache-2.0 */
/* Rules files: what is refused and how that is said, what documents are judged like, what a save clears. */
#include <pthread.h>

#include "base/pool.h"
#include "rules/kind.h"
#include "rules/sandbox.h"
#include "rules_rig.h"

static const char no_caches[] = "return {}";

/* ------------------------------------------------------------------------------------ what is refused */

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text > 0x7e)
            return false;
    return true;
}

/* The log of httpd escapes all other characters: our own words have none. */
static void assert_bad(const char *validation, const char *caches, const char *like)
{
    if (rig_compile(validation, caches))
        fail_msg("it compiles: %s", *like ? like : validation);
    if (!strstr(why, like))
        fail_msg("\"%s\" does not say \"%s\"", why, like);
    assert_true(strncmp(why, "dir/", 4) == 0);
    if (is_ascii(validation) && is_ascii(caches) && !is_ascii(why))
        fail_msg("\"%s\" is not for a log", why);
}

#define assert_bad_fields(fields, like) assert_bad(RULES(fields, ""), no_caches, like)
#define assert_bad_section(section, like) assert_bad(RULES("", section), no_caches, like)

static void test_files_that_are_none(void **state)
{
    (void)state;
    assert_bad("", no_caches, "dir/validation.lua: it must return a table");
    assert_bad("return 5", no_caches, "must return a table");
    assert_bad("return {}", no_caches, "must return a table");
    assert_bad("return function() end", no_caches, "must return a table");
    assert_bad("-- one\nreturn {\n  fields = }\n", no_caches, "dir/validation.lua:3:");
    assert_bad("-- one\nreturn { fields = 5, }\n", no_caches, "dir/validation.lua:2:");
    assert_bad("local x = nil\nreturn x.y", no_caches, "dir/validation.lua:2:");
    assert_bad("\nwhile true do end", no_caches, "dir/validation.lua:2:");
    assert_bad("return { fields = {} }", no_caches, "");
    assert_bad(RULES("", ""), "", "dir/caches.lua");
    assert_bad(RULES("", ""), "return 5", "dir/caches.lua");
    assert_bad(RULES("", ""), "return {", "dir/caches.lua:1:");
}

/* What people who write little Lua do, and are helped with. */
static void test_hints(void **state)
{
    (void)state;
    assert_bad(RULES("x = field.text {}\ny = field.text {}", ""), no_caches,
               "dir/validation.lua:2: '}' expected (to close '{' at line 1) near 'y'; is a comma "
               "missing before it?");
    assert_bad("return { fields = {\n  x = field.te", no_caches,
               "near <eof>; the file ends in the middle of something; is it whole?");
    assert_bad_fields("x = field.text ( max = 5 )",
                      "; options stand in braces: field.text { max = 80 }");
    assert_bad_fields("x = text { max = 5 }", "(global 'text'); did you mean field.text?");
    assert_bad_fields("x = feild.text { max = 5 }", "(global 'feild'); did you mean field?");
    assert_bad("{ fields = {} }", no_caches, "; is `return` missing before it?");
    assert_bad("local x = field.text {}\n{ fields = {} }", no_caches,
               "a call; is a comma or `return` missing between them?");
    assert_bad_fields("x = field.text { max = os.time() }", "(global 'os')");
    assert_null(strstr(why, "did you mean"));
}

static void test_names(void **state)
{
    (void)state;
    assert_bad_fields("\nuserId = field.text {}",
                      "dir/validation.lua:2: fields.userId is read-only");
    assert_bad_fields("lastUpdated = field.text {}", "read-only");
    assert_bad_fields("['a b'] = field.text {}", "a name is");
    assert_bad_fields("['__proto__'] = field.text {}", "a name is");
    assert_bad_fields("['\xc3\xa4'] = field.text {}", "a name is");
    assert_bad_fields("x = 5", "fields.x is no kind");
    assert_bad_fields("\n\nx = { min = 1 }", "dir/validation.lua:3: fields.x is no kind");
    assert_bad_fields("x = field.text", "fields.x is no kind");
    assert_bad_fields("x = field.magic {}", "there is no field.magic");
    assert_bad_fields("x = { ['$kind'] = 'text', ['$line'] = 'x' }", "no kind");
    assert_bad_fields("x = { ['$kind'] = 5, ['$line'] = 1, ['$items'] = 1, ['$options'] = 2 }",
                      "no kind");
}

static void test_columns(void **state)
{
    (void)state;
    assert_bad_fields("companyName = field.integer {}", "its column holds a text");
    assert_bad_fields("companyName = field.list { field.text {} }", "its column holds a text");
    assert_bad_fields("interests = field.text {}", "list of texts");
    assert_bad_fields("interests = field.list { field.number {} }", "list of texts");
    assert_bad_fields("interests = field.list { field.text { nullable = true } }", "list of texts");
    assert_bad_fields("skillTags = field.list { field.text {} }", "list of records");
    assert_bad_fields("skillTags = field.record { a = field.text {} }", "list of records");
}

static void test_options(void **state)
{
    (void)state;
    assert_bad_fields("x = field.text {\nmx = 5 }",
                      "dir/validation.lua:1: fields.x: field.text has no option \"mx\"; did you "
                      "mean \"max\"?");
    assert_bad_fields("x = field.text { 'a' }", "by name only");
    assert_bad_fields("x = field.text { min = 'a' }", "min must be a number");
    assert_bad_fields("x = field.text { min = 1.5 }", "whole number");
    assert_bad_fields("x = field.text { min = -1 }", "whole number");
    assert_bad_fields("x = field.text { min = 3, max = 2 }", "greater than max");
    assert_bad_fields("x = field.text { trimmed = 1 }", "true or false");
    assert_bad_fields("x = field.text { format = 'emial' }", "did you mean \"email\"?");
    assert_bad_fields("x = field.text { matches = '(' }", "regular expression");
    assert_bad_fields("x = field.text { matches = ('(a{999}'):rep(9) .. ('){999}'):rep(9) }",
                      "regular expression");
    assert_bad_fields("x = field.text { matches = 5 }", "matches must be a text");
    assert_bad_fields("x = field.text { label = function() end }", "label must be a text");
    assert_bad_fields("x = field.text { message = { to_long = 'x' } }",
                      "did you mean \"too_long\"?");
    assert_bad_fields("x = field.text { message = { too_long = 5 } }", "must be a text");
    assert_bad_fields("x = field.text { message = 5 }", "message must be");
    assert_bad_fields("x = field.text { optional = true }", "optional is for members");
    assert_bad_fields("x = field.one_of {}", "between 1 and");
    assert_bad_fields("x = field.one_of { 'a', 'a' }", "twice");
    assert_bad_fields("x = field.one_of { 'a', 5 }", "value 2");
    assert_bad_fields("x = field.one_of { '' }", "value 1");
    assert_bad_fields("x = field.list {}", "one kind for its items");
    assert_bad_fields("x = field.list { field.text {}, field.text {} }", "one kind for its items");
    assert_bad_fields("x = field.list { field.text { mn = 1 } }", "fields.x[]: ");
    assert_bad_fields("x = field.list { field.text { default = 'a' } }", "not for a part");
    assert_bad_fields("x = field.record {}", "members");
    assert_bad_fields("x = field.record { a = 5 }", "no option \"a\"");
    assert_bad_fields("x = field.record { a = field.text { mn = 1 } }", "fields.x.a: ");
    assert_bad_fields("x = field.date { min = 'yesterday' }", "must be a date");
    assert_bad_fields("x = field.boolean { min = 1 }", "no option \"min\"");
    assert_bad_fields("x = field.list { field.list { field.list { field.list { field.list { "
                      "field.list { field.list { field.text {} } } } } } } }",
                      "levels deep");
}

static void test_defaults(void **state)
{
    (void)state;
    assert_bad_fields("x = field.one_of { 'a', default = 'b' }", "the default does not meet");
    assert_bad_fields("x = field.text { max = 2, default = 'abc' }", "the default does not meet");
    assert_bad_fields("x = field.text { default = 5 }", "the default does not meet");
    assert_bad_fields("x = field.list { field.text {}, default = { 1 } }", "default[0]");
    assert_bad_fields("x = field.text { default = error }", "default must be a value");
}

static void test_sections(void **state)
{
    (void)state;
    assert_bad("return { fields = { " REQUIRED_FIELDS
               " }, required = { 'currentRole', 'industry' } }",
               no_caches, "required must name seniority");
    assert_bad("return { fields = { " REQUIRED_FIELDS " } }", no_caches, "required must name");
    assert_bad("return { fields = { currentRole = field.text {}, industry = field.text {} },\n"
               "required = { 'currentRole', 'industry' } }",
               no_caches, "seniority cannot be left out");
    assert_bad("return { fields = { " REQUIRED_FIELDS " },\n" REQUIRED_NAMES "\nrecomended = {} }",
               no_caches,
               "dir/validation.lua:3: there is no \"recomended\"; did you mean "
               "\"recommended\"?");
    assert_bad_section("recommended = { industri = 1 }", "did you mean \"industry\"?");
    assert_bad_section("recommended = { industry = 2 }", "only a list");
    assert_bad_section("recommended = { industry = 0 }", "a number");
    assert_bad_section("recommended = { industry = 'x' }", "a number");
    assert_bad_section("recommended = { industry = { min = 1, mesage = 'x' } }", "a number");
    assert_bad_section("recommended = 'industry'", "a table");
    assert_bad_section("enhancements = { nothing = 'x' }", "there is no field \"nothing\"");
    assert_bad_section("enhancements = { industry = 5 }", "a text");
    assert_bad_section("validate = 5", "validate must be a function");
    assert_bad(RULES("tags = field.list { field.text {}, max = 2 }", "recommended = { tags = 3 }"),
               no_caches, "more than the 2");
    assert_bad("return { fields = { " REQUIRED_FIELDS
               " }, required = { 'currentRole', 'seniority', "
               "'industry', 'hobby' } }",
               no_caches, "required: there is no field \"hobby\"");
}

static void test_too_many_fields(void **state)
{
    career_text text = career_text_make(pool, 8192);

    (void)state;
    for (int i = 0; i < CAREER_FIELDS_MAX; i++)
        career_text_add_format(&text, "x%d = field.text {}, ", i);
    assert_bad(apr_pstrcat(pool, "return { fields = { ", REQUIRED_FIELDS, text.data, "}, ",
                           REQUIRED_NAMES, "}", NULL),
               no_caches, "at most 200 fields");
}

/* A file of 3,000 members that are each written so. */
static const char *with_members(const char *before, const char *member)
{
    career_text text = career_text_make(pool, 65536);

    for (int i = 0; i < 30; i++) {
        career_text_add_format(&text, "x%d = field.record { ", i);
        for (int j = 0; j < 100; j++)
            career_text_add_format(&text, "m%d = %s, ", j, member);
        career_text_add_string(&text, "}, ");
    }
    return apr_pstrcat(pool, before, "\nreturn { fields = { ", REQUIRED_FIELDS, text.data, "}, ",
                       REQUIRED_NAMES, "}", NULL);
}

/* Thousands of regular expressions, each of which is allowed: a reload must end soon, and stay small. */
static void test_costly_patterns(void **state)
{
    const char *text =
        with_members("local r = [[([a-z0-9_]{1,20}\\p{L}){1,240}x]]", "field.text { matches = r }");

    (void)state;
    assert_bad(text, no_caches, "dir/validation.lua:2: fields.x");
    assert_non_null(strstr(why, "need more memory than the budget of 8192 KiB allows"));
}

/* Time that is over as soon as somebody looks, on any machine. */
static career_meter spent_meter(void)
{
    career_meter meter = {.budget = {0, (size_t)1 << 20}};

    career_meter_start(&meter, CAREER_METER_LOAD);
    meter.deadline = 0;
    return meter;
}

static const career_json *read_kind(const char *text)
{
    const career_script script = {"validation.lua", career_slice_of(text)};
    const career_rules_budget budget = {CAREER_SECOND, (size_t)1 << 20};
    const career_json *tree;
    career_sandbox *sandbox = career_sandbox_open(&script, &budget, pool, &tree, &why);

    if (!sandbox)
        fail_msg("%s", why);
    career_sandbox_close(sandbox);
    return tree;
}

/* Expressions are compiled, and defaults judged, within the time of the load. */
static void test_slow_kinds(void **state)
{
    static const char *const slow[] = {
        "\nreturn field.text { matches = 'a' }",
        "\nreturn field.boolean { default = true }",
        "return field.list {\nfield.text { matches = 'a' } }",
        "return field.record {\nm = field.text { matches = 'a' } }",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(slow) / sizeof(*slow); i++) {
        career_meter meter = spent_meter();
        career_fault fault;

        assert_null(career_kind_compile(pool, read_kind(slow[i]), "fields.x", &meter, &fault));
        assert_int_equal(fault.line, 2);
        assert_non_null(strstr(fault.text, ": the regular expressions and defaults up to here take "
                                           "too long to compile"));
    }
}

/* One default may be a thousand texts, each of which its expression looks at for long. */
static void test_slow_default(void **state)
{
    career_meter meter = {.budget = {CAREER_SECOND, (size_t)1 << 20}};
    career_judgement judgement = {.pool = pool, .violations = career_violations_make(pool)};
    const career_path path = {NULL, CAREER_SLICE("x"), 0};
    career_fault fault;
    const career_kind *kind;

    (void)state;
    career_meter_start(&meter, CAREER_METER_LOAD);
    kind =
        career_kind_compile(pool, read_kind("return field.list { field.text { matches = 'a' } }"),
                            "fields.x", &meter, &fault);
    assert_non_null(kind);
    judgement.meter = &meter;
    career_judge(&judgement, kind, rig_json("[\"a\",\"a\"]"), &path);
    assert_int_equal(judgement.violations->count, 0);
    meter.deadline = 0;
    career_judge(&judgement, kind, rig_json("[\"a\",\"a\"]"), &path);
    assert_string_equal(rig_codes(judgement.violations), "x[0] bad_format; x[1] bad_format");
}

static void test_l19_too_large(void **state)
{
    career_text text = career_text_make(pool, 300000);

    (void)state;
    while (text.len < 270000)
        career_text_add_string(&text, "-- nothing\n");
    assert_bad(apr_pstrcat(pool, text.data, RULES("", ""), NULL), no_caches, "larger than");
}

/* ------------------------------------------------------------------------------------ the layout */

static void test_layout(void **state)
{
    const career_layout *layout;
    const char *hash;

    (void)state;
    rig_need(RULES("zebra = field.text {}, alpha = field.list { field.text {} }, budget = "
                   "field.one_of { 'low', 'high', default = 'low' }, interests = field.list { "
                   "field.text {} }, on = field.boolean { default = true }",
                   ""),
             no_caches);
    layout = career_rules_layout(rules);
    assert_int_equal(layout->count, 8);
    assert_string_equal(layout->fields[0].name.data, "currentRole");
    assert_string_equal(layout->fields[3].name.data, "interests");
    assert_string_equal(layout->fields[4].name.data, "budget");
    assert_string_equal(layout->fields[4].fallback_text.data, "\"low\"");
    assert_string_equal(layout->fields[5].name.data, "alpha");
    assert_string_equal(layout->fields[5].fallback_text.data, "[]");
    assert_string_equal(layout->fields[6].fallback_text.data, "true");
    assert_string_equal(layout->fields[7].name.data, "zebra");
    assert_int_equal(layout->fields[7].column, CAREER_COLUMN_EXTRA);
    assert_int_equal(strlen(layout->hash), 8);
    assert_int_equal(career_rules_generation(rules), 7);
    assert_int_equal(strlen(career_rules_digest(rules)), 40);
    for (size_t i = 0; i < layout->count; i++)
        for (size_t j = 0; j < i; j++)
            assert_ptr_not_equal(layout->fields[i].fallback, layout->fields[j].fallback);

    rig_need(RULES("", ""), no_caches);
    hash = apr_pstrdup(pool, career_rules_layout(rules)->hash);
    rig_need(RULES("", "") " -- other words", no_caches);
    assert_string_equal(career_rules_layout(rules)->hash, hash);
    rig_need(RULES("budget = field.text { default = 'x' }", ""), no_caches);
    assert_string_not_equal(career_rules_layout(rules)->hash, hash);
    hash = apr_pstrdup(pool, career_rules_layout(rules)->hash);
    rig_need(RULES("budget = field.text { default = 'y' }", ""), no_caches);
    assert_string_not_equal(career_rules_layout(rules)->hash, hash);
}

/* ------------------------------------------------------------------------------------ judgement */

#define assert_judged(members, codes) assert_string_equal(rig_judge(members), codes)

static void test_required(void **state)
{
    rig_save save;

    (void)state;
    rig_need("return { fields = { " REQUIRED_FIELDS
             " tags = field.list { field.text {} } }, required "
             "= { 'currentRole', 'seniority', 'industry', 'tags' } }",
             no_caches);
    save = rig_check("{}", NULL);
    assert_string_equal(rig_codes(save.violations), "currentRole required; seniority required; "
                                                    "industry required; tags required");
    save = rig_check("{\"currentRole\":\" \\u00a0\\u200b\",\"seniority\":\"\",\"industry\":null,"
                     "\"tags\":[]}",
                     NULL);
    assert_string_equal(rig_codes(save.violations), "currentRole required; seniority required; "
                                                    "industry required; tags required");
    assert_judged("\"tags\":[\"a\"]", "");
}

/* A default is not what somebody said. */
static void test_required_with_default(void **state)
{
    (void)state;
    rig_need("return { fields = { " REQUIRED_FIELDS
             " size = field.one_of { 's', 'm', default = 's' } "
             "}, required = { 'currentRole', 'seniority', 'industry', 'size' } }",
             no_caches);
    assert_judged("", "size required");
    assert_judged("\"size\":null", "size required");
    assert_judged("\"size\":\"s\"", "");
}

static void test_texts(void **state)
{
    (void)state;
    rig_need(
        RULES("a = field.text { min = 2, max = 4 }, u = field.text { trimmed = false, max = 3 }, "
              "m = field.text { matches = '^[A-Z]{2}$' }, e = field.text { format = 'email' }, "
              "w = field.text { format = 'url' }",
              ""),
        no_caches);
    assert_judged("\"a\":\"ab\"", "");
    assert_judged("\"a\":\"  abcd \\n\"", "");
    assert_judged("\"a\":\"x\"", "a too_short");
    assert_judged("\"a\":\"abcde\"", "a too_long");
    assert_judged("\"a\":\"\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\"", "");
    assert_judged("\"a\":\"\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\"", "a too_long");
    assert_judged("\"a\":7", "a wrong_type");
    assert_judged("\"a\":[\"ab\"]", "a wrong_type");
    assert_judged("\"u\":\" a \"", "");
    assert_judged("\"u\":\" a  \"", "u too_long");
    assert_judged("\"m\":\"AB\"", "");
    assert_judged("\"m\":\"AB\\n\"", "");
    assert_judged("\"m\":\"ABC\"", "m bad_format");
    assert_judged("\"e\":\"a@b.example\"", "");
    assert_judged("\"e\":\"a b@c\"", "e bad_format");
    assert_judged("\"w\":\"https://a.example/x?y#z\"", "");
    assert_judged("\"w\":\"javascript:alert(1)\"", "w bad_format");
}

/* What a pattern cannot decide in its few steps does not match, and nobody waits for it. */
static void test_dear_patterns(void **state)
{
    career_text body = career_text_make(pool, 65536);

    (void)state;
    rig_need(RULES("x = field.list { field.text { matches = '^(a|a)*$' }, max = 1000 }", ""),
             no_caches);
    career_text_add_string(&body, "\"x\":[");
    for (int i = 0; i < 1000; i++)
        career_text_add_format(
            &body, "%s\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"", i ? "," : "");
    career_text_add_string(&body, "]");
    assert_true(strstr(rig_judge(body.data), "x[99] bad_format"));
    assert_string_equal(
        rig_check(apr_pstrcat(pool, "{", body.data, "}", NULL), NULL).violations->given_up,
        "the one of x[0] takes too many steps for a text that was sent, which is refused as "
        "bad_format");
    assert_null(rig_check("{\"x\":[\"a\",\"b\"]}", NULL).violations->given_up);
    /* it is a matter of steps, long before one of time */
    assert_null(rig_check("{\"x\":[\"aaaaaaaaaab\"]}", NULL).violations->given_up);
    assert_non_null(rig_check("{\"x\":[\"aaaaaaaaaaaaaaaab\"]}", NULL).violations->given_up);
}

/* After eight that are given up none is tried, good as it may be. */
static void test_few_dear_patterns(void **state)
{
    static const char dear[] = "\"aaaaaaaaaaaaaaaaaaaab\"";
    career_text list = career_text_make(pool, 1024);

    (void)state;
    rig_need(RULES("x = field.list { field.text { matches = '^(a|a)*$' } }", ""), no_caches);
    assert_judged(apr_psprintf(pool, "\"x\":[%s,\"a\"]", dear), "x[0] bad_format");
    for (int i = 0; i < 8; i++)
        career_text_add_format(&list, "%s,", dear);
    assert_non_null(strstr(rig_judge(apr_psprintf(pool, "\"x\":[%s\"a\"]", list.data)),
                           "; x[7] bad_format; x[8] bad_format"));
}

/* A list of so many texts, each of which the expression of test_many_dear_patterns likes in the end, after a
 * thousand steps. */
static const char *dear_list(int count)
{
    career_text list = career_text_make(pool, 65536);

    career_text_add_string(&list, "\"x\":[");
    for (int i = 0; i < count; i++)
        career_text_add_format(&list, "%s\"aaaaaaaabc\"", i ? "," : "");
    career_text_add_string(&list, "]");
    return list.data;
}

/* Each stays below the limit of steps, and is good; all together they are more than a request may cost, ten times and
 * more, since machines differ. */
#define DEAR_TEXTS 20000

static void test_many_dear_patterns(void **state)
{
    rig_save save;

    (void)state;
    rig_need(RULES("x = field.list { field.text { matches = '(?:a|a)*d|bc$' }, max = 20000 }", ""),
             no_caches);
    assert_judged(dear_list(1), "");
    save = rig_check(apr_pstrcat(pool, "{" REQUIRED_VALUES ",", dear_list(DEAR_TEXTS), "}", NULL),
                     NULL);
    assert_int_equal(save.violations->count, CAREER_VIOLATIONS_MAX);
    assert_in_range(save.violations->count + save.violations->omitted, CAREER_VIOLATIONS_MAX,
                    DEAR_TEXTS - 1);
    assert_string_equal(save.violations->items[0].code, "bad_format");
    assert_string_equal(save.violations->given_up,
                        apr_psprintf(pool,
                                     "those up to %s took the budget's time for texts that were "
                                     "sent; the rest is refused as bad_format",
                                     save.violations->items[0].field));
    assert_judged(dear_list(1), ""); /* the next has the whole budget again */
}

/* PCRE2 counts steps, of which each may run through all of a text. Time of the processor, many times what it may take. */
static void test_pattern_of_long_steps(void **state)
{
    static const char *const slow[] = {"^.*[a-z]*[0-9]$", "a.{0,15000}[a-z]*[0-9]$",
                                       "(?:a.{0,9000}[a-z]*[0-9]|a)$"};
    char text[60001];
    const clock_t begun = clock();

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (size_t i = 0; i < sizeof(slow) / sizeof(*slow); i++) {
        rig_need(apr_psprintf(pool, RULES("x = field.text { matches = '%s' }", ""), slow[i]),
                 no_caches);
        assert_judged(apr_psprintf(pool, "\"x\":\"%s\"", text), "x bad_format");
        assert_true(clock() - begun < 5 * CLOCKS_PER_SEC);
    }
}

/* Not one place too few, nor a limit that is not there, whatever the thread has done before. */
static void test_pattern_of_a_whole_range(void **state)
{
    const char *text = "\"x\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"";
    const clock_t long_enough = clock() + CLOCKS_PER_SEC / 20;

    (void)state;
    while (clock() < long_enough)
        ;
    rig_need(RULES("x = field.text { matches = '(?<=a)$' }", ""), no_caches);
    assert_judged(text, "");
    rig_need(RULES("x = field.text { matches = '[0-9]' }", ""), no_caches);
    assert_judged(text, "x bad_format");
    assert_null(rig_check(apr_pstrcat(pool, "{", text, "}", NULL), NULL).violations->given_up);
}

static void test_numbers(void **state)
{
    (void)state;
    rig_need(
        RULES("i = field.integer { min = -2, max = 5 }, n = field.number { min = 0.5, max = 80 }, "
              "b = field.boolean {}",
              ""),
        no_caches);
    assert_judged("\"i\":5,\"n\":0.5,\"b\":false", "");
    assert_judged("\"i\":3.0", "");
    assert_judged("\"i\":1.5,\"n\":\"1\",\"b\":0", "b wrong_type; i wrong_type; n wrong_type");
    assert_judged("\"i\":6,\"n\":0.4", "i out_of_range; n out_of_range");
    assert_judged("\"i\":-3,\"n\":80.0001", "i out_of_range; n out_of_range");
    assert_judged("\"i\":9223372036854775807", "i out_of_range");
    assert_judged("\"i\":null,\"n\":null,\"b\":null", "");
}

static void test_dates(void **state)
{
    (void)state;
    rig_need(
        RULES("d = field.date { min = '2000-01-01', max = '2030-12-31' }, t = field.date { time "
              "= true }",
              ""),
        no_caches);
    assert_judged("\"d\":\"2024-02-29\",\"t\":\"2024-02-29T23:59:60.123Z\"", "");
    assert_judged("\"d\":\" 2024-02-29 \",\"t\":\"2024-02-29\"", "");
    assert_judged("\"d\":\"2023-02-29\",\"t\":\"2024-02-29T24:00:00Z\"",
                  "d bad_format; t bad_format");
    assert_judged("\"d\":\"2024-2-9\",\"t\":\"2024-02-29T10:00:00\"", "d bad_format; t bad_format");
    assert_judged("\"d\":\"2024-02-29T00:00:00Z\"", "d bad_format");
    assert_judged("\"d\":\"1999-12-31\"", "d out_of_range");
    assert_judged("\"d\":\"2031-01-01\"", "d out_of_range");
    assert_judged("\"t\":\"2024-02-29T10:00:00+01:30\"", "");
}

static void test_choices(void **state)
{
    rig_save save;

    (void)state;
    rig_need(RULES("c = field.one_of { 'a', 'b' }", ""), no_caches);
    assert_judged("\"c\":\"a\"", "");
    assert_judged("\"c\":\"A\"", "c not_allowed");
    assert_judged("\"c\":\"\"", "c not_allowed");
    assert_judged("\"c\":5", "c wrong_type");
    save = rig_check("{" REQUIRED_VALUES ",\"c\":\"x\"}", NULL);
    assert_string_equal(save.violations->items[0].allowed[0], "a");
    assert_string_equal(save.violations->items[0].allowed[1], "b");
    assert_null(save.violations->items[0].allowed[2]);
}

static void test_lists(void **state)
{
    (void)state;
    rig_need(
        RULES(
            "l = field.list { field.text { min = 1, max = 3 }, min = 2, max = 4, unique = true }, "
            "n = field.list { of = field.number { nullable = true }, unique = true }",
            ""),
        no_caches);
    assert_judged("\"l\":[\"a\",\"b\"]", "");
    assert_judged("\"l\":[\"a\"]", "l too_few");
    assert_judged("\"l\":[\"aaaa\",\"a\",\"b\",\"c\",\"d\"]", "l too_many");
    assert_judged("\"l\":[\"aaaa\",1,\"\",null]",
                  "l[0] too_long; l[1] wrong_type; l[2] too_short; l[3] wrong_type");
    assert_judged("\"l\":[\"a\",\"b\",\" a\",\"b\"]", "l[2] duplicate; l[3] duplicate");
    assert_judged("\"l\":\"a\"", "l wrong_type");
    assert_judged("\"l\":{}", "l wrong_type");
    assert_judged("\"n\":[1,2,null]", "");
    assert_judged("\"n\":[1,2,1.0,null,null]", "n[2] duplicate; n[4] duplicate");
    assert_judged("\"n\":[0,-0.0]", "n[1] duplicate");
}

static void test_a_list_has_a_bound(void **state)
{
    career_text body = career_text_make(pool, 65536);

    (void)state;
    rig_need(RULES("l = field.list { field.integer {}, unique = true }", ""), no_caches);
    career_text_add_string(&body, "\"l\":[0");
    for (int i = 1; i < 1000; i++)
        career_text_add_format(&body, ",%d", i);
    assert_judged(apr_pstrcat(pool, body.data, "]", NULL), "");
    assert_judged(apr_pstrcat(pool, body.data, ",5]", NULL), "l too_many");
}

static void test_records(void **state)
{
    (void)state;
    rig_need(
        RULES("r = field.list { field.record { skill = field.text { min = 1 },\nyears = "
              "field.number { min = 0 },\nlevel = field.one_of { 'a', 'b', optional = true },\n"
              "note = field.text { nullable = true } }, unique = true }, one = field.record { x "
              "= field.boolean { optional = true } }",
              ""),
        no_caches);
    assert_judged("\"r\":[{\"skill\":\"C\",\"years\":1,\"note\":null}]", "");
    assert_judged("\"r\":[{\"skill\":\"C\",\"years\":1,\"note\":\"n\",\"level\":null}]", "");
    assert_judged("\"r\":[{}]", "r[0].skill required; r[0].years required; r[0].note required");
    assert_judged("\"r\":[{\"skill\":null,\"years\":-1,\"note\":\"\",\"level\":\"c\",\"x\":1}]",
                  "r[0].skill required; r[0].years out_of_range; r[0].level not_allowed; r[0].x "
                  "unknown_field");
    assert_judged("\"r\":[5,[]]", "r[0] wrong_type; r[1] wrong_type");
    assert_judged("\"r\":[{\"skill\":\"C\",\"years\":1,\"note\":null},{\"note\":null,\"years\":1.0,"
                  "\"skill\":\"C \"}]",
                  "r[1] duplicate");
    assert_judged("\"one\":{}", "");
    assert_judged("\"one\":{\"x\":1,\"\":2}", "one.x wrong_type; one. unknown_field");
}

static void test_all_at_once_up_to_the_maximum(void **state)
{
    career_text body = career_text_make(pool, 4096);
    rig_save save;

    (void)state;
    rig_need(RULES("l = field.list { field.text {}, max = 500 }", ""), no_caches);
    career_text_add_string(&body, "{\"l\":[1");
    for (int i = 0; i < 149; i++)
        career_text_add_string(&body, ",1");
    career_text_add_string(&body, "]}");
    save = rig_check(body.data, NULL);
    assert_int_equal(save.violations->count, 100);
    assert_int_equal(save.violations->omitted, 53);
}

static void test_names_of_clients_are_tamed(void **state)
{
    char name[400];
    rig_save save;

    (void)state;
    rig_need(RULES("r = field.record { a = field.text { optional = true } }", ""), no_caches);
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    save = rig_check(
        apr_pstrcat(pool, "{" REQUIRED_VALUES ",\"r\":{\"", name, "\":1,\"a\\u001b[0m\":1}}", NULL),
        NULL);
    assert_int_equal(save.violations->count, 2);
    assert_true(strlen(save.violations->items[0].field) < 120);
    assert_string_equal(save.violations->items[1].field, "r.a\\u001b[0m");
}

static void test_words(void **state)
{
    rig_save save;

    (void)state;
    rig_need(
        RULES(
            "a = field.text { max = 1, label = 'The letter' }, b = field.text { max = 1, message = "
            "'Just one' }, c = field.text { max = 1, matches = '^x', message = { too_long = 'Too "
            "much' } }, d = field.integer { max = 80 }",
            ""),
        no_caches);
    save = rig_check("{" REQUIRED_VALUES ",\"a\":\"xx\",\"b\":\"xx\",\"c\":\"xx\",\"d\":81}", NULL);
    assert_string_equal(save.violations->items[0].message,
                        "The letter may have at most 1 character");
    assert_string_equal(save.violations->items[1].message, "Just one");
    assert_string_equal(save.violations->items[2].message, "Too much");
    assert_string_equal(save.violations->items[3].message, "d must be at most 80");
    save = rig_check("{" REQUIRED_VALUES ",\"c\":\"y\"}", NULL);
    assert_non_null(strstr(save.violations->items[0].message, "c does not have the form"));
}

/* ------------------------------------------------------------------------------------ normal form */

static void test_normal_form(void **state)
{
    rig_save save;
    const career_json *sent;
    int index;

    (void)state;
    rig_need(
        RULES(
            "a = field.text {}, l = field.list { field.text {} }, u = field.text { trimmed = false "
            "}, r = field.record { x = field.text {} }, d = field.text { default = 'dd' }",
            ""),
        no_caches);
    save = rig_check("{" REQUIRED_VALUES
                     ",\"a\":\" x \\t\",\"l\":[\"p\",\" q\"],\"u\":\" v \",\"r\":{\"x\":\"y "
                     "\"}}",
                     NULL);
    assert_string_equal(rig_codes(save.violations), "");
    assert_string_equal(rig_value(save.document, "a"), "\"x\"");
    assert_string_equal(rig_value(save.document, "l"), "[\"p\",\"q\"]");
    assert_string_equal(rig_value(save.document, "u"), "\" v \"");
    assert_string_equal(rig_value(save.document, "r"), "{\"x\":\"y\"}");
    save = rig_check("{\"a\":\"  \",\"d\":\"\\u200b\"}", save.document);
    index = career_layout_find(save.document->layout, CAREER_SLICE("a"));
    assert_true(career_document_lacks(save.document, (size_t)index));
    assert_string_equal(rig_value(save.document, "d"), "\"dd\"");

    /* what is in order is not copied */
    save = rig_check("{" REQUIRED_VALUES ",\"l\":[\"p\"]}", NULL);
    index = career_layout_find(save.document->layout, CAREER_SLICE("l"));
    sent = save.document->values[index];
    assert_int_equal(sent->array.count, 1);
}

/* What is stored is judged but not touched. */
static void test_stored_values_stay(void **state)
{
    rig_save stored, save;

    (void)state;
    rig_need(RULES("a = field.text { max = 3 }", ""), no_caches);
    stored = rig_check("{" REQUIRED_VALUES "}", NULL);
    stored.document->values[career_layout_find(stored.document->layout, CAREER_SLICE("a"))] =
        rig_json("[\" abc \"]")->array.items[0];
    save = rig_check("{\"industry\":\"x\"}", stored.document);
    assert_string_equal(rig_codes(save.violations), "");
    assert_string_equal(rig_value(save.document, "a"), "\" abc \"");
    stored.document->values[career_layout_find(stored.document->layout, CAREER_SLICE("a"))] =
        rig_json("[\"abcd\"]")->array.items[0];
    save = rig_check("{}", stored.document);
    assert_string_equal(rig_codes(save.violations), "a too_long");
}

/* ------------------------------------------------------------------------------------ validate */

static void test_validate(void **state)
{
    rig_save save, next;

    (void)state;
    rig_need(
        RULES(
            "goals = field.list { field.text {} }",
            "validate = function(profile, previous, user)\n"
            "if profile.seniority == 'senior' and #profile.goals < 2 then return { { field = "
            "'goals', code = 'too_few', message = 'Two of them', allowed = { 'x' } } } end\n"
            "if previous then return { { field = 'was', message = previous.currentRole .. user.id "
            ".. user.role .. user.aal .. user.claims.app.plan .. career.now } } end\n"
            "profile.industry = 'changed' end"),
        no_caches);
    save = rig_check("{" REQUIRED_VALUES "}", NULL);
    assert_null(save.error);
    assert_string_equal(rig_codes(save.violations), "goals too_few");
    assert_string_equal(save.violations->items[0].message, "Two of them");
    assert_string_equal(save.violations->items[0].allowed[0], "x");
    save = rig_check("{" REQUIRED_VALUES ",\"goals\":[\"a\",\"b\"]}", NULL);
    assert_string_equal(rig_codes(save.violations), "");
    assert_string_equal(rig_value(save.document, "industry"), "\"Energy\"");
    next = rig_check("{}", save.document);
    assert_string_equal(rig_codes(next.violations), "was not_valid");
    assert_string_equal(next.violations->items[0].message,
                        "Dev" USER "authenticatedaal1pro1700000000");
    save = rig_check("{\"seniority\":\"senior\"}",
                     NULL); /* not asked while simpler rules are broken */
    assert_string_equal(rig_codes(save.violations), "currentRole required; industry required");
}

/* Whatever stands around the word by which it is found that a function wants them. */
static void test_validate_gets_claims(void **state)
{
    static const char *const around[] = {
        "if user.claims.app.plan",
        "--[[ as ever ]] if user.claims.app.plan",
        "--[==[ ]] ]==] --[[x]] if user.claims.app.plan",
        "local dashes = '--' if user.claims.app.plan",
        "local dashes = \"\\\"--\" if user.claims.app.plan",
        "local dashes = [[ -- ]] if user.claims.app.plan",
        "local dashes = [=[ ]--] ]=] if user.claims.app.plan",
        "-- it's\nif user.claims.app.plan",
        "local all for _, v in pairs(user) do if type(v) == 'table' then all = v end end if all.app.plan",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(around) / sizeof(*around); i++) {
        rig_save save;

        rig_need(apr_psprintf(pool,
                              RULES("", "validate = function(profile, previous, user) %s == 'pro' "
                                        "then return { { field = 'x' } } end end"),
                              around[i]),
                 no_caches);
        save = rig_check("{" REQUIRED_VALUES "}", NULL);
        if (save.error)
            fail_msg("%s: %s", around[i], save.error->cause);
        assert_int_equal(save.violations->count, 1);
    }
}

/* A word in a comment is not the one that is wrong; one in a string is. */
static void test_lines(void **state)
{
    (void)state;
    assert_bad_section(
        "\nrecommended = { --[[ see\nindustri\n]] --[=[\nindustri ]]\n]=]\nindustri = 1 }",
        "dir/validation.lua:7: recommended: there is no field \"industri\"");
    assert_bad(RULES("", ""),
               "return { 'it\\'s -- fine', -- bad:{x}\n[[fine -- too]], [==[\nbad:{x}]==] }",
               "dir/caches.lua:3: ");
}

static void assert_validate_fails(const char *body, const char *like)
{
    rig_save save;

    rig_need(apr_pstrcat(pool,
                         "return { fields = { " REQUIRED_FIELDS " }, " REQUIRED_NAMES
                         "\nvalidate = function(profile, previous, user) ",
                         body, " end }", NULL),
             no_caches);
    for (int i = 0; i < 2; i++) {
        save = rig_check("{" REQUIRED_VALUES "}", NULL);
        assert_non_null(save.error);
        assert_int_equal(save.error->id, CAREER_ERROR_INTERNAL_ERROR);
        if (!strstr(save.error->cause, like))
            fail_msg("%s: \"%s\" does not say \"%s\"", body, save.error->cause, like);
    }
}

static void test_validate_fails_closed(void **state)
{
    (void)state;
    assert_validate_fails("error('on purpose')", "validation.lua:2: on purpose");
    assert_validate_fails("while true do end", "too long");
    assert_validate_fails("local t = {} while true do t[#t + 1] = ('x'):rep(1000) end", "");
    assert_validate_fails("return 'nonsense'", "must return nil or a list");
    assert_validate_fails("return { 5 }", "must return nil or a list");
    assert_validate_fails("return { { field = 'x' , message = 5 } }", "must return nil or a list");
    assert_validate_fails("return { { message = 'x' } }", "must return nil or a list");
    assert_validate_fails("return { field = 'x', message = 'y' }", "must return nil or a list");
    assert_validate_fails("return { { field = 'x', allowed = 'y' } }", "must return nil or a list");
    assert_validate_fails("return { { field = 'x', message = ('y'):rep(9999) } }", "must return");
    assert_validate_fails("leak = profile", "write local leak");
}

static void test_validate_may_say_much(void **state)
{
    rig_save save;

    (void)state;
    rig_need(
        RULES("",
              "validate = function() local t = {} for i = 1, 150 do t[i] = { field = 'a' .. i } "
              "end return t end"),
        no_caches);
    save = rig_check("{" REQUIRED_VALUES "}", NULL);
    assert_null(save.error);
    assert_int_equal(save.violations->count, 100);
    assert_int_equal(save.violations->omitted, 50);
}

/* One request's data must not be there in the next. */
static void test_validate_forgets(void **state)
{
    rig_save save;

    (void)state;
    rig_need(
        "local seen = {} return { fields = { " REQUIRED_FIELDS " }, " REQUIRED_NAMES
        "validate = function(profile) seen[#seen + 1] = profile.currentRole if #seen > 1 then return { "
        "{ field = 'leak' } } end end }",
        no_caches);
    for (int i = 0; i < 3; i++) {
        save = rig_check("{" REQUIRED_VALUES "}", NULL);
        assert_null(save.error);
        assert_string_equal(rig_codes(save.violations), "");
    }
}

/* One thread's work: saves whose complaint names the thread. Not an assertion in it: cmocka's jump. */
static void *save_often(void *name)
{
    static const career_identity user = {.user_id = USER, .role = "authenticated"};
    size_t wrong = 0;

    for (int i = 0; i < 200; i++) {
        apr_pool_t *own = career_pool_create();
        career_violations *violations = career_violations_make(own);
        const char *fault,
            *body = apr_psprintf(own, "{" REQUIRED_VALUES ",\"name\":\"%s\"}", (const char *)name);
        career_document *document =
            career_document_merge(own, career_rules_layout(rules), NULL,
                                  career_json_parse(own, body, strlen(body), &fault), violations);
        career_error *error =
            career_rules_check(rules, own, document, NULL, &user, RIG_NOW, violations);

        wrong += error || violations->count != 1 || strcmp(violations->items[0].message, name) != 0;
        apr_pool_destroy(own);
    }
    return wrong ? name : NULL;
}

static void test_threads(void **state)
{
    static char names[][2] = {"a", "b", "c", "d"};
    pthread_t threads[4];
    void *wrong;

    (void)state;
    rig_need(
        "local last return { fields = { " REQUIRED_FIELDS " name = field.text {} }, " REQUIRED_NAMES
        "validate = function(profile) if profile.name == 'd' then last = profile.name end return { { "
        "field = 'name', message = last or profile.name } } end }",
        no_caches);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, save_often, names[i]), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
}

/* ------------------------------------------------------------------------------------ recommendations */

static const char *advice(const char *body)
{
    rig_save save = rig_check(body, NULL);
    career_text text = career_text_make(pool, 128);

    career_json_write(&text, career_rules_recommend(rules, pool, save.document));
    return text.data;
}

static void test_recommendations(void **state)
{
    (void)state;
    rig_need(
        RULES("skills = field.list { field.text {} }, name = field.text { default = 'x' }, tags = "
              "field.list { field.text {}, label = 'Tags' }",
              "recommended = { skills = { min = 3, message = 'Three, please' }, tags = 2 }, "
              "enhancements = { name = 'Say who you are', tags = 'Good to have' }"),
        no_caches);
    assert_string_equal(
        advice("{" REQUIRED_VALUES ",\"skills\":[\"a\"]}"),
        "[{\"field\":\"name\",\"have\":0,\"want\":1,\"message\":\"Say who you are\"},"
        "{\"field\":\"skills\",\"have\":1,\"want\":3,\"message\":\"Three, please\"},"
        "{\"field\":\"tags\",\"have\":0,\"want\":2,\"message\":\"Tags: name at least 2 "
        "for better recommendations\"}]");
    assert_string_equal(advice("{" REQUIRED_VALUES
                               ",\"skills\":[\"a\",\"b\",\"c\"],\"name\":\"x\",\"tags\":"
                               "[\"a\",\"b\"]}"),
                        "[]");
}

/* ------------------------------------------------------------------------------------ caches.lua */

/* What a save clears: "KIND text" lines. body and previous NULL: the row is gone. */
static const char *cleared(const char *body, const char *previous)
{
    static const char *const kinds[] = {[CAREER_TARGET_KEY] = "key",
                                        [CAREER_TARGET_GLOB] = "glob",
                                        [CAREER_TARGET_SET] = "set",
                                        [CAREER_TARGET_BUMP] = "bump"};
    career_identity user = {.role = NULL};
    career_document *before = previous ? rig_check(previous, NULL).document : NULL;
    career_document *profile = body ? rig_check(body, before).document : NULL;
    career_text text = career_text_make(pool, 128);
    career_targets targets;
    career_error *error;

    apr_cpystrn(user.user_id, USER, sizeof(user.user_id));
    error = career_rules_targets(rules, pool, &user, profile, before, 42, &targets);
    if (error)
        return error->cause;
    for (size_t i = 0; i < targets.count; i++)
        career_text_add_format(
            &text, "%s %s\n", kinds[targets.items[i].kind],
            apr_pstrmemdup(pool, targets.items[i].text.data, targets.items[i].text.len));
    return text.data;
}

static const char with_team[] =
    RULES("team = field.text {}, n = field.integer {}, tags = field.list { "
          "field.text {} }",
          "");
#define PROFILE "{" REQUIRED_VALUES ",\"team\":\"a*b?[c]\\\\\",\"n\":5}"

static void test_targets(void **state)
{
    (void)state;
    rig_need(with_team,
             "return { 'all:*', 'k:{user_id}', 'g:{user_id}:*', 'a\\\\*b', { key = 'k*:{team}' }, "
             "{ set = 's:{user_id}' }, { key = 'gen:{version}', bump = true }, 't:{team}:?', "
             "'n:{n}', '\\\\{x\\\\}', 'h:[ab]\\\\[' }");
    assert_string_equal(cleared(PROFILE, NULL),
                        "glob all:*\nkey k:" USER "\nglob g:" USER ":*\nkey a*b\nkey k*:a*b?[c]\\\n"
                        "set s:" USER
                        "\nbump gen:42\nglob t:a\\*b\\?\\[c\\]\\\\:?\nkey n:5\nkey {x}\n"
                        "glob h:[ab]\\[\n");
}

static void test_targets_of_absent_values(void **state)
{
    (void)state;
    rig_need(with_team, "return { 't:{team}', 'u:{user_id}' }");
    assert_string_equal(cleared("{" REQUIRED_VALUES "}", NULL), "key u:" USER "\n");
    assert_string_equal(cleared(NULL, NULL), "key u:" USER "\n");
}

static void test_targets_of_old_and_new(void **state)
{
    (void)state;
    rig_need(with_team, "return { 't:{team}', 'u:{user_id}' }");
    assert_string_equal(cleared("{\"team\":\"new\"}", "{" REQUIRED_VALUES ",\"team\":\"old\"}"),
                        "key t:new\nkey t:old\nkey u:" USER "\n");
    assert_string_equal(cleared("{\"n\":1}", "{" REQUIRED_VALUES ",\"team\":\"same\"}"),
                        "key t:same\nkey u:" USER "\n");
}

static void assert_bad_targets(const char *list, const char *like)
{
    assert_bad(with_team, apr_pstrcat(pool, "return {\n", list, " }", NULL), like);
    assert_non_null(strstr(why, "caches.lua"));
    rig_need(with_team, apr_pstrcat(pool, "return function() return { ", list, " } end", NULL));
    assert_non_null(strstr(cleared(PROFILE, NULL), like));
}

static void test_bad_targets(void **state)
{
    (void)state;
    assert_bad_targets("''", "between 1 and");
    assert_bad_targets("'*'", "every key of the database");
    assert_bad_targets("'**?'", "every key of the database");
    assert_bad_targets("'[a-z]*'", "every key of the database");
    assert_bad_targets("'{team}*'", "every key of the database");
    assert_bad_targets("'a:{user}'", "did you mean {user_id}?");
    assert_bad_targets("'a:{tags}'", "there is no {tags}");
    assert_bad_targets("'a:{}'", "there is no {}");
    assert_bad_targets("'a:{user_id'", "without its }");
    assert_bad_targets("'a:[x'", "without its ]");
    assert_bad_targets("'a*\\\\'", "lone backslash");
    assert_bad_targets("5", "an entry is");
    assert_bad_targets("{ 'a' }", "an entry is");
    assert_bad_targets("{ key = 'a', set = 'b' }", "an entry is");
    assert_bad_targets("{ key = 'a', bmp = true }", "did you mean \"bump\"?");
    assert_bad_targets("{ set = 'a', bump = true }", "only a key");
    assert_bad_targets("{ key = 'a', bump = 1 }", "true or false");
    assert_bad_targets("function() end", "an entry is");
    assert_bad(with_team, "return {\n'fine',\n'bad:{x}',\n}", "dir/caches.lua:3:");
}

static void test_targets_by_function(void **state)
{
    (void)state;
    rig_need(
        with_team,
        "return function(user, profile, previous)\n"
        "if not profile then return { 'gone:' .. user.id } end\n"
        "if profile.team == 'fail' then error('on purpose') end\n"
        "if profile.team == 'none' then return nil end\n"
        "return { 'a:' .. literal(profile.team) .. ':*', (user.role or 'nobody') .. ':{user_id}', "
        "previous and 'was:' .. previous.team or 'new' } end");
    assert_string_equal(cleared(NULL, NULL), "key gone:" USER "\n");
    assert_string_equal(cleared("{" REQUIRED_VALUES ",\"team\":\"*{n}\"}", NULL),
                        "glob a:\\*\\{n\\}:*\nkey nobody:" USER "\nkey new\n");
    assert_string_equal(cleared("{\"team\":\"b\"}", "{" REQUIRED_VALUES ",\"team\":\"a\"}"),
                        "glob a:b:*\nkey nobody:" USER "\nkey was:a\n");
    assert_string_equal(cleared("{" REQUIRED_VALUES ",\"team\":\"none\"}", NULL), "");
    assert_non_null(strstr(cleared("{" REQUIRED_VALUES ",\"team\":\"fail\"}", NULL),
                           "caches.lua:3: on purpose"));
}

static void test_notices(void **state)
{
    size_t count;
    const char *const *notices;

    (void)state;
    rig_need(with_team, "return { 'a:*', 'b:{user_id}:*', 'c', 'd:{team}:*' }");
    notices = career_rules_notices(rules, pool, &count);
    assert_int_equal(count, 2);
    assert_non_null(strstr(notices[0], "\"a:*\""));
    assert_non_null(strstr(notices[1], "\"d:{team}:*\""));

    rig_need(RULES("", "validate = function() end"), "return function() end");
    notices = career_rules_notices(rules, pool, &count);
    assert_int_equal(count, 2);
    assert_non_null(strstr(notices[0], "validation.lua: the function validate"));
    assert_non_null(strstr(notices[1], "caches.lua: its function"));
}

static bool quick(const char *validation, const char *caches)
{
    rig_need(validation, caches);
    return career_rules_are_quick(rules);
}

/* Whatever may take its time, however deep it is hidden. */
static void test_quick(void **state)
{
    static const char *const slow[] = {
        "own = field.text { matches = 'a' }", "own = field.list { field.text { matches = 'a' } }",
        "own = field.record { a = field.list { field.record { b = field.text { matches = 'a' } } } }"};

    (void)state;
    assert_true(quick(RULES("own = field.list { field.record { a = field.text {} } }", ""),
                      "return { 'a:{user_id}:*' }"));
    for (size_t i = 0; i < sizeof(slow) / sizeof(*slow); i++)
        assert_false(quick(apr_psprintf(pool, RULES("%s", ""), slow[i]), no_caches));
    assert_false(quick(RULES("", "validate = function() end"), no_caches));
    assert_false(quick(RULES("", ""), "return function() return {} end"));
}

/* ------------------------------------------------------------------------------------ the shipped rules */

static void test_shipped_rules(void **state)
{
    const career_layout *layout;
    rig_save save;

    (void)state;
    rig_need(unit_read("lua/validation.lua"), unit_read("lua/caches.lua"));
    layout = career_rules_layout(rules);
    assert_int_equal(layout->count, CAREER_COLUMN_COUNT);
    for (size_t i = 0; i < layout->count; i++)
        assert_int_equal(layout->fields[i].column, i);
    save = rig_check(
        "{\"currentRole\":\"Frontend Engineer\",\"seniority\":\"mid-level\",\"industry\":"
        "\"Technology/Software\",\"skillTags\":[{\"skill\":\"React\",\"proficiency\":\"advanced\","
        "\"yearsOfExperience\":5,\"lastUsed\":\"2025-11-03T00:00:00.000Z\",\"category\":\"web\","
        "\"order\":0,\"pendingProficiency\":true}]}",
        NULL);
    assert_string_equal(rig_codes(save.violations), "");
    assert_string_equal(rig_value(save.document, "companySize"), "\"small\"");
    assert_string_equal(rig_value(save.document, "timeframe"), "\"short-term\"");
    assert_string_equal(rig_value(save.document, "availableTime"), "\"moderate\"");
    assert_string_equal(rig_value(save.document, "budget"), "\"moderate\"");
    assert_string_equal(cleared("{}", NULL), "glob career-impact:v2:*\nglob recommendations:" USER
                                             ":*\nglob dashboard-analytics:" USER ":*\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_files_that_are_none),
        TEST(test_hints),
        TEST(test_names),
        TEST(test_columns),
        TEST(test_options),
        TEST(test_defaults),
        TEST(test_sections),
        TEST(test_too_many_fields),
        TEST(test_costly_patterns),
        TEST(test_slow_kinds),
        TEST(test_slow_default),
        TEST(test_l19_too_large),
        TEST(test_layout),
        TEST(test_required),
        TEST(test_required_with_default),
        TEST(test_texts),
        TEST(test_dear_patterns),
        TEST(test_few_dear_patterns),
        TEST(test_many_dear_patterns),
        TEST(test_pattern_of_long_steps),
        TEST(test_pattern_of_a_whole_range),
        TEST(test_numbers),
        TEST(test_dates),
        TEST(test_choices),
        TEST(test_lists),
        TEST(test_a_list_has_a_bound),
        TEST(test_records),
        TEST(test_all_at_once_up_to_the_maximum),
        TEST(test_names_of_clients_are_tamed),
        TEST(test_words),
        TEST(test_normal_form),
        TEST(test_stored_values_stay),
        TEST(test_validate),
        TEST(test_validate_gets_claims),
        TEST(test_lines),
        TEST(test_validate_fails_closed),
        TEST(test_validate_may_say_much),
        TEST(test_validate_forgets),
        TEST(test_threads),
        TEST(test_recommendations),
        TEST(test_targets),
        TEST(test_targets_of_absent_values),
        TEST(test_targets_of_old_and_new),
        TEST(test_bad_targets),
        TEST(test_targets_by_function),
        TEST(test_notices),
        TEST(test_quick),
        TEST(test_shipped_rules),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
