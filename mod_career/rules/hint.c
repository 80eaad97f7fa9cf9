/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/hint.h"

#include <string.h>

#include <apr_strings.h>

#include "rules/kind.h"
#include "rules/nearest.h"

/* The first that fits. */
static const struct {
    const char *said, *hint;
} hints[] = {
    {"near <eof>", "the file ends in the middle of something; is it whole?"},
    {"'}' expected", "is a comma missing before it?"},
    {"')' expected near '='", "options stand in braces: field.text { max = 80 }"},
    {"unexpected symbol near '{'", "is `return` missing before it?"},
    {"attempt to call a table value",
     "two tables in a row are a call; is a comma or `return` missing between them?"},
};

/* NAME in "... a nil value (global 'NAME')", from the pool; NULL when the message is another. */
static const char *missing_global(apr_pool_t *pool, const char *message)
{
    static const char before[] = " a nil value (global '";
    const char *name = strstr(message, before), *end;

    if (!name)
        return NULL;
    name += sizeof(before) - 1;
    end = strchr(name, '\'');
    return end ? apr_pstrmemdup(pool, name, (size_t)(end - name)) : NULL;
}

/* text { } for field.text { }, or feild.text { }. */
static const char *hint_for_global(apr_pool_t *pool, const char *name)
{
    static const char *const tables[] = {"field",  "string", "table", "math",      "utf8",
                                         "career", "os",     "io",    "debug",     "package",
                                         "_G",     "json",   "ngx",   "coroutine", NULL};

    for (const char *const *kind = career_kind_names; *kind; kind++)
        if (strcmp(*kind, name) == 0)
            return apr_psprintf(pool, "did you mean field.%s?", name);
    return strcmp(career_nearest(name, tables), "field") == 0 ? "did you mean field?" : NULL;
}

const char *career_hint(apr_pool_t *pool, const char *message)
{
    const char *name = missing_global(pool, message);

    if (name)
        return hint_for_global(pool, name);
    for (size_t i = 0; i < sizeof(hints) / sizeof(*hints); i++)
        if (strstr(message, hints[i].said))
            return hints[i].hint;
    return NULL;
}
