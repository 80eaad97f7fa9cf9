/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a file, in words, and in which line. */
#include "rules/compiler.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <apr_strings.h>

#include "rules/hint.h"

/* Bytes of the character that the text begins with; 0: it is cut off or no UTF-8. */
static size_t character(const char *text)
{
    size_t left = strnlen(text, 4);

    for (size_t len = 1; len <= left; len++)
        if (career_utf8_valid(text, len))
            return len;
    return 0;
}

const char *career_rules_one_line(apr_pool_t *pool, const char *text)
{
    career_text line = career_text_make(pool, strlen(text));

    while (*text) {
        size_t len = character(text);

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

int career_compiler_find_word(career_slice text, const char *word, size_t *from)
{
    size_t len = strlen(word);
    int line = 1;

    for (size_t i = 0; i + len <= text.len; i++) {
        if (text.data[i] == '\n')
            line++;
        if (i + 1 < text.len && text.data[i] == '-' && text.data[i + 1] == '-') {
            while (i + 1 < text.len && text.data[i + 1] != '\n')
                i++;
        } else if (i >= *from && memcmp(text.data + i, word, len) == 0 &&
                   !(i > 0 && career_compiler_is_word(text.data[i - 1])) &&
                   !(i + len < text.len && career_compiler_is_word(text.data[i + len]))) {
            *from = i + len;
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
