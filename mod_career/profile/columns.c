/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/columns.h"

const career_column_info career_columns[CAREER_COLUMN_COUNT] = {
#define X(name, json, sql, kind, required) {json, sql, CAREER_KIND_##kind, required},
    CAREER_COLUMNS(X)
#undef X
};

career_column career_column_find(career_slice json_name)
{
    for (int i = 0; i < CAREER_COLUMN_COUNT; i++)
        if (career_slice_equal(json_name, career_slice_of(career_columns[i].json)))
            return (career_column)i;
    return CAREER_COLUMN_EXTRA;
}

bool career_field_is_read_only(career_slice json_name)
{
    static const char *const names[] = {"userId", "profileId", "lastUpdated"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (career_slice_equal(json_name, career_slice_of(names[i])))
            return true;
    return false;
}
