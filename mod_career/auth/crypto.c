/* SPDX-License-Identifier: Apache-2.0 */
/* What a key is for: to verify. */
#include "auth/crypto_key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#define SHA256_SIZE 32
#define ED25519_SIGNATURE_SIZE 64

/* ---- the key ---- */

static void context_free(const career_crypto_key *key, void *context)
{
    if (key->algorithm == CAREER_HS256)
        EVP_MAC_CTX_free(context);
    else
        EVP_PKEY_CTX_free(context);
}

void career_crypto_key_destroy(career_crypto_key *key)
{
    if (!key)
        return;
    for (int i = 0; i < CAREER_CRYPTO_SPARES; i++)
        context_free(key, atomic_load(&key->spares[i]));
    EVP_MAC_CTX_free(key->mac);
    EVP_PKEY_CTX_free(key->prepared);
    EVP_PKEY_free(key->pkey);
    EVP_MD_free(key->sha256);
    free(key);
}

career_algorithm career_crypto_key_algorithm(const career_crypto_key *key)
{
    return key->algorithm;
}

bool career_crypto_key_same(const career_crypto_key *a, const career_crypto_key *b)
{
    return a->algorithm == b->algorithm && a->pkey && b->pkey && EVP_PKEY_eq(a->pkey, b->pkey) == 1;
}

/* ---- verifying ---- */

/* A context for this thread alone. NULL when memory is short. */
static void *borrow(career_crypto_key *key)
{
    for (int i = 0; i < CAREER_CRYPTO_SPARES; i++) {
        void *spare = NULL;

        if (atomic_load_explicit(&key->spares[i], memory_order_relaxed))
            spare = atomic_exchange_explicit(&key->spares[i], NULL, memory_order_acquire);
        if (spare)
            return spare;
    }
    return key->algorithm == CAREER_HS256 ? (void *)EVP_MAC_CTX_dup(key->mac)
                                          : (void *)EVP_PKEY_CTX_dup(key->prepared);
}

static void give_back(career_crypto_key *key, void *context)
{
    for (int i = 0; i < CAREER_CRYPTO_SPARES; i++) {
        void *empty = NULL;

        if (atomic_compare_exchange_strong_explicit(&key->spares[i], &empty, context,
                                                    memory_order_release, memory_order_relaxed))
            return;
    }
    context_free(key, context);
}

static bool verify_mac(career_crypto_key *key, career_slice input, career_slice signature)
{
    unsigned char made[SHA256_SIZE];
    EVP_MAC_CTX *mac;
    size_t len = 0;
    bool good;

    if (signature.len != sizeof(made))
        return false;
    mac = borrow(key);
    if (!mac)
        return false;
    /* rewound; it keeps its key */
    good = EVP_MAC_init(mac, NULL, 0, NULL) &&
           EVP_MAC_update(mac, (const unsigned char *)input.data, input.len) &&
           EVP_MAC_final(mac, made, &len, sizeof(made)) && len == sizeof(made) &&
           CRYPTO_memcmp(made, signature.data, sizeof(made)) == 0;
    OPENSSL_cleanse(made, sizeof(made)); /* the right MAC of a forged token */
    give_back(key, mac);
    return good;
}

static bool verify_digest(career_crypto_key *key, career_slice input,
                          const unsigned char *signature, size_t len)
{
    unsigned char digest[SHA256_SIZE];
    unsigned int size = sizeof(digest);
    EVP_PKEY_CTX *ctx;
    bool good;

    if (!EVP_Digest(input.data, input.len, digest, &size, key->sha256, NULL))
        return false;
    ctx = borrow(key);
    if (!ctx)
        return false;
    good = EVP_PKEY_verify(ctx, signature, len, digest, size) == 1;
    give_back(key, ctx);
    return good;
}

/* Is it at least 1 and less than the order of the group (SEC 2, 2.4.2)? CVE-2022-21449 is what
 * happens to those who do not ask. */
static bool is_scalar(const unsigned char value[CAREER_P256_SIZE])
{
    static const unsigned char order[CAREER_P256_SIZE] = {
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
        0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    static const unsigned char zero[CAREER_P256_SIZE];

    return memcmp(value, zero, CAREER_P256_SIZE) != 0 && memcmp(value, order, CAREER_P256_SIZE) < 0;
}

/* Appends a positive INTEGER in DER; returns its length, at most 35. */
static size_t add_der_integer(unsigned char *out, const unsigned char value[CAREER_P256_SIZE])
{
    size_t skip = 0, pad;

    while (skip < CAREER_P256_SIZE - 1 && value[skip] == 0)
        skip++;
    pad = value[skip] >> 7; /* a leading 1 bit would make it negative */
    out[0] = 0x02;
    out[1] = (unsigned char)(pad + CAREER_P256_SIZE - skip);
    out[2] = 0;
    memcpy(out + 2 + pad, value + skip, CAREER_P256_SIZE - skip);
    return 2 + pad + CAREER_P256_SIZE - skip;
}

/* The length is settled before anything is converted: 64 octets become a SEQUENCE of at most 72. */
static bool verify_p256(career_crypto_key *key, career_slice input, career_slice signature)
{
    const unsigned char *raw = (const unsigned char *)signature.data;
    unsigned char der[2 + 2 * (3 + CAREER_P256_SIZE)];
    size_t len = 2;

    if (signature.len != 2 * CAREER_P256_SIZE || !is_scalar(raw) ||
        !is_scalar(raw + CAREER_P256_SIZE))
        return false;
    len += add_der_integer(der + len, raw);
    len += add_der_integer(der + len, raw + CAREER_P256_SIZE);
    der[0] = 0x30;
    der[1] = (unsigned char)(len - 2);
    return verify_digest(key, input, der, len);
}

static bool verify_rsa(career_crypto_key *key, career_slice input, career_slice signature)
{
    if (signature.len != (size_t)EVP_PKEY_get_size(key->pkey))
        return false;
    return verify_digest(key, input, (const unsigned char *)signature.data, signature.len);
}

static bool verify_ed25519(career_crypto_key *key, career_slice input, career_slice signature)
{
    EVP_MD_CTX *ctx;
    bool good;

    if (signature.len != ED25519_SIGNATURE_SIZE)
        return false;
    ctx = EVP_MD_CTX_new();
    good = ctx && EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, key->pkey, NULL) == 1 &&
           EVP_DigestVerify(ctx, (const unsigned char *)signature.data, signature.len,
                            (const unsigned char *)input.data, input.len) == 1;
    EVP_MD_CTX_free(ctx);
    return good;
}

bool career_crypto_verify(career_crypto_key *key, career_slice input, career_slice signature)
{
    static bool (*const verify[CAREER_ALGORITHM_COUNT])(career_crypto_key *, career_slice,
                                                        career_slice) = {
        [CAREER_HS256] = verify_mac,
        [CAREER_RS256] = verify_rsa,
        [CAREER_ES256] = verify_p256,
        [CAREER_EDDSA] = verify_ed25519,
    };
    bool good;

    /* OpenSSL's errors of a refused signature must not be taken for those of mod_ssl on this thread
     */
    ERR_set_mark();
    good = verify[key->algorithm](key, input, signature);
    ERR_pop_to_mark();
    return good;
}

career_version career_crypto_version(void)
{
    return (career_version){"OpenSSL", OPENSSL_VERSION_STR,
                            OpenSSL_version(OPENSSL_VERSION_STRING)};
}
