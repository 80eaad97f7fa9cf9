/* SPDX-License-Identifier: Apache-2.0 */
/* Judges values against compiled kinds. Pure C; nothing of it runs Lua. */
#include <math.h>
#include <stdio.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "rules/compiled.h"

static const char *label_of(const career_kind *kind, const char *path)
{
    return kind->label ? kind->label : path;
}

#define SAY(kind, path, code, allowed, ...)                                                        \
    do {                                                                                           \
        if ((kind)->message)                                                                       \
            career_violations_add(violations, path, code, allowed, "%s", (kind)->message);         \
        else                                                                                       \
            career_violations_add(violations, path, code, allowed, __VA_ARGS__);                   \
    } while (0)

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static career_slice trim(career_slice text)
{
    while (text.len && is_blank(text.data[0])) {
        text.data++;
        text.len--;
    }
    while (text.len && is_blank(text.data[text.len - 1]))
        text.len--;
    return text;
}

static bool digits(const char *text, int count, int *value)
{
    *value = 0;
    for (int i = 0; i < count; i++) {
        if (!apr_isdigit(text[i]))
            return false;
        *value = *value * 10 + (text[i] - '0');
    }
    return true;
}

/* full-date of RFC 3339, by itself or as the start of a date-time. */
static bool is_date(career_slice text)
{
    static const int lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    bool leap;

    if (text.len < 10 || !digits(text.data, 4, &year) || text.data[4] != '-' ||
        !digits(text.data + 5, 2, &month) || text.data[7] != '-' || !digits(text.data + 8, 2, &day))
        return false;
    leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month < 1 || month > 12 || day < 1 || day > lengths[month - 1] ||
        (month == 2 && day == 29 && !leap))
        return false;
    return text.len == 10 || (text.len >= 17 && text.data[10] == 'T');
}

static bool is_url(career_slice text)
{
    const char *host = NULL;

    if (text.len > 8 && strncasecmp(text.data, "https://", 8) == 0)
        host = text.data + 8;
    else if (text.len > 7 && strncasecmp(text.data, "http://", 7) == 0)
        host = text.data + 7;
    if (!host || !apr_isalnum(*host))
        return false;
    for (const char *c = text.data; c < text.data + text.len; c++)
        if ((unsigned char)*c <= 0x20 || strchr("\"<>\\^`{|}", *c))
            return false;
    return true;
}

static bool is_email(career_slice text)
{
    const char *at = memchr(text.data, '@', text.len), *end = text.data + text.len, *dot;

    if (!at || at == text.data || at - text.data > 64 || text.len > 254 ||
        memchr(at + 1, '@', (size_t)(end - at - 1)))
        return false;
    for (const char *c = text.data; c < end; c++)
        if ((unsigned char)*c <= 0x20 || strchr("\"(),:;<>[\\]", *c))
            return false;
    dot = memchr(at + 1, '.', (size_t)(end - at - 1));
    return dot && dot > at + 1 && dot + 1 < end && end[-1] != '.';
}

static bool has_format(career_format format, career_slice text)
{
    switch (format) {
    case CAREER_FORMAT_URL:
        return is_url(text);
    case CAREER_FORMAT_EMAIL:
        return is_email(text);
    case CAREER_FORMAT_DATE:
        return is_date(text);
    default:
        return true;
    }
}

static void wrong_type(const career_kind *kind, const char *path, const char *want,
                       career_violations *violations)
{
    SAY(kind, path, "wrong_type", NULL, "%s must be %s", label_of(kind, path), want);
}

static const career_json *check_text(const career_kind *kind, apr_pool_t *pool,
                                     const career_json *value, const char *path,
                                     career_violations *violations)
{
    career_slice text;
    size_t length;

    if (value->type != CAREER_JSON_STRING) {
        wrong_type(kind, path, "text", violations);
        return value;
    }
    text = trim(value->string);
    length = career_utf8_length(text.data, text.len);
    if (kind->has_min && (double)length < kind->min)
        SAY(kind, path, "too_short", NULL, "%s must have at least %.0f character%s",
            label_of(kind, path), kind->min, kind->min == 1 ? "" : "s");
    else if (kind->has_max && (double)length > kind->max)
        SAY(kind, path, "too_long", NULL, "%s must have at most %.0f character%s",
            label_of(kind, path), kind->max, kind->max == 1 ? "" : "s");
    else if (!has_format(kind->format, text) ||
             (kind->matches && career_pattern_match(kind->matches, text) != 1))
        SAY(kind, path, "bad_format", NULL, "%s does not have the expected form",
            label_of(kind, path));
    if (text.len == value->string.len)
        return value;
    return career_json_string(pool, text.data, text.len);
}

static void check_date(const career_kind *kind, const career_json *value, const char *path,
                       career_violations *violations)
{
    if (value->type != CAREER_JSON_STRING)
        wrong_type(kind, path, "a date (YYYY-MM-DD)", violations);
    else if (!is_date(value->string))
        SAY(kind, path, "bad_format", NULL, "%s must be a date (YYYY-MM-DD)", label_of(kind, path));
}

static void check_number(const career_kind *kind, const career_json *value, const char *path,
                         career_violations *violations)
{
    bool whole = value->type == CAREER_JSON_INTEGER;
    double number = whole ? (double)value->integer : value->real;

    if (!whole && value->type != CAREER_JSON_REAL) {
        wrong_type(kind, path, kind->id == CAREER_IS_INTEGER ? "a whole number" : "a number",
                   violations);
        return;
    }
    if (kind->id == CAREER_IS_INTEGER && !whole && number != floor(number))
        wrong_type(kind, path, "a whole number", violations);
    else if ((kind->has_min && number < kind->min) || (kind->has_max && number > kind->max))
        SAY(kind, path, "out_of_range", NULL, "%s is out of range", label_of(kind, path));
}

static void check_one_of(const career_kind *kind, const career_json *value, const char *path,
                         career_violations *violations)
{
    if (value->type == CAREER_JSON_STRING)
        for (const char *const *at = kind->allowed; *at; at++)
            if (career_slice_equal(value->string, career_slice_of(*at)))
                return;
    SAY(kind, path, "not_allowed", kind->allowed, "%s must be one of the allowed values",
        label_of(kind, path));
}

static bool occurs_before(const career_json *list, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (career_json_equal(list->array.items[i], list->array.items[index]))
            return true;
    return false;
}

static const career_json *check_list(const career_kind *kind, apr_pool_t *pool,
                                     const career_json *value, const char *path,
                                     career_violations *violations)
{
    career_json *normal;

    if (value->type != CAREER_JSON_ARRAY) {
        wrong_type(kind, path, "a list", violations);
        return value;
    }
    if (kind->has_max && (double)value->array.count > kind->max) {
        SAY(kind, path, "too_many", NULL, "%s must have at most %.0f item%s", label_of(kind, path),
            kind->max, kind->max == 1 ? "" : "s");
        return value; /* its items are not worth judging */
    }
    if (kind->has_min && (double)value->array.count < kind->min)
        SAY(kind, path, "too_few", NULL, "%s must have at least %.0f item%s", label_of(kind, path),
            kind->min, kind->min == 1 ? "" : "s");
    normal = career_json_array(pool, value->array.count);
    for (size_t i = 0; i < value->array.count; i++) {
        const char *item = apr_psprintf(pool, "%s[%" APR_SIZE_T_FMT "]", path, i);
        const career_json *v = value->array.items[i];

        if (v->type == CAREER_JSON_NULL)
            career_violations_add(violations, item, "required", NULL, "%s must not be null", item);
        else
            v = career_kind_check(kind->item, pool, v, item, violations);
        career_json_append(normal, v);
        if (kind->unique && occurs_before(normal, i))
            SAY(kind, item, "duplicate", NULL, "%s occurs twice", item);
    }
    return normal;
}

static const career_kind_member *member_of(const career_kind *kind, career_slice name)
{
    for (size_t i = 0; i < kind->member_count; i++)
        if (career_slice_equal(kind->members[i].name, name))
            return &kind->members[i];
    return NULL;
}

static const career_json *check_record(const career_kind *kind, apr_pool_t *pool,
                                       const career_json *value, const char *path,
                                       career_violations *violations)
{
    career_json *normal;

    if (value->type != CAREER_JSON_OBJECT) {
        wrong_type(kind, path, "a record", violations);
        return value;
    }
    normal = career_json_object(pool, value->object.count);
    for (size_t i = 0; i < value->object.count; i++) {
        const career_json_member *sent = &value->object.members[i];
        const career_kind_member *member = member_of(kind, sent->name);
        const char *at = apr_psprintf(pool, "%s.%.200s", path, sent->name.data);
        const career_json *v = sent->value;

        if (!member)
            career_violations_add(violations, at, "unknown_field", NULL, "There is no such field");
        else if (v->type != CAREER_JSON_NULL)
            v = career_kind_check(member->kind, pool, v, at, violations);
        career_json_set(pool, normal, sent->name.data, v);
    }
    for (size_t i = 0; i < kind->member_count; i++) {
        const career_json *v = career_json_get_slice(value, kind->members[i].name);
        const char *at = apr_psprintf(pool, "%s.%s", path, kind->members[i].name.data);

        if (!kind->members[i].kind->optional && (!v || v->type == CAREER_JSON_NULL))
            SAY(kind->members[i].kind, at, "required", NULL, "%s is required",
                label_of(kind->members[i].kind, at));
    }
    return normal;
}

const career_json *career_kind_check(const career_kind *kind, apr_pool_t *pool,
                                     const career_json *value, const char *path,
                                     career_violations *violations)
{
    switch (kind->id) {
    case CAREER_IS_TEXT:
        return check_text(kind, pool, value, path, violations);
    case CAREER_IS_LIST:
        return check_list(kind, pool, value, path, violations);
    case CAREER_IS_RECORD:
        return check_record(kind, pool, value, path, violations);
    case CAREER_IS_BOOLEAN:
        if (value->type != CAREER_JSON_BOOLEAN)
            wrong_type(kind, path, "true or false", violations);
        return value;
    case CAREER_IS_DATE:
        check_date(kind, value, path, violations);
        return value;
    case CAREER_IS_ONE_OF:
        check_one_of(kind, value, path, violations);
        return value;
    default:
        check_number(kind, value, path, violations);
        return value;
    }
}
