/* SPDX-License-Identifier: Apache-2.0 */
#include "store/decode.h"

#include <stdlib.h>
#include <strings.h>

#include <apr_strings.h>

#define SECONDS_MIN INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define SECONDS_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define ROW_ROOM 1024                     /* most rows fit into it */
#define DIMENSIONS_MAX 6                  /* of an array (MAXDIM) */

/* -- moments ---------------------------------------------------------------------------------------- */

static bool is_digit(const char *p, const char *end)
{
    return p < end && *p >= '0' && *p <= '9';
}

/* Not strtod, whose decimal point is that of a locale which another module of the process may have set. */
int64_t career_decode_moment(career_slice seconds)
{
    const char *p = seconds.data, *end = p + seconds.len;
    bool negative = p < end && *p == '-';
    int64_t whole = 0, micro = 0;

    for (p += negative; is_digit(p, end) && whole <= SECONDS_MAX; p++)
        whole = whole * 10 + (*p - '0');
    if (p < end && *p == '.')
        for (int64_t unit = CAREER_SECOND / 10; is_digit(++p, end); unit /= 10)
            micro += unit * (*p - '0');
    whole = whole * CAREER_SECOND + micro;
    if (negative)
        whole = -whole;
    if (p != end || whole < SECONDS_MIN * CAREER_SECOND || whole > SECONDS_MAX * CAREER_SECOND)
        return 0;
    return whole;
}

/* -- arrays ----------------------------------------------------------------------------------------- */

/* "[0:2]=" before an array whose first index is not 1. */
static const char *skip_bounds(const char *p, const char *end)
{
    const char *from = p;

    while (p < end && *p && strchr("[]:-0123456789", *p))
        p++;
    return p < end && p > from && *p == '=' ? p + 1 : from;
}

/* An element in quotes; p is behind the first of them. Returns what is behind the last, or NULL. */
static const char *add_quoted(career_text *text, const char *p, const char *end, char *room)
{
    const char *from = p;
    size_t len = 0;

    while (p < end && *p != '"' && *p != '\\')
        p++;
    if (p < end && *p == '"') { /* as nearly all are */
        career_json_write_string(text, from, (size_t)(p - from));
        return p + 1;
    }
    for (p = from; p < end && *p != '"'; p++) {
        if (*p == '\\' && ++p == end)
            return NULL;
        room[len++] = *p;
    }
    career_json_write_string(text, room, len);
    return p < end ? p + 1 : NULL;
}

static bool ends_bare(char c)
{
    return c == ',' || c == '{' || c == '}' || c == '"' || c == '\\' || c == '\0';
}

/* An element without quotes has none of the characters that call for them. */
static const char *add_bare(career_text *text, const char *p, const char *end)
{
    const char *from = p;

    while (p < end && !ends_bare(*p))
        p++;
    if (p == from)
        return NULL;
    if (p - from == 4 && strncasecmp(from, "NULL", 4) == 0)
        career_text_add(text, "null", 4);
    else
        career_json_write_string(text, from, (size_t)(p - from));
    return p;
}

/* p is at a brace. Arrays of several dimensions have arrays for elements. */
static const char *add_array(career_text *text, const char *p, const char *end, char *room,
                             unsigned dimensions)
{
    career_text_add_char(text, '[');
    for (bool first = true; p && ++p < end && (*p != '}' || !first); first = false) {
        if (*p == '{')
            p = dimensions > 1 ? add_array(text, p, end, room, dimensions - 1) : NULL;
        else if (*p == '"')
            p = add_quoted(text, p + 1, end, room);
        else
            p = add_bare(text, p, end);
        if (!p || p == end || *p != ',')
            break;
        career_text_add_char(text, ',');
    }
    if (!p || p >= end || *p != '}')
        return NULL;
    career_text_add_char(text, ']');
    return p + 1;
}

bool career_decode_array(career_text *text, career_slice array)
{
    const char *end = array.data + array.len, *p = skip_bounds(array.data, end);
    size_t before = text->len;

    if (p < end && *p == '{' &&
        add_array(text, p, end, apr_palloc(text->pool, array.len), DIMENSIONS_MAX) == end)
        return true;
    text->len = before;
    text->data[before] = '\0';
    return false;
}

/* -- rows ------------------------------------------------------------------------------------------- */

static void add_value(career_text *text, career_column_kind kind, career_slice value)
{
    if (kind == CAREER_KIND_TEXT)
        career_json_write_string(text, value.data, value.len);
    else if (kind == CAREER_KIND_RECORD_LIST)
        career_text_add_slice(text, value);
    else if (!career_decode_array(text, value)) /* such as a list that is kept as jsonb */
        career_text_add_slice(text, *value.data == '[' ? value : CAREER_SLICE("[]"));
}

/* All columns share one text, which may move while it grows: so first where each begins, then the slices. */
static void decode_columns(career_row *row, apr_pool_t *pool, const career_result *result, int at,
                           int first)
{
    career_text text = career_text_make(pool, ROW_ROOM);
    size_t begins[CAREER_COLUMN_COUNT + 1];

    for (int i = 0; i < CAREER_COLUMN_COUNT; i++) {
        career_slice value = career_result_value(result, at, first + i);

        begins[i] = text.len;
        if (value.data)
            add_value(&text, career_columns[i].kind, value);
    }
    begins[CAREER_COLUMN_COUNT] = text.len;
    for (int i = 0; i < CAREER_COLUMN_COUNT; i++)
        if (begins[i + 1] > begins[i])
            row->columns[i] = (career_slice){text.data + begins[i], begins[i + 1] - begins[i]};
}

const career_row *career_row_decode(apr_pool_t *pool, const career_result *result, int at,
                                    int first)
{
    career_slice extra = career_result_value(result, at, first + CAREER_ROW_EXTRA);
    career_slice version = career_result_value(result, at, first + CAREER_ROW_VERSION);
    career_row *row = apr_pcalloc(pool, sizeof(*row));

    apr_cpystrn(row->user_id, career_result_value(result, at, first + CAREER_ROW_USER_ID).data,
                sizeof(row->user_id));
    /* none only where somebody switched the triggers off; the migration gives it one */
    row->version = version.data ? strtoll(version.data, NULL, 10) : 0;
    row->updated_at =
        career_decode_moment(career_result_value(result, at, first + CAREER_ROW_UPDATED_AT));
    decode_columns(row, pool, result, at, first + CAREER_ROW_COLUMNS);
    if (extra.data)
        row->extra = (career_slice){apr_pstrmemdup(pool, extra.data, extra.len), extra.len};
    return row;
}
