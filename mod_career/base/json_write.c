/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/json_run.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Some other module of the process may have set a locale with another decimal point. */
static void restore_point(char *digits)
{
    size_t before = strspn(digits, "-0123456789");
    size_t after = before + strcspn(digits + before, "0123456789e");

    if (after == before || !isdigit((unsigned char)digits[after]))
        return;
    digits[before] = '.';
    memmove(digits + before + 1, digits + after, strlen(digits + after) + 1);
}

/* 17 digits tell a double from its neighbours, but where all of it stands before the point they are another integer,
 * and Postgres makes one of them. From 1e21 on nobody writes it so. */
static bool is_whole(double value)
{
    return value == floor(value) && fabs(value) < 1e21;
}

static void write_real(career_text *text, double value)
{
    char digits[40];

    if (!isfinite(value)) {
        career_text_add_string(text, "null");
        return;
    }
    if (value == 0)
        value = 0; /* not -0, which would read back as an integer and then print as 0 */
    snprintf(digits, sizeof(digits), "%.15g", value);
    if (strtod(digits, NULL) != value)
        snprintf(digits, sizeof(digits), is_whole(value) ? "%.0f" : "%.17g", value);
    restore_point(digits);
    career_text_add_string(text, digits);
}

/* How a byte that cannot stand for itself is written inside a string (RFC 8259 7). */
static const char *escaped(unsigned char c, char room[8])
{
    switch (c) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        snprintf(room, 8, "\\u%04x", c);
        return room;
    }
}

void career_json_write_string(career_text *text, const char *data, size_t len)
{
    const char *end = data + len;
    bool wide = false; /* either way */
    char room[8];

    career_text_add_char(text, '"');
    for (const char *at = data; at < end; data = ++at) {
        at = career_json_run(at, end, &wide);
        career_text_add(text, data, (size_t)(at - data));
        if (at == end)
            break;
        career_text_add_string(text, escaped((unsigned char)*at, room));
    }
    career_text_add_char(text, '"');
}

static void write_array(career_text *text, const career_json *value)
{
    career_text_add_char(text, '[');
    for (size_t i = 0; i < value->array.count; i++) {
        if (i)
            career_text_add_char(text, ',');
        career_json_write(text, value->array.items[i]);
    }
    career_text_add_char(text, ']');
}

static void write_object(career_text *text, const career_json *value)
{
    career_text_add_char(text, '{');
    for (size_t i = 0; i < value->object.count; i++) {
        const career_json_member *member = &value->object.members[i];

        if (i)
            career_text_add_char(text, ',');
        career_json_write_string(text, member->name.data, member->name.len);
        career_text_add_char(text, ':');
        career_json_write(text, member->value);
    }
    career_text_add_char(text, '}');
}

void career_json_write(career_text *text, const career_json *value)
{
    switch (value->type) {
    case CAREER_JSON_NULL:
        career_text_add(text, "null", 4);
        break;
    case CAREER_JSON_BOOLEAN:
        career_text_add_string(text, value->boolean ? "true" : "false");
        break;
    case CAREER_JSON_INTEGER:
        career_text_add_integer(text, value->integer);
        break;
    case CAREER_JSON_REAL:
        write_real(text, value->real);
        break;
    case CAREER_JSON_STRING:
        career_json_write_string(text, value->string.data, value->string.len);
        break;
    case CAREER_JSON_ARRAY:
        write_array(text, value);
        break;
    case CAREER_JSON_OBJECT:
        write_object(text, value);
        break;
    }
}
