/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stored row meets a body. The input is four lines: the texts of "current_role", skill_tags and extra as
 * Postgres would give them, and the body.
 */
#include "fuzz.h"

#include "profile/profile.h"

static career_field fields[5];
static const career_layout layout = {sizeof(fields) / sizeof(*fields), fields, "01234567"};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    apr_pool_t *pool;

    (void)argc;
    (void)argv;
    apr_initialize();
    apr_pool_create(&pool, NULL);
    career_json_start();
    fields[0] = career_field_make(pool, CAREER_SLICE("currentRole"), CAREER_COLUMN_CURRENT_ROLE,
                                  &career_json_null);
    fields[1] = career_field_make(pool, CAREER_SLICE("companyName"), CAREER_COLUMN_COMPANY_NAME,
                                  &career_json_null);
    fields[2] = career_field_make(pool, CAREER_SLICE("skillTags"), CAREER_COLUMN_SKILL_TAGS,
                                  &career_json_empty_array);
    fields[3] =
        career_field_make(pool, CAREER_SLICE("a"), CAREER_COLUMN_EXTRA, &career_json_empty_array);
    fields[4] = career_field_make(pool, CAREER_SLICE("b"), CAREER_COLUMN_EXTRA, &career_json_true);
    return 0;
}

/* Postgres gives no blanks around a value, and SQL null is no text at all. */
static career_slice fragment(career_slice line)
{
    while (line.len && strchr(" \t\r", line.data[0])) {
        line.data++;
        line.len--;
    }
    while (line.len && strchr(" \t\r", line.data[line.len - 1]))
        line.len--;
    return line.len ? line : (career_slice){NULL, 0};
}

/* Every value is there, and absent ones are told by their pointer. */
static void check_document(const career_document *document)
{
    for (size_t i = 0; i < layout.count; i++) {
        const career_json *value = document->values[i];

        CHECK(value);
        CHECK(career_document_lacks(document, i) || value->type != CAREER_JSON_NULL);
        if (career_document_lacks(document, i))
            CHECK(value == fields[i].fallback);
    }
}

/* What clients read is what the rules see. */
static void check_answer(apr_pool_t *pool, const career_row *row, const career_document *document)
{
    career_text text = career_text_make(pool, 64);
    const career_json *answer;
    const char *why;

    career_row_write(&text, &layout, row);
    if (!document)
        return;
    answer = career_json_parse_deep(pool, text.data, text.len, 64, &why);
    CHECK(answer);
    for (size_t i = 0; i < layout.count; i++)
        CHECK(
            career_json_equal(career_json_get_slice(answer, fields[i].name), document->values[i]));
}

static void check_violations(const career_violations *violations, const career_json *body)
{
    CHECK(violations->count <= CAREER_VIOLATIONS_MAX);
    CHECK(violations->count + violations->omitted <= body->object.count);
    for (size_t i = 0; i < violations->count; i++) {
        const char *field = violations->items[i].field;

        CHECK(career_utf8_valid(field, strlen(field)));
        CHECK(strlen(field) <= 200 * 6 + 3);
        fuzz_check_sentence(violations->items[i].message);
    }
}

static void check_merge(apr_pool_t *pool, const career_document *previous, const career_json *body)
{
    career_violations *violations = career_violations_make(pool);
    career_document *merged = career_document_merge(pool, &layout, previous, body, violations);
    career_change *change = career_change_between(pool, previous, merged);

    check_document(merged);
    check_violations(violations, body);
    CHECK(previous || change->any);
    for (size_t i = 0; i < layout.count; i++) {
        CHECK(merged->sent[i] == !!career_json_get_slice(body, fields[i].name));
        if (fields[i].column != CAREER_COLUMN_EXTRA && change->columns[fields[i].column])
            CHECK(!previous || merged->sent[i]);
    }
    CHECK(!career_change_between(pool, merged, merged)->any);
    CHECK(career_document_json(pool, merged)->object.count == layout.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool = fuzz_pool();
    career_slice input = {(const char *)data, size};
    career_row row = {.user_id = "00000000-0000-4000-8000-00000000000a", .version = 1};
    const career_document *previous = NULL;
    const career_json *body;
    const char *why;

    row.updated_at = INT64_C(1704067200000000);
    row.columns[CAREER_COLUMN_CURRENT_ROLE] = fragment(fuzz_line(&input));
    row.columns[CAREER_COLUMN_SKILL_TAGS] = fragment(fuzz_line(&input));
    row.extra = fragment(fuzz_line(&input));
    if (!career_document_read(pool, &layout, &row, &previous))
        check_document(previous);
    check_answer(pool, &row, previous);
    body = career_json_parse(pool, input.data, input.len, &why);
    if (body && body->type == CAREER_JSON_OBJECT) {
        check_merge(pool, NULL, body);
        if (previous)
            check_merge(pool, previous, body);
    }
    apr_pool_destroy(pool);
    return 0;
}
