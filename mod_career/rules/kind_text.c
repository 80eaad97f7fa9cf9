/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds that a text is written as: field.text, field.date and field.one_of. */
#include "rules/kind_scope.h"

#include <string.h>

#include "rules/nearest.h"

#define CHOICES_MAX 1000 /* values of one field.one_of */
#define CHOICE_MAX 200   /* bytes of one of them */

static apr_status_t destroy_pattern(void *pattern)
{
    career_pattern_destroy(pattern);
    return APR_SUCCESS;
}

static bool pay_for_pattern(career_scope *s)
{
    s->meter->used += career_pattern_size(s->kind->pattern);
    return s->meter->used <= s->meter->budget.memory ||
           career_scope_refuse(
               s,
               "matches: the regular expressions up to here need more memory than the budget "
               "of %" APR_SIZE_T_FMT " KiB allows",
               s->meter->budget.memory / 1024);
}

static bool compile_pattern(career_scope *s)
{
    char why[CAREER_PATTERN_WHY];

    if (!career_scope_take_string(s, "matches", &s->kind->expression) || !s->kind->expression)
        return !s->fault->text;
    if (!career_scope_has_time(s))
        return false;
    s->kind->pattern = career_pattern_compile(career_slice_of(s->kind->expression), why);
    if (!s->kind->pattern)
        return career_scope_refuse(s, "matches: the regular expression cannot be used: %s", why);
    apr_pool_cleanup_register(s->pool, s->kind->pattern, destroy_pattern, apr_pool_cleanup_null);
    return pay_for_pattern(s);
}

static bool compile_format(career_scope *s)
{
    const char *names[16], *name = NULL;
    size_t count = 0;

    if (!career_scope_take_string(s, "format", &name) || !name)
        return !s->fault->text;
    for (const career_format *format = career_formats; format->name; format++) {
        names[count++] = format->name;
        if (strcmp(format->name, name) == 0)
            s->kind->format = format;
    }
    names[count] = NULL;
    if (!s->kind->format)
        return career_scope_refuse(s, "there is no format \"%.60s\"; did you mean \"%s\"?", name,
                                   career_nearest(name, names));
    return true;
}

bool career_scope_text(career_scope *s)
{
    bool trimmed = true;

    if (!career_scope_take_counts(s) || !career_scope_take_flag(s, "trimmed", &trimmed))
        return false;
    s->kind->untrimmed = !trimmed;
    return compile_format(s) && compile_pattern(s);
}

static bool take_day(career_scope *s, const char *name, career_slice *day)
{
    const char *text = NULL;

    if (!career_scope_take_string(s, name, &text) || !text)
        return !s->fault->text;
    *day = career_slice_of(text);
    if (!career_format_is_date(*day))
        return career_scope_refuse(s, "%s must be a date such as \"2026-02-28\"", name);
    return true;
}

bool career_scope_date(career_scope *s)
{
    career_kind *kind = s->kind;

    if (!career_scope_take_flag(s, "time", &kind->timed) || !take_day(s, "min", &kind->from) ||
        !take_day(s, "max", &kind->till))
        return false;
    if (kind->from.data && kind->till.data &&
        memcmp(kind->from.data, kind->till.data, kind->from.len) > 0)
        return career_scope_refuse(s, "min is later than max");
    return true;
}

static bool compile_choice(career_scope *s, const career_json *choice, size_t index)
{
    career_kind *kind = s->kind;

    if (choice->type != CAREER_JSON_STRING)
        return career_scope_refuse(s, "value %" APR_SIZE_T_FMT " of field.one_of is not a text",
                                   index + 1);
    if (choice->string.len == 0 || choice->string.len > CHOICE_MAX)
        return career_scope_refuse(
            s, "value %" APR_SIZE_T_FMT " of field.one_of is empty or longer than %d bytes",
            index + 1, CHOICE_MAX);
    for (size_t i = 0; i < index; i++)
        if (career_slice_equal(kind->values[i], choice->string))
            return career_scope_refuse(s, "field.one_of names \"%s\" twice", choice->string.data);
    kind->values[index] = choice->string;
    kind->allowed[index] = choice->string.data;
    kind->value_count = index + 1;
    return true;
}

bool career_scope_one_of(career_scope *s)
{
    size_t count = s->items->array.count;

    if (count == 0 || count > CHOICES_MAX)
        return career_scope_refuse(
            s, "field.one_of takes between 1 and %d values: field.one_of { \"a\", \"b\" }",
            CHOICES_MAX);
    s->kind->values = apr_pcalloc(s->pool, count * sizeof(*s->kind->values));
    s->kind->allowed = apr_pcalloc(s->pool, (count + 1) * sizeof(*s->kind->allowed));
    for (size_t i = 0; i < count; i++)
        if (!compile_choice(s, s->items->array.items[i], i))
            return false;
    return true;
}
