/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include <apr_sha1.h>
#include <apr_strings.h>

career_text career_text_make(apr_pool_t *pool, size_t room)
{
    career_text text = {pool, apr_palloc(pool, room + 1), 0, room};

    text.data[0] = '\0';
    return text;
}

static void make_room(career_text *text, size_t more)
{
    char *moved;
    size_t room = text->room ? text->room : 64;

    if (text->len + more <= text->room)
        return;
    while (room < text->len + more)
        room *= 2;
    moved = apr_palloc(text->pool, room + 1);
    memcpy(moved, text->data, text->len + 1);
    text->data = moved;
    text->room = room;
}

void career_text_add(career_text *text, const char *data, size_t len)
{
    if (len == 0)
        return;
    make_room(text, len);
    memcpy(text->data + text->len, data, len);
    text->len += len;
    text->data[text->len] = '\0';
}

void career_text_add_slice(career_text *text, career_slice slice)
{
    career_text_add(text, slice.data, slice.len);
}

void career_text_add_string(career_text *text, const char *string)
{
    career_text_add(text, string, strlen(string));
}

void career_text_add_char(career_text *text, char c)
{
    if (text->len == text->room)
        make_room(text, 1);
    text->data[text->len++] = c;
    text->data[text->len] = '\0';
}

void career_text_add_integer(career_text *text, int64_t value)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%" PRId64, value);

    career_text_add(text, digits, (size_t)len);
}

void career_text_add_format(career_text *text, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    career_text_add_string(text, apr_pvsprintf(text->pool, format, args));
    va_end(args);
}

void career_text_add_name(career_text *text, career_slice name, size_t max)
{
    size_t len = name.len;

    if (len > max)
        for (len = max; len > 0 && ((unsigned char)name.data[len] & 0xc0) == 0x80;)
            len--;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name.data[i];

        if (c < 0x20 || c == 0x7f)
            career_text_add_format(text, "\\u%04x", c);
        else
            career_text_add_char(text, (char)c);
    }
    if (len < name.len)
        career_text_add_string(text, "…");
}

const char *career_text_digest(apr_pool_t *pool, const career_slice *parts, size_t count)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char digest[APR_SHA1_DIGESTSIZE];
    char *out = apr_palloc(pool, 2 * sizeof(digest) + 1);
    apr_sha1_ctx_t sha1;

    apr_sha1_init(&sha1);
    for (size_t i = 0; i < count; i++) {
        char length[24];
        int n = snprintf(length, sizeof(length), "%zu:", parts[i].len);

        apr_sha1_update(&sha1, length, (unsigned int)n);
        apr_sha1_update(&sha1, parts[i].data ? parts[i].data : "", (unsigned int)parts[i].len);
    }
    apr_sha1_final(digest, &sha1);
    for (size_t i = 0; i < sizeof(digest); i++) {
        out[2 * i] = hex[digest[i] >> 4];
        out[2 * i + 1] = hex[digest[i] & 15];
    }
    out[2 * sizeof(digest)] = '\0';
    return out;
}
