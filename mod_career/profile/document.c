/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/profile.h"

#include <apr_strings.h>

#define FIELD_SHOWN_MAX 200 /* bytes of an unknown name that are repeated to the client */

static career_document *make(apr_pool_t *pool, const career_layout *layout)
{
    career_document *document = apr_palloc(pool, sizeof(*document));

    document->layout = layout;
    document->values = apr_palloc(pool, layout->count * sizeof(*document->values));
    document->sent = apr_pcalloc(pool, layout->count * sizeof(*document->sent));
    return document;
}

/* Null is the fallback, whose node no other value is. */
static const career_json *settle(const career_field *field, const career_json *value)
{
    return value && value->type != CAREER_JSON_NULL ? value : field->fallback;
}

static career_error *parse(apr_pool_t *pool, career_slice fragment, const char *what,
                           const career_json **value)
{
    const career_json *parsed;
    const char *why;

    *value = &career_json_null;
    if (!fragment.data)
        return NULL;
    parsed = career_json_parse_value(pool, fragment.data, fragment.len, &why);
    if (!parsed) /* why may quote the profile: it stays out of the log */
        return career_error_make(pool, CAREER_ERROR_INTERNAL_ERROR,
                                 "stored %s is no JSON this server can read", what);
    *value = parsed;
    return NULL;
}

static career_error *read_column(apr_pool_t *pool, const career_field *field, const career_row *row,
                                 const career_json **value)
{
    const career_column_info *info = &career_columns[field->column];
    career_error *error = parse(pool, row->columns[field->column], info->json, value);

    if (error)
        return error;
    if (info->kind != CAREER_KIND_TEXT && (*value)->type != CAREER_JSON_NULL &&
        (*value)->type != CAREER_JSON_ARRAY)
        *value = &career_json_empty_array;
    return NULL;
}

/* Only a layout with fields of the operator's own needs "extra". */
static career_error *read_extra(apr_pool_t *pool, const career_layout *layout,
                                const career_row *row, const career_json **extra)
{
    *extra = &career_json_null;
    if (layout->count == 0 || layout->fields[layout->count - 1].column != CAREER_COLUMN_EXTRA)
        return NULL;
    return parse(pool, row->extra, "extra", extra);
}

/* Does the field read in both rows the same? */
static bool same_text(const career_row *a, const career_row *b, career_column column)
{
    return column == CAREER_COLUMN_EXTRA
               ? career_slice_equal(a->extra, b->extra)
               : career_slice_equal(a->columns[column], b->columns[column]);
}

career_error *career_document_reread(apr_pool_t *pool, const career_layout *layout,
                                     const career_row *row, const career_row *before,
                                     const career_document *previous,
                                     const career_document **document)
{
    career_document *read = make(pool, layout);
    const career_json *extra = &career_json_null, *value;
    career_error *error = NULL;

    if (!before || !career_slice_equal(row->extra, before->extra))
        error = read_extra(pool, layout, row, &extra);
    for (size_t i = 0; i < layout->count && !error; i++) {
        const career_field *field = &layout->fields[i];

        if (before && same_text(row, before, field->column)) {
            read->values[i] = previous->values[i];
            continue;
        }
        if (field->column == CAREER_COLUMN_EXTRA)
            value = career_json_get_slice(extra, field->name);
        else
            error = read_column(pool, field, row, &value);
        if (!error)
            read->values[i] = settle(field, value);
    }
    if (!error)
        *document = read;
    return error;
}

career_error *career_document_read(apr_pool_t *pool, const career_layout *layout,
                                   const career_row *row, const career_document **document)
{
    return career_document_reread(pool, layout, row, NULL, NULL, document);
}

static void refuse_name(career_violations *violations, career_slice name)
{
    career_text shown;

    if (violations->count == CAREER_VIOLATIONS_MAX) { /* only counted: spare the words */
        violations->omitted++;
        return;
    }
    shown = career_text_make(violations->pool, 64);
    career_text_add_name(&shown, name, FIELD_SHOWN_MAX);
    career_violations_add(violations, shown.data, "unknown_field", NULL,
                          "The career profile has no such field");
}

static void merge_member(career_document *merged, const career_json_member *member,
                         career_violations *violations)
{
    int index;

    if (career_field_is_read_only(member->name))
        return;
    index = career_layout_find(merged->layout, member->name);
    if (index < 0) {
        refuse_name(violations, member->name);
        return;
    }
    merged->values[index] = settle(&merged->layout->fields[index], member->value);
    merged->sent[index] = true;
}

career_document *career_document_merge(apr_pool_t *pool, const career_layout *layout,
                                       const career_document *previous, const career_json *body,
                                       career_violations *violations)
{
    career_document *merged = make(pool, layout);

    for (size_t i = 0; i < layout->count; i++)
        merged->values[i] = previous ? previous->values[i] : layout->fields[i].fallback;
    if (body->type == CAREER_JSON_OBJECT)
        for (size_t i = 0; i < body->object.count; i++)
            merge_member(merged, &body->object.members[i], violations);
    return merged;
}

const career_json *career_document_json(apr_pool_t *pool, const career_document *document)
{
    const career_layout *layout = document->layout;
    career_json *object = career_json_object(pool, layout->count);

    for (size_t i = 0; i < layout->count; i++)
        career_json_set(pool, object, layout->fields[i].name.data, document->values[i]);
    return object;
}
