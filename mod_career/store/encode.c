/* SPDX-License-Identifier: Apache-2.0 */
#include "store/encode.h"

#include <apr_strings.h>

void career_encode_element(career_text *text, career_slice value)
{
    if (text->len > 1)
        career_text_add_char(text, ',');
    career_text_add_char(text, '"');
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\')
            career_text_add_char(text, '\\');
        career_text_add_char(text, value.data[i]);
    }
    career_text_add_char(text, '"');
}

static const char *write_json(apr_pool_t *pool, const career_json *value)
{
    career_text text = career_text_make(pool, 256);

    career_json_write(&text, value);
    return text.data;
}

static const char *write_list(apr_pool_t *pool, const career_json *value)
{
    career_text text = career_text_make(pool, 256);

    career_text_add_char(&text, '{');
    for (size_t i = 0; i < value->array.count; i++) {
        const career_json *item = value->array.items[i];

        if (item->type == CAREER_JSON_STRING)
            career_encode_element(&text, item->string);
        else
            career_text_add_string(&text, text.len > 1 ? ",NULL" : "NULL");
    }
    career_text_add_char(&text, '}');
    return text.data;
}

const char *career_encode_value(apr_pool_t *pool, career_column_kind kind, const career_json *value)
{
    if (!value || value->type == CAREER_JSON_NULL)
        return NULL;
    if (kind == CAREER_KIND_TEXT && value->type == CAREER_JSON_STRING)
        return apr_pstrmemdup(pool, value->string.data, value->string.len);
    if (kind == CAREER_KIND_TEXT_LIST && value->type == CAREER_JSON_ARRAY)
        return write_list(pool, value);
    return write_json(
        pool, value); /* records; or a kind the rules should have refused: the database will */
}

/* The place of the flag beside a column; 0: there is none. */
static const unsigned char flags[CAREER_COLUMN_COUNT] = {
#define CAREER_TEXT_FLAG(name) [CAREER_COLUMN_##name] = CAREER_PLACE_##name##_SENT,
#define CAREER_TEXT_LIST_FLAG(name)
#define CAREER_RECORD_LIST_FLAG(name)
#define CAREER_X(name, json, sql, kind, required) CAREER_##kind##_FLAG(name)
    CAREER_COLUMNS(CAREER_X)
#undef CAREER_X
};

const char *const *career_encode_change(apr_pool_t *pool, const char *user_id, int64_t version,
                                        const career_change *change)
{
    const char **values = apr_pcalloc(pool, CAREER_PARAMETERS_MAX * sizeof(*values));

    for (int i = 0; i < CAREER_COLUMN_COUNT; i++) {
        if (flags[i])
            values[flags[i] - 1] = change->columns[i] ? "t" : "f";
        if (change->columns[i])
            values[i] = career_encode_value(pool, career_columns[i].kind, change->columns[i]);
    }
    if (change->extra)
        values[CAREER_PLACE_EXTRA - 1] = write_json(pool, change->extra);
    values[CAREER_PLACE_USER_ID - 1] = apr_pstrdup(pool, user_id);
    values[CAREER_PLACE_VERSION - 1] = apr_psprintf(pool, "%" APR_INT64_T_FMT, version);
    return values;
}

static const unsigned char briefs[CAREER_COLUMN_COUNT] = {
#define CAREER_TEXT_BRIEF(name) [CAREER_COLUMN_##name] = CAREER_BRIEF_##name,
#define CAREER_TEXT_LIST_BRIEF(name)
#define CAREER_RECORD_LIST_BRIEF(name)
#define CAREER_X(name, json, sql, kind, required) CAREER_##kind##_BRIEF(name)
    CAREER_COLUMNS(CAREER_X)
#undef CAREER_X
};

bool career_encode_brief(const char *const *values, const char *brief[CAREER_PARAMETERS_MAX])
{
    for (int i = 0; i < CAREER_COLUMN_COUNT; i++) {
        bool sent = flags[i] ? *values[flags[i] - 1] == 't' : values[i] != NULL;

        if (sent && (!briefs[i] || !values[i]))
            return false;
        if (briefs[i])
            brief[briefs[i] - 1] = values[i];
    }
    brief[CAREER_BRIEF_EXTRA - 1] = values[CAREER_PLACE_EXTRA - 1];
    brief[CAREER_BRIEF_USER_ID - 1] = values[CAREER_PLACE_USER_ID - 1];
    brief[CAREER_BRIEF_VERSION - 1] = values[CAREER_PLACE_VERSION - 1];
    return true;
}
