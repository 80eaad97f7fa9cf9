/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/profile.h"

#include <apr_strings.h>

static size_t count_own(const career_layout *layout)
{
    size_t count = 0;

    for (size_t i = 0; i < layout->count; i++)
        count += layout->fields[i].column == CAREER_COLUMN_EXTRA;
    return count;
}

career_change *career_change_between(apr_pool_t *pool, const career_document *previous,
                                     const career_document *merged)
{
    const career_layout *layout = merged->layout;
    career_change *change = apr_pcalloc(pool, sizeof(*change));
    career_json *extra = NULL;

    for (size_t i = 0; i < layout->count; i++) {
        const career_field *field = &layout->fields[i];
        const career_json *value = merged->values[i];

        if (previous && career_json_equal(previous->values[i], value))
            continue;
        change->any = true;
        if (field->column != CAREER_COLUMN_EXTRA) {
            change->columns[field->column] = value;
            continue;
        }
        if (!extra)
            extra = career_json_object(pool, count_own(layout));
        career_json_set(pool, extra, field->name.data, value);
    }
    change->extra = extra;
    return change;
}
