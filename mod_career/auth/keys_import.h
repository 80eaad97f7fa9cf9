/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading published keys: a text (JWKS, JWK or PEM) becomes a list of keys fit for use and one
 * sentence about the rest. Only keys.c includes it. One thread at a time, that of the pool.
 */
#ifndef CAREER_KEYS_IMPORT_H
#define CAREER_KEYS_IMPORT_H

#include "auth/keys.h"

typedef struct career_key {
    career_crypto_key *crypto;
    career_slice kid; /* data NULL: none */
    const char *name; /* while importing: what a message calls it */
} career_key;

typedef struct career_key_import {
    apr_pool_t *pool;
    unsigned count;
    career_key items[CAREER_KEYS_MAX]; /* whoever takes the import owns their crypto */
    career_text skipped;               /* empty: none */
    unsigned named;                    /* in skipped */
} career_key_import;

/* Never NULL. A text that is refused as a whole gives no items and says so in skipped. */
career_key_import *career_key_import_read(apr_pool_t *pool, career_slice text);

/* Adds to the sentence. Only the first eight are named. */
void career_key_import_skip(career_key_import *import, const char *name, const char *why);

#endif
