/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files crypto*.c share, who together are the only ones that know libcrypto: what a key is made of.
 * Nobody else may include this.
 */
#ifndef CAREER_CRYPTO_KEY_H
#define CAREER_CRYPTO_KEY_H

#include <stdatomic.h>

#include <openssl/bn.h>
#include <openssl/evp.h>

#include "auth/crypto.h"
#include "auth/proofs.h"

#define CAREER_P256_SIZE 32 /* bytes of a coordinate, and of a scalar */
#define CAREER_ED25519_SIZE 32
#define CAREER_CRYPTO_SPARES 8

/* Contexts are prepared when the key is made: looking an algorithm up and keying it cost OpenSSL 3
 * more than a MAC itself, and copying one a tenth of an RSA signature. So a context is lent to one
 * thread at a time: it is taken from a slot of spares and put back; a thread that finds no spare
 * copies the prepared one. */
struct career_crypto_key {
    career_algorithm algorithm;
    EVP_MAC_CTX *mac;                             /* HS256; only ever copied */
    EVP_PKEY *pkey;                               /* the others */
    EVP_PKEY_CTX *prepared;                       /* RS256, ES256; only ever copied */
    EVP_MD *sha256;                               /* of all but HS256 */
    career_proofs proofs;                         /* likewise: what it has found good */
    _Atomic(void *) spares[CAREER_CRYPTO_SPARES]; /* copies of mac or prepared */
};

/* As career_crypto_rsa, of numbers, which stay the caller's; NULL is allowed and fails. */
career_crypto_key *career_crypto_rsa_of(const BIGNUM *modulus, const BIGNUM *exponent,
                                        const char **why);

#endif
