/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>

#include <apr_strings.h>

static const career_error_info infos[CAREER_ERROR_COUNT] = {
#define X(name, status, code, text, when) {status, #name, code, text, when},
    CAREER_ERRORS(X)
#undef X
};

const career_error_info *career_error_describe(career_error_id id)
{
    return &infos[id];
}

career_error *career_error_make(apr_pool_t *pool, career_error_id id, const char *cause, ...)
{
    career_error *error = apr_pcalloc(pool, sizeof(*error));
    va_list args;

    va_start(args, cause);
    error->id = id;
    error->cause = apr_pvsprintf(pool, cause, args);
    error->retry_after = infos[id].status == 503 ? 1 : 0;
    va_end(args);
    return error;
}

career_violations *career_violations_make(apr_pool_t *pool)
{
    career_violations *list = apr_palloc(pool, sizeof(*list));

    list->pool = pool;
    list->count = 0;
    list->omitted = 0;
    list->given_up = NULL;
    list->items = NULL;
    return list;
}

void career_violations_add(career_violations *list, const char *field, const char *code,
                           const char *const *allowed, const char *message, ...)
{
    va_list args;

    if (list->count == CAREER_VIOLATIONS_MAX) {
        list->omitted++;
        return;
    }
    if (!list->items)
        list->items = apr_palloc(list->pool, CAREER_VIOLATIONS_MAX * sizeof(*list->items));
    va_start(args, message);
    list->items[list->count++] = (career_violation){
        .field = apr_pstrdup(list->pool, field),
        .code = code,
        .message = apr_pvsprintf(list->pool, message, args),
        .allowed = allowed,
    };
    va_end(args);
}
