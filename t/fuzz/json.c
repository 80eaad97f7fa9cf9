/* SPDX-License-Identifier: Apache-2.0 */
/* A request's body: whatever is accepted prints as JSON that reads back the same. */
#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    apr_initialize();
    career_json_start();
    return 0;
}

static unsigned depth(const career_json *value)
{
    unsigned deepest = 0, below;

    if (value->type != CAREER_JSON_ARRAY && value->type != CAREER_JSON_OBJECT)
        return 0;
    for (size_t i = 0; value->type == CAREER_JSON_ARRAY && i < value->array.count; i++)
        if ((below = depth(value->array.items[i])) > deepest)
            deepest = below;
    for (size_t i = 0; value->type == CAREER_JSON_OBJECT && i < value->object.count; i++) {
        const career_json_member *member = &value->object.members[i];

        CHECK(career_utf8_valid(member->name.data, member->name.len));
        CHECK(member->name.data[member->name.len] == '\0');
        if ((below = depth(member->value)) > deepest)
            deepest = below;
    }
    return deepest + 1;
}

static void check_accepted(apr_pool_t *pool, const career_json *value)
{
    career_text first = career_text_make(pool, 64), second = career_text_make(pool, 64);
    const career_json *again;
    const char *why;

    CHECK(depth(value) <= CAREER_JSON_DEPTH_MAX);
    career_json_write(&first, value);
    CHECK(career_utf8_valid(first.data, first.len));
    again = career_json_parse_value(pool, first.data, first.len, &why);
    CHECK(again);
    CHECK(career_json_equal(value, again) && career_json_equal(again, value));
    CHECK(career_json_equal(value, career_json_copy(pool, value)));
    career_json_write(&second, again);
    CHECK(career_slice_equal(career_text_slice(&first), career_text_slice(&second)));
}

/* What is read without the parser is what the parser reads, inside a list of its own, which the blanks make one for it. */
static void check_plain(apr_pool_t *pool, const char *data, size_t size)
{
    const career_json *plain = career_json_plain(pool, data, size), *parsed;
    career_text list = career_text_make(pool, size + 4);
    const char *why;

    if (!plain)
        return;
    career_text_add_string(&list, "[  ");
    career_text_add(&list, data, size);
    career_text_add_char(&list, ']');
    parsed = career_json_parse(pool, list.data, list.len, &why);
    CHECK(parsed && parsed->array.count == 1 && career_json_equal(parsed->array.items[0], plain));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    const char *why = NULL;
    const career_json *body = career_json_parse(pool, (const char *)data, size, &why);

    if (body) {
        CHECK(body->type == CAREER_JSON_OBJECT || body->type == CAREER_JSON_ARRAY);
        check_accepted(pool, body);
    } else {
        fuzz_check_sentence(why);
    }
    body = career_json_parse_value(pool, (const char *)data, size, &why);
    if (body)
        check_accepted(pool, body);
    check_plain(pool, (const char *)data, size);
    apr_pool_destroy(pool);
    return 0;
}
