/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditional requests (RFC 9110 13) on entity tags. If-Match compares the version part of a tag alone, so
 * that a change of the rules does not break a save; If-None-Match the whole of it. A suffix that a
 * compression filter has hung on a tag (mod_deflate: -gzip, mod_brotli: -br) is not part of it.
 */
#include <apr_lib.h>

#include "httpd/request.h"

career_conditions career_conditions_of(const request_rec *r)
{
    return (career_conditions){apr_table_get(r->headers_in, "If-Match"),
                               apr_table_get(r->headers_in, "If-None-Match")};
}

static career_slice without_suffix(career_slice tag)
{
    static const char *const suffixes[] = {"-gzip", "-br", "-deflate"};

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
        size_t len = strlen(suffixes[i]);

        if (tag.len > len && memcmp(tag.data + tag.len - len, suffixes[i], len) == 0)
            return (career_slice){tag.data, tag.len - len};
    }
    return tag;
}

static career_slice version_part(career_slice tag)
{
    const char *dash = memchr(tag.data, '-', tag.len);

    return dash ? (career_slice){tag.data, (size_t)(dash - tag.data)} : tag;
}

/* The next entity tag of a list: W/"…" or "…". false at the end, or where the list is malformed. */
static bool next_tag(const char **list, bool *weak, career_slice *tag)
{
    const char *at = *list, *end;

    while (*at == ',' || apr_isspace(*at))
        at++;
    *weak = at[0] == 'W' && at[1] == '/';
    if (*weak)
        at += 2;
    if (*at != '"' || !(end = strchr(at + 1, '"')))
        return false;
    *tag = without_suffix((career_slice){at + 1, (size_t)(end - at - 1)});
    *list = end + 1;
    return true;
}

static bool is_star(const char *list)
{
    while (apr_isspace(*list))
        list++;
    if (*list++ != '*')
        return false;
    while (apr_isspace(*list))
        list++;
    return !*list;
}

/* Strong comparison of the versions (RFC 9110 8.8.3.2): a weak tag matches nothing. */
static bool version_matches(const char *list, const char *tag)
{
    career_slice want = version_part(career_slice_of(tag)), sent;
    bool weak;

    while (next_tag(&list, &weak, &sent))
        if (!weak && career_slice_equal(version_part(sent), want))
            return true;
    return false;
}

static bool tag_matches(const char *list, const char *tag)
{
    career_slice want = career_slice_of(tag), sent;
    bool weak;

    while (next_tag(&list, &weak, &sent))
        if (career_slice_equal(sent, want))
            return true;
    return false;
}

bool career_condition_not_modified(const career_conditions *conditions, const char *tag)
{
    const char *list = conditions->if_none_match;

    return list && (is_star(list) || tag_matches(list, tag));
}

static career_error *failed(apr_pool_t *pool, const char *which)
{
    return career_error_make(pool, CAREER_ERROR_PRECONDITION_FAILED, "%s", which);
}

career_error *career_conditions_check(apr_pool_t *pool, const career_conditions *conditions,
                                      const char *tag, bool change)
{
    const char *list = conditions->if_match;

    if (list && !tag)
        return failed(pool, "If-Match, and there is no profile");
    if (list && !is_star(list) && !version_matches(list, tag))
        return failed(pool, "If-Match");
    if (change && tag && career_condition_not_modified(conditions, tag))
        return failed(pool, "If-None-Match");
    return NULL;
}
