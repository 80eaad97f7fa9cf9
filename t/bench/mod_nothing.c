/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A handler that does nothing but answer: the least that any C handler costs in this httpd, which is
 * what the benchmark holds the real one against. The answer is as long as a profile.
 */
#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>
#include <util_filter.h>

#define HUNDRED                                                                                      \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123" \
    "456789"

static const char answer[] = "{\"success\":true,\"data\":\"" HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED
    HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED "\"}";

static int nothing_handle(request_rec *r)
{
    if (!r->handler || strcmp(r->handler, "nothing") != 0) {
        return DECLINED;
    }
    conn_rec *connection = r->connection;
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, connection->bucket_alloc);
    apr_bucket *body =
        apr_bucket_immortal_create(answer, sizeof answer - 1, connection->bucket_alloc);
    APR_BRIGADE_INSERT_TAIL(brigade, body);
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(connection->bucket_alloc));
    ap_set_content_type(r, "application/json");
    ap_set_content_length(r, sizeof answer - 1);
    return ap_pass_brigade(r->output_filters, brigade) == APR_SUCCESS ? OK : AP_FILTER_ERROR;
}

static void nothing_register(apr_pool_t *pool)
{
    (void)pool;
    ap_hook_handler(nothing_handle, NULL, NULL, APR_HOOK_MIDDLE);
}

__attribute__((visibility("default"))) module AP_MODULE_DECLARE_DATA nothing_module = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, nothing_register,
#ifdef AP_MODULE_FLAG_NONE
    AP_MODULE_FLAG_NONE,
#endif
};
