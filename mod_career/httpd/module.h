/* SPDX-License-Identifier: Apache-2.0 */
/* The module's name for httpd, for files that log through it or look up its configuration. */
#ifndef CAREER_MODULE_H
#define CAREER_MODULE_H

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>

/* the one symbol that leaves the shared object */
extern module AP_MODULE_DECLARE_DATA career_module __attribute__((visibility("default")));
APLOG_USE_MODULE(career);

#endif
