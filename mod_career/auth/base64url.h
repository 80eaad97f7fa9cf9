/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64url as JOSE uses it (RFC 7515 2, RFC 4648 5), read strictly: no padding, no white space,
 * and only the one canonical text of each byte string, so that a token cannot be altered and stay
 * valid. Pure; any thread.
 */
#ifndef CAREER_BASE64URL_H
#define CAREER_BASE64URL_H

#include "base/text.h"

/* The bytes, from the pool, with a NUL behind them; false when the text is not canonical. An empty
 * text is an empty byte string, whose data is not NULL. */
bool career_base64url_decode(apr_pool_t *pool, career_slice text, career_slice *bytes);

#endif
