/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signature verification (RFC 7518, RFC 8037) on OpenSSL 3; the files crypto*.c are the only ones that
 * know it. A key is made once, with one algorithm for good, and is fit for use or is not made at all:
 * sizes, curve and exponent are judged here. It knows nothing of tokens, key ids or JSON. Keys are
 * made and destroyed by one thread; any number of threads may verify with one at the same time.
 */
#ifndef CAREER_CRYPTO_H
#define CAREER_CRYPTO_H

#include "base/text.h"
#include "base/version.h"

typedef enum career_algorithm {
    CAREER_HS256,
    CAREER_RS256,
    CAREER_ES256,
    CAREER_EDDSA,
    CAREER_ALGORITHM_COUNT
} career_algorithm;

#define CAREER_SECRET_MIN 32 /* bytes: as long as the hash's output (RFC 7518 3.2) */

typedef struct career_crypto_key career_crypto_key;

/* Makers. On failure they return NULL and say why in *why, a constant with no line break that
 * begins in lower case. Byte strings are big-endian, as in a JWK, and are copied. */
career_crypto_key *career_crypto_secret(career_slice secret, const char **why);
career_crypto_key *career_crypto_rsa(career_slice modulus, career_slice exponent, const char **why);
career_crypto_key *career_crypto_p256(career_slice x, career_slice y, const char **why);
career_crypto_key *career_crypto_ed25519(career_slice x, const char **why);

/* Calls found for each PEM block of the text (RFC 7468), with its key, which the callee then owns,
 * or with NULL and why it cannot be used. Returns the number of calls; it stops at the first false.
 */
unsigned career_crypto_pem_each(career_slice text,
                                bool (*found)(void *context, career_crypto_key *key,
                                              const char *why),
                                void *context);

void career_crypto_key_destroy(career_crypto_key *key); /* wipes a secret; NULL is allowed */
career_algorithm career_crypto_key_algorithm(const career_crypto_key *key);

/* The same public key? Never true for secrets. */
bool career_crypto_key_same(const career_crypto_key *a, const career_crypto_key *b);

/* Signature as in a JWS: the whole MAC; RSA's octets, as many as the modulus has; R and S of 32
 * octets each; Ed25519's 64 octets. The MAC is compared in constant time. A public key remembers the last few
 * thousand signatures that it found good. */
bool career_crypto_verify(career_crypto_key *key, career_slice input, career_slice signature);

career_version career_crypto_version(void); /* of OpenSSL */

#endif
