/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a file, in words, and in which line. */
#include "rules/compiler.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "rules/hint.h"

const char *career_rules_one_line(apr_pool_t *pool, const char *text)
{
    career_text line = career_text_make(pool, strlen(text));

    while (*text) {
        size_t len = career_utf8_character(text);

        if (len == 0 || (unsigned char)*text < 0x20 || *text == 0x7f)
            career_text_add_format(&line, "\\x%02x", (unsigned char)*text);
        else
            career_text_add(&line, text, len);
        text += len ? len : 1;
    }
    return line.data;
}

bool career_compiler_fail(career_compiler *c, int line, const char *format, ...)
{
    char where[16] = "";
    va_list args;

    if (line > 0)
        snprintf(where, sizeof(where), ":%d", line);
    va_start(args, format);
    c->why = apr_psprintf(c->pool, "%s/%s%s: %s", c->source->directory, c->file, where,
                          apr_pvsprintf(c->pool, format, args));
    va_end(args);
    return false;
}

bool career_compiler_fail_in_script(career_compiler *c, const char *why)
{
    size_t len = strlen(c->file);
    const char *hint = career_hint(c->pool, why);

    if (hint)
        why = apr_pstrcat(c->pool, why, "; ", hint, NULL);
    if (strncmp(why, c->file, len) != 0 || why[len] != ':')
        return career_compiler_fail(c, 0, "%s", why);
    c->why = apr_psprintf(c->pool, "%s/%s", c->source->directory, why);
    return false;
}

/* ------------------------------------------------------------------------------------ words of a file */

/* Bytes of [[ … ]] or [==[ … ]==] where one begins; else 0. */
static size_t long_bracket(const char *at, const char *end)
{
    const char *inner = at + 1;
    size_t level;

    if (at == end || *at != '[')
        return 0;
    while (inner < end && *inner == '=')
        inner++;
    if (inner == end || *inner != '[')
        return 0;
    level = (size_t)(inner - at - 1);
    for (; (size_t)(end - inner) >= level + 2; inner++)
        if (inner[0] == ']' && inner[level + 1] == ']' && memcmp(inner + 1, at + 1, level) == 0)
            return (size_t)(inner - at) + level + 2;
    return (size_t)(end - at);
}

static size_t comment(const char *at, const char *end)
{
    const char *line_end;
    size_t bracket;

    if (end - at < 2 || at[0] != '-' || at[1] != '-')
        return 0;
    bracket = long_bracket(at + 2, end);
    line_end = memchr(at, '\n', (size_t)(end - at));
    if (bracket)
        return 2 + bracket;
    return line_end ? (size_t)(line_end - at) : (size_t)(end - at);
}

static size_t string_literal(const char *at, const char *end)
{
    const char *inner = at + 1;

    if (*at != '"' && *at != '\'')
        return long_bracket(at, end);
    while (inner < end && *inner != *at && *inner != '\n')
        inner += *inner == '\\' && end - inner > 1 ? 2 : 1;
    return inner < end ? (size_t)(inner + 1 - at) : (size_t)(end - at);
}

static bool stands_at(career_slice text, size_t at, const char *word, size_t len)
{
    return len <= text.len - at && memcmp(text.data + at, word, len) == 0 &&
           !(at > 0 && career_compiler_is_word(text.data[at - 1])) &&
           !(at + len < text.len && career_compiler_is_word(text.data[at + len]));
}

int career_compiler_find_word(career_slice text, const char *word, size_t *from)
{
    const char *end = text.data + text.len, *string_end = text.data;
    size_t len = strlen(word), skipped;
    int line = 1;

    for (const char *at = text.data; at < end; at++) {
        if (at >= string_end) {
            while (at < end && (skipped = comment(at, end)))
                for (; skipped; skipped--)
                    line += *at++ == '\n';
            if (at == end)
                break;
            string_end = at + string_literal(at, end);
        }
        line += *at == '\n';
        if (at >= text.data + *from && stands_at(text, (size_t)(at - text.data), word, len)) {
            *from = (size_t)(at - text.data) + len;
            return line;
        }
    }
    return 0;
}

int career_compiler_line_of(career_compiler *c, const char *section, const char *word)
{
    size_t at = 0;
    int line = section ? career_compiler_find_word(c->text, section, &at) : 0, inner;

    inner = word && *word ? career_compiler_find_word(c->text, word, &at) : 0;
    return inner ? inner : line;
}
