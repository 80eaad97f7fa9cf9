/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a request leaves behind when it is over: counts for the operator's metrics, and notes for the access log.
 * The request's own thread.
 */
#ifndef CAREER_ACCOUNT_H
#define CAREER_ACCOUNT_H

#include "httpd/request.h"

/* log_transaction, before mod_log_config. */
int career_account_request(request_rec *r);

/* A token that was refused, here or by AuthType Career. */
void career_account_refusal(career_request *rq, const career_error *error);

#endif
