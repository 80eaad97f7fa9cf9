/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds that hold others: field.list and field.record. */
#include "rules/kind_scope.h"

#include <apr_strings.h>

#define MEMBERS_MAX 100 /* of one record */
#define LIST_MAX 1000   /* items, where the rules do not say */

bool career_scope_list(career_scope *s)
{
    const career_json *of = career_json_get(s->options, "of");

    if (s->items->array.count == 1 && !of)
        of = s->items->array.items[0];
    else if (s->items->array.count)
        of = NULL;
    if (!of)
        return career_scope_refuse(
            s, "field.list takes one kind for its items: field.list { field.text {} }");
    if (!career_scope_take_counts(s))
        return false;
    if (!s->kind->has_max)
        s->kind->max = s->kind->min > LIST_MAX ? s->kind->min : LIST_MAX;
    s->kind->has_max = true;
    if (!career_scope_take_flag(s, "unique", &s->kind->unique))
        return false;
    s->kind->item = career_scope_compile(s, of, apr_pstrcat(s->pool, s->path, "[]", NULL));
    if (s->kind->item && s->kind->item->optional)
        return career_scope_refuse(
            s, "an item of a list cannot be optional; nullable lets it be null");
    return s->kind->item;
}

static int member_line(const career_kind_member *member)
{
    return member->kind->line;
}

/* In the order of the file: by line, and within one by name, as they came. */
static void insert_member(career_kind *kind, career_kind_member *members, career_kind_member member)
{
    size_t at = kind->member_count++;

    for (; at > 0 && member_line(&members[at - 1]) > member_line(&member); at--)
        members[at] = members[at - 1];
    members[at] = member;
}

bool career_scope_record(career_scope *s)
{
    size_t room = s->options->object.count;
    career_kind_member *members = apr_pcalloc(s->pool, (room + 1) * sizeof(*members));

    for (size_t i = 0; i < room; i++) {
        const career_json_member *option = &s->options->object.members[i];
        const career_kind *kind;

        if (!career_kind_line(option->value))
            continue;
        kind = career_scope_compile(s, option->value,
                                    apr_pstrcat(s->pool, s->path, ".", option->name.data, NULL));
        if (!kind)
            return false;
        insert_member(s->kind, members, (career_kind_member){option->name, kind});
    }
    if (s->kind->member_count == 0 || s->kind->member_count > MEMBERS_MAX)
        return career_scope_refuse(s,
                                   "field.record takes between 1 and %d members: "
                                   "field.record { name = field.text {} }",
                                   MEMBERS_MAX);
    s->kind->members = members;
    return true;
}
