/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Integers of more than 64 bits. RFC 8259 has no bound for them; Postgres writes the number 1e300 of a jsonb with all its
 * digits, and JavaScript every number below 1e21. The parser knows integers of 64 bits only, and takes any number with a
 * fraction: ".0" behind the others makes reals of them, which they are to whoever sent them.
 */
#include "base/json.h"
#include "base/json_wide.h"

/* Bytes of the string that begins there, with its quotes. */
static size_t string_at(const char *at, const char *end)
{
    const char *inner = at + 1;

    while (inner < end && *inner != '"')
        inner += *inner == '\\' && end - inner > 1 ? 2 : 1;
    return inner < end ? (size_t)(inner + 1 - at) : (size_t)(end - at);
}

/* Bytes of what looks like a number; 0: nothing does. */
static size_t number_at(const char *at, const char *end)
{
    size_t len = 0;

    if (*at != '-' && (*at < '0' || *at > '9'))
        return 0;
    while (at + len < end && at[len] && strchr("+-.0123456789eE", at[len]))
        len++;
    return len;
}

/* Is it an integer, and one that 64 bits do not hold? */
static bool is_wide(const char *number, size_t len)
{
    bool negative = *number == '-';
    const char *most = negative ? "9223372036854775808" : "9223372036854775807";
    size_t digits = len - negative;

    number += negative;
    for (size_t i = 0; i < digits; i++)
        if (number[i] < '0' || number[i] > '9')
            return false;
    return digits > strlen(most) || (digits == strlen(most) && memcmp(number, most, digits) > 0);
}

career_slice career_json_widen(apr_pool_t *pool, career_slice text)
{
    const char *at = text.data, *end = at + text.len;
    career_text wide = career_text_make(pool, text.len + 64);

    while (at < end) {
        size_t len = *at == '"' ? string_at(at, end) : number_at(at, end);
        bool fraction = *at != '"' && len && is_wide(at, len);

        len = len ? len : 1;
        career_text_add(&wide, at, len);
        if (fraction)
            career_text_add_string(&wide, ".0");
        at += len;
    }
    return career_text_slice(&wide);
}
