/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/glob.h"

static unsigned char at(career_slice pattern, size_t i)
{
    return (unsigned char)pattern.data[i];
}

/* What stands behind the [ at i. Like Redis: a class without ] ends with the pattern, [] takes
 * nothing, and a range may stand backwards. */
static size_t class_element(career_slice pattern, size_t i, unsigned char byte, bool *takes)
{
    bool negated = i < pattern.len && at(pattern, i) == '^';

    *takes = false;
    for (i += negated; i < pattern.len && at(pattern, i) != ']'; i++) {
        unsigned char from = at(pattern, i), to = from;

        if (from == '\\' && i + 1 < pattern.len) {
            from = to = at(pattern, ++i);
        } else if (i + 2 < pattern.len && at(pattern, i + 1) == '-') {
            to = at(pattern, i + 2);
            i += 2;
        }
        if (from <= to ? byte >= from && byte <= to : byte >= to && byte <= from)
            *takes = true;
    }
    if (negated)
        *takes = !*takes;
    return i < pattern.len ? i + 1 : i;
}

/* Does the element at i (anything but *) take that byte? Returns where the next one begins. */
static size_t element(career_slice pattern, size_t i, unsigned char byte, bool *takes)
{
    unsigned char c = at(pattern, i);

    if (c == '[')
        return class_element(pattern, i + 1, byte, takes);
    if (c == '\\' && i + 1 < pattern.len)
        c = at(pattern, ++i);
    else if (c == '?')
        c = byte;
    *takes = c == byte;
    return i + 1;
}

static bool is_special(unsigned char c)
{
    return c == '*' || c == '?' || c == '[';
}

/* Greedy, with one step back: what the last * took grows by one byte whenever the rest does not
 * fit. */
bool career_glob_matches(career_slice pattern, career_slice key)
{
    size_t p = 0, k = 0, star = 0, taken = 0;
    bool starred = false, takes;

    while (k < key.len) {
        if (p < pattern.len && at(pattern, p) == '*') {
            star = ++p;
            taken = k;
            starred = true;
            continue;
        }
        takes = false;
        if (p < pattern.len)
            p = element(pattern, p, (unsigned char)key.data[k], &takes);
        if (takes) {
            k++;
        } else if (starred) {
            p = star;
            k = ++taken;
        } else {
            return false;
        }
    }
    while (p < pattern.len && at(pattern, p) == '*')
        p++;
    return p == pattern.len;
}

size_t career_glob_prefix(career_slice pattern, char *out, bool *whole)
{
    size_t i = 0, len = 0;

    for (; i < pattern.len && !is_special(at(pattern, i)); i++) {
        if (at(pattern, i) == '\\' && i + 1 < pattern.len)
            i++;
        out[len++] = pattern.data[i];
    }
    *whole = i == pattern.len;
    return len;
}

void career_glob_escape(career_text *text, career_slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        char c = bytes.data[i];

        if (c != '\0' && strchr("*?[]\\^-", c))
            career_text_add_char(text, '\\');
        career_text_add_char(text, c);
    }
}
