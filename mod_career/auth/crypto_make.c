/* SPDX-License-Identifier: Apache-2.0 */
/* A key is made of bytes, or refused: what it is made of is judged here. */
#include "auth/crypto_key.h"

#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192 /* a larger one makes every request slow */
#define RSA_EXPONENT_BITS_MAX 64

static career_crypto_key *key_create(career_algorithm algorithm)
{
    career_crypto_key *key = calloc(1, sizeof(*key));

    if (key)
        key->algorithm = algorithm;
    return key;
}

static career_crypto_key *fail(career_crypto_key *key, const char **why, const char *text)
{
    career_crypto_key_destroy(key);
    *why = text;
    return NULL;
}

career_crypto_key *career_crypto_secret(career_slice secret, const char **why)
{
    OSSL_PARAM digest[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    career_crypto_key *key;
    EVP_MAC *hmac;

    if (secret.len < CAREER_SECRET_MIN)
        return fail(NULL, why, "a secret must have at least 32 bytes");
    ERR_set_mark();
    hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    key = key_create(CAREER_HS256);
    if (key)
        key->mac = EVP_MAC_CTX_new(hmac);
    EVP_MAC_free(hmac);
    if (!key || !key->mac ||
        !EVP_MAC_init(key->mac, (const unsigned char *)secret.data, secret.len, digest))
        key = fail(key, why, "OpenSSL cannot make an HMAC key");
    ERR_pop_to_mark();
    return key;
}

static bool prepare(career_crypto_key *key)
{
    key->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (key->algorithm == CAREER_EDDSA)
        return key->sha256 != NULL;
    key->prepared = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
    if (!key->sha256 || !key->prepared || EVP_PKEY_verify_init(key->prepared) != 1)
        return false;
    if (key->algorithm == CAREER_RS256 &&
        EVP_PKEY_CTX_set_rsa_padding(key->prepared, RSA_PKCS1_PADDING) != 1)
        return false;
    return EVP_PKEY_CTX_set_signature_md(key->prepared, key->sha256) == 1;
}

/* Takes over the pkey; NULL is allowed and fails. */
static career_crypto_key *key_of(career_algorithm algorithm, EVP_PKEY *pkey, const char **why)
{
    career_crypto_key *key = pkey ? key_create(algorithm) : NULL;

    if (!key) {
        EVP_PKEY_free(pkey);
        return fail(NULL, why, "OpenSSL cannot make a key of it");
    }
    key->pkey = pkey;
    if (!prepare(key))
        return fail(key, why, "OpenSSL cannot verify with it");
    return key;
}

static EVP_PKEY *pkey_of(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;

    if (ctx && params && EVP_PKEY_fromdata_init(ctx) == 1)
        if (EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
            pkey = NULL;
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

/* Is that residue a power of 65537 modulo the prime? */
static bool is_power_of_f4(BN_ULONG residue, BN_ULONG prime)
{
    BN_ULONG power = 1;

    do {
        if (power == residue)
            return true;
        power = power * (65537 % prime) % prime;
    } while (power != 1);
    return false;
}

/* The fingerprint of CVE-2017-15361 (ROCA): modulo every small prime, the product of such primes is
 * a power of 65537. A sound modulus passes for one by accident about once in 2^27. */
static bool is_roca(const BIGNUM *modulus)
{
    static const unsigned char primes[] = {
        3,  5,  7,  11, 13, 17,  19,  23,  29,  31,  37,  41,  43,  47,  53,  59,  61,  67,  71,
        73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};

    for (size_t i = 0; i < sizeof(primes); i++)
        if (!is_power_of_f4(BN_mod_word(modulus, primes[i]), primes[i]))
            return false;
    return true;
}

static const char *rsa_fault(const BIGNUM *modulus, const BIGNUM *exponent)
{
    if (BN_num_bits(modulus) < RSA_BITS_MIN)
        return "RSA of less than 2048 bits";
    if (BN_num_bits(modulus) > RSA_BITS_MAX)
        return "RSA of more than 8192 bits";
    if (!BN_is_odd(modulus))
        return "an even RSA modulus";
    if (!BN_is_odd(exponent) || BN_is_one(exponent) ||
        BN_num_bits(exponent) > RSA_EXPONENT_BITS_MAX)
        return "an RSA exponent that is 1, even or too large";
    return is_roca(modulus) ? "an RSA modulus that can be factored (CVE-2017-15361)" : NULL;
}

career_crypto_key *career_crypto_rsa_of(const BIGNUM *modulus, const BIGNUM *exponent,
                                        const char **why)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    career_crypto_key *key = NULL;

    *why = modulus && exponent ? rsa_fault(modulus, exponent) : "no modulus or exponent";
    if (build && !*why && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus) &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent))
        params = OSSL_PARAM_BLD_to_param(build);
    if (!*why)
        key = key_of(CAREER_RS256, pkey_of("RSA", params), why);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    return key;
}

static BIGNUM *number(career_slice bytes)
{
    /* the cap keeps a hostile length out of int */
    if (bytes.len > 2 * RSA_BITS_MAX / 8)
        return NULL;
    return BN_bin2bn((const unsigned char *)bytes.data, (int)bytes.len, NULL);
}

career_crypto_key *career_crypto_rsa(career_slice modulus, career_slice exponent, const char **why)
{
    BIGNUM *n = number(modulus), *e = number(exponent);
    career_crypto_key *key;

    ERR_set_mark();
    key = career_crypto_rsa_of(n, e, why);
    ERR_pop_to_mark();
    BN_free(n);
    BN_free(e);
    return key;
}

career_crypto_key *career_crypto_p256(career_slice x, career_slice y, const char **why)
{
    unsigned char point[1 + 2 * CAREER_P256_SIZE] = {0x04}; /* uncompressed (SEC 1, 2.3.3) */
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"prime256v1", 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *check;
    EVP_PKEY *pkey;
    bool sound;

    if (x.len != CAREER_P256_SIZE || y.len != CAREER_P256_SIZE)
        return fail(NULL, why, "coordinates that have not 32 bytes each");
    memcpy(point + 1, x.data, CAREER_P256_SIZE);
    memcpy(point + 1 + CAREER_P256_SIZE, y.data, CAREER_P256_SIZE);
    ERR_set_mark();
    pkey = pkey_of("EC", params);
    check = pkey ? EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL) : NULL;
    sound = check && EVP_PKEY_public_check(check) == 1;
    EVP_PKEY_CTX_free(check);
    ERR_pop_to_mark();
    if (sound)
        return key_of(CAREER_ES256, pkey, why);
    EVP_PKEY_free(pkey);
    return fail(NULL, why, "a point that is not on the curve P-256");
}

career_crypto_key *career_crypto_ed25519(career_slice x, const char **why)
{
    career_crypto_key *key;

    if (x.len != CAREER_ED25519_SIZE)
        return fail(NULL, why, "an Ed25519 key that has not 32 bytes");
    ERR_set_mark();
    key = key_of(
        CAREER_EDDSA,
        EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, (const unsigned char *)x.data, x.len),
        why);
    ERR_pop_to_mark();
    return key;
}
