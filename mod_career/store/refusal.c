/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why the database refuses a change that the rules let pass: its enum is narrower than theirs, its column
 * shorter, its encoding without the character, a check of its own. The answer is found by comparing the change with
 * what inquire.c was told, not by reading the server's sentence, which depends on its language. On the caller's thread.
 */
#include <stdlib.h>

#include <apr_strings.h>

#include "store/job.h"
#include "store/sqlstate.h"

/* Columns of the statement CATALOG. */
enum { CATALOG_NAME, CATALOG_LABELS, CATALOG_LENGTH };

/* The column of that name in the database, or -1. */
static int find_column(const char *name)
{
    for (int i = 0; name && i < CAREER_COLUMN_COUNT; i++) {
        const char *sql = career_columns[i].sql;
        size_t len = strlen(sql), quotes = *sql == '"';

        if (strlen(name) == len - 2 * quotes && strncmp(name, sql + quotes, len - 2 * quotes) == 0)
            return i;
    }
    return -1;
}

static const char *const *labels_of(apr_pool_t *pool, career_slice json)
{
    const char *why;
    const career_json *labels =
        json.data ? career_json_parse_value(pool, json.data, json.len, &why) : NULL;
    const char **list;

    if (!labels || labels->type != CAREER_JSON_ARRAY)
        return NULL;
    list = apr_pcalloc(pool, (labels->array.count + 1) * sizeof(*list));
    for (size_t i = 0; i < labels->array.count; i++)
        list[i] = labels->array.items[i]->string.data;
    return list;
}

static bool among(const char *const *labels, career_slice value)
{
    for (; *labels; labels++)
        if (career_slice_equal(career_slice_of(*labels), value))
            return true;
    return false;
}

static void judge_value(career_violations *list, const char *field, const career_json *value,
                        const char *const *labels, size_t longest)
{
    if (value->type != CAREER_JSON_STRING)
        return;
    if (labels && !among(labels, value->string))
        career_violations_add(list, field, "not_allowed", labels,
                              "the database does not know this value");
    if (longest && career_utf8_length(value->string.data, value->string.len) > longest)
        career_violations_add(list, field, "too_long", NULL,
                              "the database holds at most %" APR_SIZE_T_FMT " characters here",
                              longest);
}

static void judge_column(career_violations *list, const char *field, const career_json *value,
                         const char *const *labels, size_t longest)
{
    if (value->type != CAREER_JSON_ARRAY) {
        judge_value(list, field, value, labels, longest);
        return;
    }
    for (size_t i = 0; i < value->array.count; i++)
        judge_value(list, apr_psprintf(list->pool, "%s[%" APR_SIZE_T_FMT "]", field, i),
                    value->array.items[i], labels, longest);
}

static void compare_with_catalog(career_violations *list, const career_result *catalog,
                                 const career_change *change)
{
    for (int at = 0; catalog && at < career_result_rows(catalog); at++) {
        int column = find_column(career_result_value(catalog, at, CATALOG_NAME).data);
        career_slice longest = career_result_value(catalog, at, CATALOG_LENGTH);

        if (column >= 0 && change->columns[column])
            judge_column(list, career_columns[column].json, change->columns[column],
                         labels_of(list->pool, career_result_value(catalog, at, CATALOG_LABELS)),
                         longest.data ? strtoul(longest.data, NULL, 10) : 0);
    }
}

static void refuse(career_violations *list, const char *field)
{
    career_violations_add(list, field, "not_allowed", NULL,
                          "the database does not accept this value");
}

/* Is the field, or an item of it, in the list? */
static bool is_named(const career_violations *list, const char *field)
{
    size_t len = strlen(field);

    for (size_t i = 0; i < list->count; i++)
        if (strncmp(list->items[i].field, field, len) == 0 &&
            (list->items[i].field[len] == '\0' || list->items[i].field[len] == '['))
            return true;
    return false;
}

/* The operator's own fields are one value to the database: it is told which only where there is one. */
static const char *only_extra(const career_change *change)
{
    return change->extra && change->extra->object.count == 1
               ? change->extra->object.members[0].name.data
               : "";
}

/* Those that their columns refuse by themselves, for reasons that the catalog does not tell. */
static void name_refused(career_violations *list, unsigned refused, const career_change *change)
{
    for (int i = 0; i < CAREER_COLUMN_COUNT; i++)
        if (refused & 1u << (i + 1) && !is_named(list, career_columns[i].json))
            refuse(list, career_columns[i].json);
    if (refused & 1u << CAREER_PLACE_EXTRA)
        refuse(list, only_extra(change));
}

static void name_column(career_violations *list, const char *code, const char *name)
{
    int column = find_column(name);

    if (column >= 0 && strcmp(code, "23502") == 0)
        career_violations_add(list, career_columns[column].json, "required", NULL,
                              "the database needs a value here");
    else if (column >= 0)
        refuse(list, career_columns[column].json);
}

/* The field that must be it when there is only one; else the document as a whole, whose path is empty. */
static const char *only_field(const career_change *change)
{
    const char *field = NULL;

    for (int i = 0; i < CAREER_COLUMN_COUNT; i++) {
        if (change->columns[i] && field)
            return "";
        if (change->columns[i])
            field = career_columns[i].json;
    }
    if (!field)
        return only_extra(change);
    return change->extra ? "" : field;
}

career_error *career_refusal_explain(apr_pool_t *pool, const career_store_job *job,
                                     const career_change *change)
{
    career_error *error = career_error_make(pool, CAREER_ERROR_VALIDATION_FAILED, "%s", job->cause);
    career_violations *list = career_violations_make(pool);
    const char *code = career_result_sqlstate(job->failure);

    compare_with_catalog(list, job->catalog, change);
    name_refused(list, job->refused, change);
    if (!list->count)
        name_column(list, code, career_result_column(job->failure));
    for (int at = 0; !list->count && job->constraint && at < career_result_rows(job->constraint);
         at++)
        name_column(list, code, career_result_value(job->constraint, at, 0).data);
    if (!list->count)
        refuse(list, only_field(change));
    error->details = list;
    return error;
}
