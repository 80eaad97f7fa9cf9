/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlstate.h"

#include <string.h>

static const career_sqlstate_info infos[] = {
#define X(code, error, action, quotable, when)                                                     \
    {code, CAREER_ERROR_##error, CAREER_SQLSTATE_##action, quotable, when},
    CAREER_SQLSTATES(X)
#undef X
};

static const career_sqlstate_info unknown = {"", CAREER_ERROR_INTERNAL_ERROR,
                                             CAREER_SQLSTATE_NOTHING, false, "anything else"};

const career_sqlstate_info *career_sqlstate_describe(const char *code)
{
    const career_sqlstate_info *found = &unknown;
    size_t found_len = 0;

    for (size_t i = 0; code && i < sizeof(infos) / sizeof(*infos); i++) {
        size_t len = strlen(infos[i].code);

        if (len > found_len && strncmp(infos[i].code, code, len) == 0) {
            found = &infos[i];
            found_len = len;
        }
    }
    return found;
}
