/* SPDX-License-Identifier: Apache-2.0 */
/* How a violation is said: where, and in whose words. */
#include "rules/judge.h"

#include <stdarg.h>

#include <apr_strings.h>

#define NAME_SHOWN_MAX 100 /* bytes of a client's own name that are repeated */

void career_path_add(career_text *text, const career_path *path)
{
    if (path->up)
        career_path_add(text, path->up);
    if (!path->name.data) {
        career_text_add_format(text, "[%" APR_SIZE_T_FMT "]", path->index);
        return;
    }
    if (path->up)
        career_text_add_char(text, '.');
    career_text_add_name(text, path->name, NAME_SHOWN_MAX);
}

/* The operator's own words for it, or NULL. */
static const char *own_words(const career_kind *kind, const char *code)
{
    const career_json *words = kind->message;

    if (words && words->type == CAREER_JSON_OBJECT)
        words = career_json_get(words, code);
    return words ? words->string.data : NULL;
}

void career_judge_report(career_judgement *judgement, const career_kind *kind,
                         const career_path *path, const char *code, const char *message, ...)
{
    career_violations *violations = judgement->violations;
    career_text where;
    const char *words = own_words(kind, code), *label;
    const char *const *allowed = strcmp(code, "not_allowed") == 0 ? kind->allowed : NULL;
    va_list args;

    if (violations->count == CAREER_VIOLATIONS_MAX) { /* only counted: spare the words */
        violations->omitted++;
        return;
    }
    where = career_text_make(violations->pool, 48);
    career_path_add(&where, path);
    label = kind->label ? kind->label : where.data;
    va_start(args, message);
    if (words)
        career_violations_add(violations, where.data, code, allowed, "%s", words);
    else
        career_violations_add(violations, where.data, code, allowed, "%s %s", label,
                              apr_pvsprintf(violations->pool, message, args));
    va_end(args);
}
