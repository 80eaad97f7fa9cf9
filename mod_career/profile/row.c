/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/profile.h"

#include <inttypes.h>

#include <apr_strings.h>
#include <apr_time.h>

career_field career_field_make(apr_pool_t *pool, career_slice name, career_column column,
                               const career_json *fallback)
{
    career_text label = career_text_make(pool, name.len + 4), text = career_text_make(pool, 16);

    career_text_add_char(&label, ',');
    career_json_write_string(&label, name.data, name.len);
    career_text_add_char(&label, ':');
    career_json_write(&text, fallback);
    return (career_field){.name = {apr_pstrmemdup(pool, name.data, name.len), name.len},
                          .column = column,
                          .fallback = apr_pmemdup(pool, fallback, sizeof(*fallback)),
                          .fallback_text = career_text_slice(&text),
                          .label = career_text_slice(&label)};
}

int career_layout_find(const career_layout *layout, career_slice name)
{
    for (size_t i = 0; i < layout->count; i++)
        if (career_slice_equal(layout->fields[i].name, name))
            return (int)i;
    return -1;
}

const char *career_row_tag(apr_pool_t *pool, const career_layout *layout, const career_row *row)
{
    return apr_psprintf(pool, "%" PRId64 "-%s", row->version, layout->hash);
}

/* The first byte behind the string literal that begins at p. */
static const char *skip_string(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++)
        if (*p == '\\' && p + 1 < end)
            p++;
    return p < end ? p + 1 : end;
}

/* Postgres sets a blank behind ':' and ',' of jsonb; bodies are compact. */
static void add_compact(career_text *text, career_slice fragment)
{
    const char *end = fragment.data + fragment.len, *from = fragment.data, *p = from;

    if (!memchr(from, ' ', fragment.len)) {
        career_text_add_slice(text, fragment);
        return;
    }
    while (p < end) {
        if (*p == '"') {
            p = skip_string(p, end);
        } else if (*p == ' ') {
            career_text_add(text, from, (size_t)(p - from));
            from = ++p;
        } else {
            p++;
        }
    }
    career_text_add(text, from, (size_t)(end - from));
}

static void add_column(career_text *text, const career_field *field, career_slice fragment)
{
    bool list = career_columns[field->column].kind != CAREER_KIND_TEXT;

    if (!fragment.data || career_slice_equal(fragment, CAREER_SLICE("null")))
        career_text_add_slice(text, field->fallback_text);
    else if (!list)
        career_text_add_slice(text, fragment);
    else if (fragment.len && *fragment.data == '[')
        add_compact(text, fragment);
    else
        career_text_add_string(text, "[]");
}

static void add_own(career_text *text, const career_field *field, const career_json *extra)
{
    const career_json *value = career_json_get_slice(extra, field->name);

    if (!value || value->type == CAREER_JSON_NULL)
        career_text_add_slice(text, field->fallback_text);
    else
        career_json_write(text, value);
}

static const career_json *parse_extra(career_text *text, const career_row *row)
{
    const career_json *extra = NULL;
    const char *why;

    if (row->extra.data)
        extra = career_json_parse_value(text->pool, row->extra.data, row->extra.len, &why);
    return extra ? extra : &career_json_empty_object;
}

static void add_field(career_text *text, const career_field *field, const career_row *row,
                      const career_json **extra)
{
    career_text_add_slice(text, field->label);
    if (field->column != CAREER_COLUMN_EXTRA) {
        add_column(text, field, row->columns[field->column]);
        return;
    }
    if (!*extra)
        *extra = parse_extra(text, row);
    add_own(text, field, *extra);
}

static void put_number(char *field, size_t width, int number)
{
    for (; width; number /= 10)
        field[--width] = (char)('0' + number % 10);
}

/* RFC 3339 in UTC, milliseconds; the rest is cut off. */
static void add_moment(career_text *text, int64_t moment)
{
    char digits[] = "0000-00-00T00:00:00.000Z";
    apr_time_exp_t parts;

    apr_time_exp_gmt(&parts, moment);
    put_number(digits, 4, parts.tm_year + 1900);
    put_number(digits + 5, 2, parts.tm_mon + 1);
    put_number(digits + 8, 2, parts.tm_mday);
    put_number(digits + 11, 2, parts.tm_hour);
    put_number(digits + 14, 2, parts.tm_min);
    put_number(digits + 17, 2, parts.tm_sec);
    put_number(digits + 20, 3, parts.tm_usec / 1000);
    career_text_add(text, digits, sizeof(digits) - 1);
}

void career_row_write(career_text *text, const career_layout *layout, const career_row *row)
{
    const career_json *extra = NULL;

    career_text_add(text, "{\"userId\":\"", 11);
    career_text_add_string(text, row->user_id);
    career_text_add(text, "\",\"profileId\":\"profile_", 23);
    career_text_add_string(text, row->user_id);
    career_text_add(text, "\",\"lastUpdated\":\"", 17);
    add_moment(text, row->updated_at);
    career_text_add_char(text, '"');
    for (size_t i = 0; i < layout->count; i++)
        add_field(text, &layout->fields[i], row, &extra);
    career_text_add_char(text, '}');
}
