/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vocabulary, field.*, word by word: how each option of each kind is refused when it is written wrongly, what
 * a document must be to meet it, what is said of one that does not, and how it comes out as JSON Schema. Fails when
 * the code or the guide knows a kind, an option, a format or a code that the tables here do not.
 */
#include "rules/kind.h"
#include "rules_rig.h"

#define REQUIRED_WITH_X "required = { 'currentRole', 'seniority', 'industry', 'x' } "
#define LONG_WORDS "('x'):rep(501)"

/* ------------------------------------------------------------------------------------ helpers */

static const char *with_x(const char *declaration, const char *required)
{
    return apr_pstrcat(pool, "return { fields = { ", REQUIRED_FIELDS, "x = ", declaration, " }, ",
                       required, "}", NULL);
}

static void load(const char *declaration)
{
    if (!rig_compile(with_x(declaration, REQUIRED_NAMES), "return {}"))
        fail_msg("%s: %s", declaration, why);
}

/* The whole message, but for the file and line that it begins with. */
static void assert_refused(const char *declaration, const char *fault)
{
    static const char place[] = "dir/validation.lua:1: fields.x";

    if (rig_compile(with_x(declaration, REQUIRED_NAMES), "return {}"))
        fail_msg("%s: it compiles", declaration);
    if (strncmp(why, place, sizeof(place) - 1) != 0 || strcmp(why + sizeof(place) - 1, fault) != 0)
        fail_msg("%s:\n  %s\n  instead of %s%s", declaration, why, place, fault);
}

/* What the first violation says, as "x code: sentence"; "" when the document is good. */
static const char *first_violation(const char *value)
{
    rig_save save = rig_check(
        apr_pstrcat(pool, "{", REQUIRED_VALUES, *value ? ",\"x\":" : "", value, "}", NULL), NULL);

    if (save.violations->count == 0)
        return "";
    return apr_psprintf(pool, "%s %s: %s", save.violations->items[0].field,
                        save.violations->items[0].code, save.violations->items[0].message);
}

static void assert_says(const char *declaration, const char *value, const char *wanted)
{
    const char *got;

    load(declaration);
    got = first_violation(value);
    if (strcmp(got, wanted) != 0)
        fail_msg("%s: %s: \"%s\" instead of \"%s\"", declaration, value, got, wanted);
}

static const char *schema_of_x(void)
{
    career_text text = career_text_make(pool, 256);

    career_json_write(
        &text,
        career_json_get(career_json_get(career_rules_schema(rules, pool), "properties"), "x"));
    return text.data;
}

static void assert_schema(const char *declaration, const char *wanted)
{
    load(declaration);
    if (strcmp(schema_of_x(), wanted) != 0)
        fail_msg("%s: %s instead of %s", declaration, schema_of_x(), wanted);
}

/* What a save with that value of x leaves in the profile; "" sends none. */
static const char *saved(const char *value)
{
    rig_save save = rig_check(
        apr_pstrcat(pool, "{", REQUIRED_VALUES, *value ? ",\"x\":" : "", value, "}", NULL), NULL);

    if (save.violations->count)
        fail_msg("%s: %s", value, rig_codes(save.violations));
    return rig_value(save.document, "x");
}

static bool is_among(const char *const *list, const char *word)
{
    for (; *list; list++)
        if (strcmp(*list, word) == 0)
            return true;
    return false;
}

/* ------------------------------------------------------------------------------------ options of one kind */

static const struct option {
    career_kind_id kind;
    const char *name;
    const char *good;
    const char *bad, *fault;    /* does not load, and what is said behind "fields.x" */
    const char *meets, *breaks; /* documents */
    const char *said;
    const char *schema;
} options[] = {
    /* clang-format off */
    {CAREER_IS_TEXT, "min", "field.text { min = 2 }",
     "field.text { min = -1 }", ": min must be a whole number from 0 to 1000000",
     "\" ab \"", "\" a \"", "x too_short: x must have at least 2 characters",
     "{\"type\":[\"string\",\"null\"],\"minLength\":2}"},
    {CAREER_IS_TEXT, "max", "field.text { max = 2 }",
     "field.text { min = 3, max = 2 }", ": min is greater than max",
     "\" \\u00e4\\u00e4 \"", "\"abc\"", "x too_long: x may have at most 2 characters",
     "{\"type\":[\"string\",\"null\"],\"maxLength\":2}"},
    {CAREER_IS_TEXT, "trimmed", "field.text { trimmed = false, max = 2 }",
     "field.text { trimmed = 'no' }", ": trimmed must be true or false",
     "\" a\"", "\" a \"", "x too_long: x may have at most 2 characters",
     "{\"type\":[\"string\",\"null\"],\"maxLength\":2}"},
    {CAREER_IS_TEXT, "matches", "field.text { matches = '^[A-Z]+$' }",
     "field.text { matches = 5 }", ": matches must be a text",
     "\"AB\"", "\"ab\"", "x bad_format: x does not have the form that is asked for",
     "{\"type\":[\"string\",\"null\"],\"pattern\":\"^[A-Z]+$\"}"},
    {CAREER_IS_TEXT, "format", "field.text { format = 'uuid' }",
     "field.text { format = 'uid' }", ": there is no format \"uid\"; did you mean \"uuid\"?",
     "\"01234567-89ab-cdef-0123-456789abcdef\"", "\"x\"", "x bad_format: x must be a UUID",
     "{\"type\":[\"string\",\"null\"],\"format\":\"uuid\",\"pattern\":"
     "\"^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$\"}"},
    {CAREER_IS_INTEGER, "min", "field.integer { min = 2 }",
     "field.integer { min = '2' }", ": min must be a number",
     "2", "1", "x out_of_range: x must be at least 2",
     "{\"type\":[\"integer\",\"null\"],\"minimum\":2}"},
    {CAREER_IS_INTEGER, "max", "field.integer { max = 2 }",
     "field.integer { min = 3, max = 2 }", ": min is greater than max",
     "2.0", "3", "x out_of_range: x must be at most 2",
     "{\"type\":[\"integer\",\"null\"],\"maximum\":2}"},
    {CAREER_IS_NUMBER, "min", "field.number { min = 0.5 }",
     "field.number { min = {} }", ": min must be a number",
     "0.5", "0.4", "x out_of_range: x must be at least 0.5",
     "{\"type\":[\"number\",\"null\"],\"minimum\":0.5}"},
    {CAREER_IS_NUMBER, "max", "field.number { max = 1.5 }",
     "field.number { max = error }", ": max must be a number",
     "1.5", "1.6", "x out_of_range: x must be at most 1.5",
     "{\"type\":[\"number\",\"null\"],\"maximum\":1.5}"},
    {CAREER_IS_DATE, "min", "field.date { min = '2000-01-01' }",
     "field.date { min = '2000-1-1' }", ": min must be a date such as \"2026-02-28\"",
     "\"2000-01-01\"", "\"1999-12-31\"", "x out_of_range: x must not be before 2000-01-01",
     "{\"type\":[\"string\",\"null\"],\"format\":\"date\",\"pattern\":DAY,"
     "\"$comment\":\"the server also checks that it lies between 2000-01-01 and the end\"}"},
    {CAREER_IS_DATE, "max", "field.date { max = '2000-01-01' }",
     "field.date { min = '2000-01-02', max = '2000-01-01' }", ": min is later than max",
     "\"2000-01-01\"", "\"2000-01-02\"", "x out_of_range: x must not be after 2000-01-01",
     "{\"type\":[\"string\",\"null\"],\"format\":\"date\",\"pattern\":DAY,"
     "\"$comment\":\"the server also checks that it lies between the beginning and 2000-01-01\"}"},
    {CAREER_IS_DATE, "time", "field.date { time = true }",
     "field.date { time = 12 }", ": time must be true or false",
     "\"2000-01-01T12:00:00Z\"", "\"2000-01-01T25:00:00Z\"",
     "x bad_format: x must be a date such as 2026-02-28 or 2026-02-28T12:00:00Z",
     "{\"type\":[\"string\",\"null\"],\"pattern\":DAY}"},
    {CAREER_IS_LIST, "of", "field.list { of = field.boolean {} }",
     "field.list { of = 'text' }", "[]: is no kind; write one such as field.text { max = 80 }",
     "[true]", "[1]", "x[0] wrong_type: x[0] must be true or false",
     "{\"type\":[\"array\",\"null\"],\"items\":{\"type\":\"boolean\"},\"maxItems\":1000}"},
    {CAREER_IS_LIST, "min", "field.list { field.boolean {}, min = 2 }",
     "field.list { field.boolean {}, min = 0.5 }", ": min must be a whole number from 0 to 1000000",
     "[true,false]", "[true]", "x too_few: x must have at least 2 items",
     "{\"type\":[\"array\",\"null\"],\"items\":{\"type\":\"boolean\"},\"minItems\":2,"
     "\"maxItems\":1000}"},
    {CAREER_IS_LIST, "max", "field.list { field.boolean {}, max = 1 }",
     "field.list { field.boolean {}, max = 1e7 }", ": max must be a whole number from 0 to 1000000",
     "[true]", "[true,true]", "x too_many: x may have at most 1 item",
     "{\"type\":[\"array\",\"null\"],\"items\":{\"type\":\"boolean\"},\"maxItems\":1}"},
    {CAREER_IS_LIST, "unique", "field.list { field.text {}, unique = true }",
     "field.list { field.text {}, unique = 1 }", ": unique must be true or false",
     "[\"a\",\"b\"]", "[\"a\",\" a\"]", "x[1] duplicate: x[1] stands in the list already",
     "{\"type\":[\"array\",\"null\"],\"items\":{\"type\":\"string\"},\"maxItems\":1000,"
     "\"uniqueItems\":true}"},
    /* clang-format on */
};
#define OPTION_COUNT (sizeof(options) / sizeof(*options))

/* The pattern of days is long: DAY stands for any. */
static void assert_schema_like(const struct option *option)
{
    const char *day = strstr(option->schema, "DAY"), *got;
    size_t before;

    if (!day) {
        assert_schema(option->good, option->schema);
        return;
    }
    load(option->good);
    got = schema_of_x();
    before = (size_t)(day - option->schema);
    if (strncmp(got, option->schema, before) != 0 || strncmp(got + before, "\"^(?:", 5) != 0 ||
        !strstr(got + before, apr_pstrcat(pool, "$\"", day + 3, NULL)))
        fail_msg("%s: %s instead of %s", option->good, got, option->schema);
}

static void test_options(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        assert_refused(options[i].bad, options[i].fault);
        assert_says(options[i].good, options[i].meets, "");
        assert_says(options[i].good, options[i].breaks, options[i].said);
        assert_schema_like(&options[i]);
    }
}

static const struct format {
    const char *name, *meets, *breaks, *said, *schema; /* its name in JSON Schema */
} formats[] = {
    {"date", "\"2024-02-29\"", "\"2023-02-29\"", "a date such as 2026-02-28", "date"},
    {"date-time", "\"2024-02-29T00:00:00Z\"", "\"2024-02-29\"",
     "a date and time such as 2026-02-28T12:00:00Z", "date-time"},
    {"email", "\"a@b.example\"", "\"a@\"", "an email address", "email"},
    {"url", "\"https://a.example/\"", "\"a.example\"",
     "a web address that begins with http:// or https://", "uri"},
    {"uuid", "\"01234567-89AB-cdef-0123-456789abcdef\"", "\"1\"", "a UUID", "uuid"},
};
#define FORMAT_COUNT (sizeof(formats) / sizeof(*formats))

static void test_formats(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        const struct format *format = &formats[i];
        const char *declared = apr_psprintf(pool, "field.text { format = '%s' }", format->name);

        assert_says(declared, format->meets, "");
        assert_says(declared, format->breaks,
                    apr_psprintf(pool, "x bad_format: x must be %s", format->said));
        assert_non_null(
            strstr(schema_of_x(), apr_psprintf(pool, "\"format\":\"%s\"", format->schema)));
    }
}

/* ------------------------------------------------------------------------------------ options of every kind */

static const struct kind {
    const char *name;
    const char *arguments; /* of the plainest such kind, with a comma behind */
    const char *value;     /* that it takes, as JSON */
    const char *lua;       /* the same */
    const char *wrong;     /* that it does not take, as JSON */
    const char *code, *said;
    const char *wrong_lua, *fault; /* a default that it is refused for, and why */
    const char *type;              /* in JSON Schema */
} kinds[CAREER_KIND_COUNT] = {
    /* clang-format off */
    [CAREER_IS_TEXT] = {"text", "", "\"a\"", "'a'", "1", "wrong_type", "must be text",
     "1", "must be text", "string"},
    [CAREER_IS_INTEGER] = {"integer", "", "5", "5", "1.5", "wrong_type", "must be a whole number",
     "1.5", "must be a whole number", "integer"},
    [CAREER_IS_NUMBER] = {"number", "", "0.5", "0.5", "\"1\"", "wrong_type", "must be a number",
     "'1'", "must be a number", "number"},
    [CAREER_IS_BOOLEAN] = {"boolean", "", "false", "false", "0", "wrong_type", "must be true or false",
     "0", "must be true or false", "boolean"},
    [CAREER_IS_DATE] = {"date", "", "\"2026-02-28\"", "'2026-02-28'", "20260228", "wrong_type",
     "must be a date as text", "'2026'", "must be a date such as 2026-02-28", "string"},
    [CAREER_IS_ONE_OF] = {"one_of", "'a', 'b', ", "\"b\"", "'b'", "true", "wrong_type",
     "must be one of the allowed texts", "'c'", "is not one of the allowed values", "string"},
    [CAREER_IS_LIST] = {"list", "field.boolean {}, ", "[true]", "{ true }", "{}", "wrong_type",
     "must be a list", "{ a = 1 }", "must be a list", "array"},
    [CAREER_IS_RECORD] = {"record", "m = field.integer {}, ", "{\"m\":1}", "{ m = 1 }", "[]", "wrong_type",
     "must be a record (an object)", "'m'", "must be a record (an object)", "object"},
    /* clang-format on */
};

/* field.KIND { …, more } */
static const char *declare(const struct kind *kind, const char *more)
{
    return apr_psprintf(pool, "field.%s { %s%s }", kind->name, kind->arguments, more);
}

static void test_kinds(void **state)
{
    (void)state;
    for (int i = 0; i < CAREER_KIND_COUNT; i++) {
        const struct kind *kind = &kinds[i];

        assert_says(declare(kind, ""), kind->value, "");
        assert_says(declare(kind, ""), "null", "");
        assert_says(declare(kind, ""), "", "");
        assert_says(declare(kind, ""), kind->wrong,
                    apr_psprintf(pool, "x %s: x %s", kind->code, kind->said));
        assert_non_null(
            strstr(schema_of_x(), apr_psprintf(pool, "{\"type\":[\"%s\",\"null\"]", kind->type)));
        assert_refused(apr_psprintf(pool, "field.%s", kind->name),
                       " is no kind; write one such as field.text { max = 80 }");
        if (i != CAREER_IS_ONE_OF && i != CAREER_IS_LIST)
            assert_refused(declare(kind, "'stray'"),
                           apr_psprintf(pool, ": field.%s takes options by name only", kind->name));
    }
    assert_refused("field.one_of {}", ": field.one_of takes between 1 and 1000 values: "
                                      "field.one_of { \"a\", \"b\" }");
    assert_refused("field.list {}", ": field.list takes one kind for its items: "
                                    "field.list { field.text {} }");
    assert_refused("field.record {}", ": field.record takes between 1 and 100 members: "
                                      "field.record { name = field.text {} }");
}

static void test_default(void **state)
{
    (void)state;
    for (int i = 0; i < CAREER_KIND_COUNT; i++) {
        const struct kind *kind = &kinds[i];
        const char *none = i == CAREER_IS_LIST ? "[]" : "null";

        load(declare(kind, ""));
        assert_string_equal(saved(""), none);
        assert_string_equal(saved("null"), none);
        load(declare(kind, apr_psprintf(pool, "default = %s", kind->lua)));
        assert_string_equal(saved(""), kind->value);
        assert_string_equal(saved("null"), kind->value);
        assert_non_null(strstr(schema_of_x(), apr_psprintf(pool, ",\"default\":%s}", kind->value)));
        assert_refused(declare(kind, apr_psprintf(pool, "default = %s", kind->wrong_lua)),
                       apr_psprintf(pool,
                                    ": the default does not meet the rule itself: default: "
                                    "default %s",
                                    kind->fault));
        assert_refused(declare(kind, "default = error"), ": default must be a value");
        assert_refused(apr_psprintf(pool, "field.list { %s }",
                                    declare(kind, apr_psprintf(pool, "default = %s", kind->lua))),
                       "[]: a default is for a field, not for a part of one");
        if (i != CAREER_IS_RECORD) /* of which it would be a member */
            assert_refused(declare(kind, "default = field.text {}"), ": default must be a value");
    }
    load("field.record { m = field.integer { optional = true }, default = {} }");
    assert_string_equal(saved(""), "{}");
}

/* A list of it, and a record with it and another member. */
static const char *list_of(const struct kind *kind, const char *more)
{
    return apr_psprintf(pool, "field.list { %s }", declare(kind, more));
}

static const char *record_of(const struct kind *kind, const char *more)
{
    return apr_psprintf(pool, "field.record { p = %s, o = field.boolean {} }", declare(kind, more));
}

static void test_nullable(void **state)
{
    (void)state;
    for (int i = 0; i < CAREER_KIND_COUNT; i++) {
        const struct kind *kind = &kinds[i];
        const char *or_null = apr_psprintf(pool, "{\"type\":[\"%s\",\"null\"]", kind->type);
        const char *item = apr_pstrcat(pool, "\"items\":", or_null, NULL);
        const char *member = apr_pstrcat(pool, "\"p\":", or_null, NULL);

        assert_says(list_of(kind, ""), "[null]", "x[0] wrong_type: x[0] must not be null");
        assert_null(strstr(schema_of_x(), item));
        assert_says(list_of(kind, "nullable = true"), "[null]", "");
        assert_non_null(strstr(schema_of_x(), item));
        assert_says(record_of(kind, ""), "{\"p\":null,\"o\":true}",
                    "x.p required: x.p is required");
        assert_null(strstr(schema_of_x(), member));
        assert_says(record_of(kind, "nullable = true"), "{\"p\":null,\"o\":true}", "");
        assert_non_null(strstr(schema_of_x(), member));
        assert_says(record_of(kind, "nullable = true"), "{\"o\":true}",
                    "x.p required: x.p is required");
        assert_refused(declare(kind, "nullable = 1"), ": nullable must be true or false");
    }
}

static void test_optional(void **state)
{
    (void)state;
    for (int i = 0; i < CAREER_KIND_COUNT; i++) {
        const struct kind *kind = &kinds[i];

        assert_says(record_of(kind, ""), "{\"o\":true}", "x.p required: x.p is required");
        assert_non_null(strstr(schema_of_x(), "\"required\":[\"o\",\"p\"]"));
        assert_says(record_of(kind, "optional = true"), "{\"o\":true}", "");
        assert_non_null(strstr(schema_of_x(), "\"required\":[\"o\"]"));
        assert_says(record_of(kind, "optional = true"), "{\"p\":null,\"o\":true}", "");
        assert_refused(record_of(kind, "optional = 1"), ".p: optional must be true or false");
        assert_refused(declare(kind, "optional = true"),
                       ": optional is for members of records; a field is optional unless "
                       "`required` names it");
        assert_refused(list_of(kind, "optional = true"),
                       ": an item of a list cannot be optional; nullable lets it be null");
    }
}

static void test_label(void **state)
{
    static const char fault[] = ": label must be a text of at most 500 bytes";

    (void)state;
    for (int i = 0; i < CAREER_KIND_COUNT; i++) {
        const struct kind *kind = &kinds[i];

        assert_says(declare(kind, "label = 'Your X'"), kind->wrong,
                    apr_psprintf(pool, "x %s: Your X %s", kind->code, kind->said));
        assert_non_null(strstr(schema_of_x(), "\"title\":\"Your X\""));
        assert_refused(declare(kind, "label = 5"), fault);
        assert_refused(declare(kind, "label = ''"), fault);
        assert_refused(declare(kind, "label = " LONG_WORDS), fault);
        assert_refused(declare(kind, "label = error"), fault);
        if (i != CAREER_IS_RECORD)
            assert_refused(declare(kind, "label = field.text {}"), fault);
    }
}

static void test_message(void **state)
{
    static const char fault[] = ": message must be a text of at most 500 bytes, or a table of such "
                                "by code";

    (void)state;
    for (int i = 0; i < CAREER_KIND_COUNT; i++) {
        const struct kind *kind = &kinds[i];
        const char *own = apr_psprintf(pool, "message = { %s = 'Not so.' }", kind->code);

        assert_says(declare(kind, "message = 'No.'"), kind->wrong,
                    apr_psprintf(pool, "x %s: No.", kind->code));
        assert_says(declare(kind, own), kind->wrong,
                    apr_psprintf(pool, "x %s: Not so.", kind->code));
        assert_says(declare(kind, "message = { required = 'Other.' }"), kind->wrong,
                    apr_psprintf(pool, "x %s: x %s", kind->code, kind->said));
        if (!rig_compile(
                with_x(declare(kind, "message = { required = 'Tell us.' }"), REQUIRED_WITH_X),
                "return {}"))
            fail_msg("%s", why);
        assert_string_equal(first_violation("null"), "x required: Tell us.");
        assert_refused(declare(kind, "message = 5"), fault);
        assert_refused(declare(kind, "message = error"), fault);
        assert_refused(declare(kind, "message = " LONG_WORDS), fault);
        assert_refused(declare(kind, "message = { too_short = '' }"),
                       ": message.too_short must be a text of at most 500 bytes");
        assert_refused(declare(kind, "message = { to_short = 'x' }"),
                       ": message: there is no code \"to_short\"; did you mean \"too_short\"?");
        if (i != CAREER_IS_RECORD)
            assert_refused(declare(kind, "message = field.text {}"), fault);
    }
}

/* The words of an option serve as names of a record's members. */
static void test_members_called_like_options(void **state)
{
    (void)state;
    load("field.record { label = field.text {}, message = field.text {}, default = field.text {}, "
         "nullable = field.text {}, optional = field.text {}, min = field.text {} }");
    assert_string_equal(first_violation("{\"label\":\"a\",\"message\":\"b\",\"default\":\"c\","
                                        "\"nullable\":\"d\",\"optional\":\"e\",\"min\":\"f\"}"),
                        "");
    assert_string_equal(first_violation("{}"), "x.default required: x.default is required");
}

/* ------------------------------------------------------------------------------------ misspelt words */

static void test_misspelt_options(void **state)
{
    (void)state;
    for (int i = 0; i < CAREER_KIND_COUNT; i++)
        for (int common = 0; common < 2; common++) {
            const char *const *name = common ? career_kind_common_options : career_kind_options[i];

            for (; *name; name++)
                assert_refused(
                    declare(&kinds[i], apr_psprintf(pool, "%sx = 1", *name)),
                    apr_psprintf(pool, ": field.%s has no option \"%sx\"; did you mean \"%s\"?",
                                 kinds[i].name, *name, *name));
        }
}

static void test_misspelt_kinds(void **state)
{
    (void)state;
    for (int i = 0; i < CAREER_KIND_COUNT; i++) {
        rig_compile(with_x(apr_psprintf(pool, "field.%sx {}", kinds[i].name), REQUIRED_NAMES),
                    "return {}");
        assert_string_equal(
            why, apr_psprintf(pool,
                              "dir/validation.lua:1: there is no field.%sx; did you mean field.%s?",
                              kinds[i].name, kinds[i].name));
    }
}

/* ------------------------------------------------------------------------------------ nothing is left out */

static bool is_tried(career_kind_id kind, const char *name)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (options[i].kind == kind && strcmp(options[i].name, name) == 0)
            return true;
    return false;
}

static void test_all_is_tried(void **state)
{
    static const char *const common[] = {"default", "nullable", "label",
                                         "message", "optional", NULL}; /* a test each */
    size_t count = 0;

    (void)state;
    for (int i = 0; i < CAREER_KIND_COUNT; i++) {
        assert_string_equal(kinds[i].name ? kinds[i].name : "", career_kind_names[i]);
        for (const char *const *name = career_kind_options[i]; *name; name++, count++)
            if (!is_tried(i, *name))
                fail_msg("field.%s has an option %s that is not tried here", kinds[i].name, *name);
    }
    assert_int_equal(count, OPTION_COUNT);
    for (const char *const *name = career_kind_common_options; *name; name++)
        if (!is_among(common, *name))
            fail_msg("every kind has an option %s that is not tried here", *name);
    for (count = 0; career_formats[count].name; count++)
        assert_string_equal(formats[count].name, career_formats[count].name);
    assert_int_equal(count, FORMAT_COUNT);
}

/* ------------------------------------------------------------------------------------ the guide */

/* The words in backquotes of a table's row, from the second cell on: of `cells` cells, or of all for 0. "" when the
 * guide has no row that begins so. Each with a blank behind. */
static const char *words_of_row(const char *guide, const char *row, int cells)
{
    career_text words = career_text_make(pool, 128);
    const char *at = strstr(guide, apr_pstrcat(pool, "\n| ", row, " | ", NULL));
    bool inside = false;

    if (!at)
        return "";
    for (at += strlen(row) + 5; *at && *at != '\n'; at++) {
        if (*at == '|' && --cells == 0)
            break;
        if (*at == '`')
            inside = !inside;
        if (*at == '`' && !inside)
            career_text_add_char(&words, ' ');
        else if (inside && *at != '`')
            career_text_add_char(&words, *at);
    }
    return words.data;
}

static const char *words_of_list(const char *const *list)
{
    career_text words = career_text_make(pool, 128);

    for (; *list; list++)
        career_text_add_format(&words, "%s ", *list);
    return words.data;
}

static void test_guide(void **state)
{
    const char *guide = unit_read("lua/README.md");

    (void)state;
    for (int i = 0; i < CAREER_KIND_COUNT; i++) {
        const char *row = apr_psprintf(pool, "`field.%s`", career_kind_names[i]);

        if (!strstr(guide, apr_pstrcat(pool, "\n| ", row, " | ", NULL)))
            fail_msg("the guide has no row for %s", row);
        assert_string_equal(words_of_row(guide, row, 1), words_of_list(career_kind_options[i]));
    }
    assert_string_equal(words_of_row(guide, "every kind", 1),
                        words_of_list(career_kind_common_options));
    for (size_t i = 0; career_formats[i].name; i++)
        assert_non_null(strstr(words_of_row(guide, "`format`", 0), career_formats[i].name));
    for (const char *const *code = career_kind_codes; *code; code++)
        if (!strstr(guide, apr_pstrcat(pool, "`", *code, "`", NULL)))
            fail_msg("the guide has no code %s", *code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_options),
        TEST(test_formats),
        TEST(test_kinds),
        TEST(test_default),
        TEST(test_nullable),
        TEST(test_optional),
        TEST(test_label),
        TEST(test_message),
        TEST(test_members_called_like_options),
        TEST(test_misspelt_options),
        TEST(test_misspelt_kinds),
        TEST(test_all_is_tried),
        TEST(test_guide),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
