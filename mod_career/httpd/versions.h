/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module and the libraries that it stands on, in one line for the log of a start. Knows them only by what their owners
 * say of them. The parent, while it reads its configuration.
 */
#ifndef CAREER_VERSIONS_H
#define CAREER_VERSIONS_H

#include <apr_pools.h>

/* "mod_career 1.0, OpenSSL 3.0.19, libpq 15.18 (built with 15.13), ..."; from the pool. */
const char *career_versions(apr_pool_t *pool);

#endif
