/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

apr_pool_t *career_pool_create(void)
{
    apr_pool_t *pool;

    /* without an allocator named, one is made for it, and goes with it */
    return apr_pool_create_unmanaged_ex(&pool, NULL, NULL) == APR_SUCCESS ? pool : NULL;
}
