/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/ecma.h"

#include <ctype.h>

/* Classes that both have. PCRE2 without UCP means ASCII, which ECMA does for all but white space. */
static const char *class_escape(char c, bool in_class)
{
    static const char *const same[] = {"\\d", "\\D", "\\w", "\\W"};

    for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
        if (same[i][1] == c)
            return same[i];
    if (c == 's')
        return in_class ? "\\t-\\r " : "[\\t-\\r ]";
    if (c == 'S' && !in_class)
        return "[^\\t-\\r ]";
    if (c == 'b' && !in_class)
        return "\\b";
    return c == 'B' && !in_class ? "\\B" : NULL;
}

/* The backslash and what belongs to it; false: not known to both. */
static bool take_escape(career_text *text, const char **at, bool in_class)
{
    char c = (*at)[1];
    const char *known = class_escape(c, in_class);
    size_t len = 2;

    if (known) {
        career_text_add_string(text, known);
    } else if (c && strchr("ntrf", c)) {
        career_text_add(text, *at, len);
    } else if (c == 'x' && isxdigit((unsigned char)(*at)[2]) && isxdigit((unsigned char)(*at)[3])) {
        len = 4;
        career_text_add(text, *at, len);
    } else if (c && (strchr("^$\\.*+?()[]{}|/", c) || (c == '-' && in_class))) {
        career_text_add(text, *at, len);
    } else if (ispunct(
                   (unsigned char)c)) { /* escaped for safety's sake, which ECMA does not allow */
        career_text_add_char(text, c);
    } else {
        return false;
    }
    *at += len;
    return true;
}

/* [...]: a ] that comes first is one of its characters; [:alpha:] and the like are PCRE2's own. */
static bool take_class(career_text *text, const char **at)
{
    const char *c = *at + 1;

    career_text_add_char(text, '[');
    if (*c == '^')
        career_text_add_char(text, *c++);
    if (*c == ']') {
        career_text_add_string(text, "\\]");
        c++;
    }
    while (*c && *c != ']') {
        if (*c == '[' && c[1] && strchr(":.=", c[1]))
            return false;
        if (*c != '\\')
            career_text_add_char(text, *c++);
        else if (!take_escape(text, &c, true))
            return false;
    }
    career_text_add_char(text, ']');
    *at = c + 1;
    return *c == ']';
}

/* {2}, {2,} and {2,4}; anything else that begins so means something else somewhere. */
static bool take_braces(career_text *text, const char **at)
{
    const char *end = *at + 1;

    if (!isdigit((unsigned char)*end))
        return false;
    end += strspn(end, "0123456789");
    if (*end == ',')
        end += 1 + strspn(end + 1, "0123456789");
    if (*end != '}')
        return false;
    career_text_add(text, *at, (size_t)(end + 1 - *at));
    *at = end + 1;
    return true;
}

/* Groups that both have: (…), (?:…), (?=…), (?!…). Verbs, (*…), and all the others are PCRE2's own. */
static bool take_group(career_text *text, const char **at)
{
    size_t len = 1;

    if ((*at)[1] == '*')
        return false;
    if ((*at)[1] == '?') {
        if (!(*at)[2] || !strchr(":=!", (*at)[2]))
            return false;
        len = 3;
    }
    career_text_add(text, *at, len);
    *at += len;
    return true;
}

static bool take_one(career_text *text, const char **at)
{
    char c = **at;

    switch (c) {
    case '\\':
        return take_escape(text, at, false);
    case '[':
        return take_class(text, at);
    case '(':
        return take_group(text, at);
    case '{':
        return take_braces(text, at);
    case '.':
        career_text_add_string(text, "[^\\n]");
        break;
    case ']':
    case '}':
        career_text_add_char(text, '\\');
        career_text_add_char(text, c);
        break;
    default:
        career_text_add_char(text, c);
    }
    ++*at;
    return true;
}

/* a++ and the like: possessive. The + stands right behind another quantifier. */
static bool is_possessive(const char *begin, const char *at)
{
    return *at == '+' && at > begin && strchr("*+?}", at[-1]) &&
           !(at > begin + 1 && at[-2] == '\\');
}

const char *career_ecma_expression(apr_pool_t *pool, const char *expression)
{
    career_text text = career_text_make(pool, 2 * strlen(expression) + 16);

    for (const char *at = expression; *at;)
        if (is_possessive(expression, at) || !take_one(&text, &at))
            return NULL;
    return text.data;
}
