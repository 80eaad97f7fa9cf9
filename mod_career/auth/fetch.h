/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One bounded GET of a key set over HTTPS. No redirects, no other protocol, the system's certificate
 * authorities (or those of SSL_CERT_FILE, as OpenSSL's own programs take them); limits of size and time hold
 * whatever the other side does. Blocks: for a background thread, never for a request's. fetch.c is the only
 * file that knows libcurl.
 */
#ifndef CAREER_FETCH_H
#define CAREER_FETCH_H

#include <stdatomic.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/version.h"

#define CAREER_FETCH_TIME (3 * CAREER_SECOND) /* from the first packet to the last */
#define CAREER_FETCH_SIZE (256 * 1024)        /* bytes of the body */

/* Once per process, before threads: curl_global_init(3). */
void career_fetch_start(void);

/* NULL when a key set may be fetched from there, else why not: https, or http to a loopback address. */
const char *career_fetch_check_url(const char *url);

/* *text is in the pool. false, and *why (from the pool) in one sentence, the same for the same fault, unless
 * the answer is a 200 within the limits. Ends early once *stop is true. */
bool career_fetch(apr_pool_t *pool, const char *url, const atomic_bool *stop, career_slice *text,
                  const char **why);

career_version career_fetch_version(void); /* of libcurl */

#endif
