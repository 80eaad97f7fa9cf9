/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <httpd.h>
#include <http_config.h>

#include <apr_file_io.h>
#include <apr_lib.h>
#include <apr_strings.h>

#define FILE_MAX (256 * 1024)

typedef struct unit {
    const char *name;
    int64_t factor;
} unit;

/* A whole number and its unit; the last unit has no name. */
static bool number_with_unit(const char *text, const unit *units, int64_t *value)
{
    char *end;
    long long number;

    if (!apr_isdigit(*text))
        return false;
    errno = 0;
    number = strtoll(text, &end, 10);
    for (; units->factor; units++)
        if (strcasecmp(end, units->name) == 0)
            break;
    if (errno || !units->factor || number > INT64_MAX / 4 / units->factor)
        return false;
    *value = number * units->factor;
    return true;
}

const char *career_value_count(apr_pool_t *pool, const char *text, int64_t *count)
{
    static const unit units[] = {{"", 1}, {NULL, 0}};

    if (number_with_unit(text, units, count) && *count > 0 && *count <= 1000000)
        return NULL;
    return apr_psprintf(pool, "'%s' is no whole number from 1 to 1000000", text);
}

const char *career_value_duration(apr_pool_t *pool, const char *text, int64_t *microseconds)
{
    static const unit units[] = {
        {"ms", 1000}, {"s", 1000000}, {"min", 60 * 1000000LL}, {"h", 3600 * 1000000LL}, {NULL, 0}};

    if (strcmp(text, "0") == 0) {
        *microseconds = 0;
        return NULL;
    }
    if (number_with_unit(text, units, microseconds) &&
        *microseconds <= INT64_C(1000000) * 86400 * 3660)
        return NULL;
    return apr_psprintf(pool, "'%s' is no duration; write 250ms, 2s, 10min or 24h", text);
}

const char *career_value_size(apr_pool_t *pool, const char *text, int64_t *bytes)
{
    static const unit units[] = {{"", 1}, {"K", 1024}, {"M", 1024 * 1024}, {NULL, 0}};

    if (number_with_unit(text, units, bytes) && *bytes > 0 && *bytes <= INT64_C(1) << 30)
        return NULL;
    return apr_psprintf(pool, "'%s' is no size from 1 to 1024M; write 65536, 64K or 8M", text);
}

const char *career_value_switch(apr_pool_t *pool, const char *text, int64_t *on)
{
    *on = strcasecmp(text, "on") == 0;
    if (*on || strcasecmp(text, "off") == 0)
        return NULL;
    return apr_psprintf(pool, "'%s' is neither on nor off", text);
}

const char *career_value_auto(apr_pool_t *pool, const char *text, int64_t *choice)
{
    *choice = 2;
    if (strcasecmp(text, "auto") == 0)
        return NULL;
    if (!career_value_switch(pool, text, choice))
        return NULL;
    return apr_psprintf(pool, "'%s' is none of auto, on and off", text);
}

static const char *check_file(apr_pool_t *pool, const char *path, apr_file_t *file, bool secret,
                              apr_size_t *size)
{
    apr_finfo_t info;
    apr_status_t status;

    status = apr_file_info_get(&info, APR_FINFO_TYPE | APR_FINFO_PROT | APR_FINFO_SIZE, file);
    if (status != APR_SUCCESS || info.filetype != APR_REG || info.size > FILE_MAX)
        return apr_psprintf(pool, "%s is no regular file of at most 256K", path);
    if (secret && (info.protection & (APR_FPROT_WREAD | APR_FPROT_WWRITE)))
        return apr_psprintf(pool, "everybody may read or write %s; chmod 600 it", path);
    *size = (apr_size_t)info.size;
    return NULL;
}

const char *career_value_file(apr_pool_t *pool, const char *path, bool secret, const char **text)
{
    const char *full = ap_server_root_relative(pool, path), *fault;
    apr_file_t *file;
    apr_size_t size = 0, len = 0;
    apr_status_t status;
    char *bytes;

    status = apr_file_open(&file, full, APR_READ | APR_BINARY, APR_OS_DEFAULT, pool);
    if (status != APR_SUCCESS)
        return apr_psprintf(pool, "cannot open %s: %pm", full, &status);
    fault = check_file(pool, full, file, secret, &size);
    if (!fault) {
        bytes = apr_pcalloc(pool, size + 1);
        status = apr_file_read_full(file, bytes, size, &len);
        if (status != APR_SUCCESS && !APR_STATUS_IS_EOF(status))
            fault = apr_psprintf(pool, "cannot read %s: %pm", full, &status);
        else if (len == 0 || strlen(bytes) != len)
            fault = apr_psprintf(pool, "%s is empty or holds a NUL byte", full);
        *text = bytes;
    }
    apr_file_close(file);
    return fault;
}

static const char *file_secret(apr_pool_t *pool, const char *path, const char **secret)
{
    const char *text = "", *fault = career_value_file(pool, path, true, &text);
    size_t len;

    if (fault)
        return fault;
    len = strlen(text);
    while (len && (text[len - 1] == '\n' || text[len - 1] == '\r')) /* as editors end a line */
        len--;
    *secret = apr_pstrmemdup(pool, text, len);
    return len ? NULL : apr_psprintf(pool, "%s is empty", path);
}

const char *career_value_secret(apr_pool_t *pool, const char *text, bool plain, const char **secret)
{
    if (strncmp(text, "file:", 5) == 0)
        return file_secret(pool, text + 5, secret);
    if (strncmp(text, "env:", 4) == 0) {
        *secret = apr_pstrdup(pool, getenv(text + 4));
        if (*secret && **secret)
            return NULL;
        return apr_psprintf(pool,
                            "the environment variable %s is not set; httpd sees what its "
                            "own service gives it (Debian: /etc/apache2/envvars)",
                            text + 4);
    }
    if (!plain)
        return "a secret does not stand in the configuration; write env:NAME or file:PATH";
    *secret = text;
    return NULL;
}
