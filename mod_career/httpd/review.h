/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a configuration probably does not mean: no fault, for it works, but not as it reads. One warning each, under
 * httpd -t and at every start. The parent, while it reads its configuration; requests know nothing of it.
 */
#ifndef CAREER_REVIEW_H
#define CAREER_REVIEW_H

#include <httpd.h>

/* Looks at every host, once its settings are complete. */
void career_review(apr_pool_t *temp, server_rec *main_server);

#endif
