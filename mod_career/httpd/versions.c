/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/versions.h"

#include <stdbool.h>
#include <string.h>

#include <apr_strings.h>

#include "auth/crypto.h"
#include "auth/fetch.h"
#include "base/json.h"
#include "base/version.h"
#include "cache/redis.h"
#include "rules/pattern.h"
#include "rules/sandbox.h"
#include "store/postgres.h"

/* "15.18 (Debian 15.18-0+deb12u1)" is 15.18. */
static const char *number(apr_pool_t *pool, const char *version)
{
    return apr_pstrmemdup(pool, version, strcspn(version, " "));
}

static const char *describe(apr_pool_t *pool, career_version version)
{
    const char *compiled = number(pool, version.compiled);
    const char *running = version.running ? number(pool, version.running) : compiled;
    bool same = strcmp(compiled, running) == 0;

    return apr_pstrcat(pool, version.name, " ", running, same ? "" : " (built with ",
                       same ? "" : compiled, same ? "" : ")", NULL);
}

const char *career_versions(apr_pool_t *pool)
{
    const career_version all[] = {career_crypto_version(),  career_postgres_version(),
                                  career_fetch_version(),   career_json_version(),
                                  career_sandbox_version(), career_redis_version(),
                                  career_pattern_version()};
    const char *text = "mod_career " CAREER_MODULE_VERSION;

    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        text = apr_pstrcat(pool, text, ", ", describe(pool, all[i]), NULL);
    return text;
}
