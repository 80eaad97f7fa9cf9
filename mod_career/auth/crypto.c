/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/crypto.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define SHA256_SIZE 32
#define P256_SIZE 32
#define ED25519_SIZE 32
#define ED25519_SIGNATURE_SIZE 64
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192 /* a larger one makes every request slow */
#define RSA_EXPONENT_BITS_MAX 64
#define SPARES 8

/* Contexts are prepared when the key is made: looking an algorithm up and keying it cost OpenSSL 3
 * more than a MAC itself, and copying one a tenth of an RSA signature. So a context is lent to one
 * thread at a time: it is taken from a slot of spares and put back; a thread that finds no spare
 * copies the prepared one. */
struct career_crypto_key {
    career_algorithm algorithm;
    EVP_MAC_CTX *mac;               /* HS256; only ever copied */
    EVP_PKEY *pkey;                 /* the others */
    EVP_PKEY_CTX *prepared;         /* RS256, ES256; only ever copied */
    EVP_MD *sha256;                 /* RS256, ES256 */
    _Atomic(void *) spares[SPARES]; /* copies of mac or prepared */
};

/* ---- making ---- */

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
    for (int i = 0; i < SPARES; i++)
        context_free(key, atomic_load(&key->spares[i]));
    EVP_MAC_CTX_free(key->mac);
    EVP_PKEY_CTX_free(key->prepared);
    EVP_PKEY_free(key->pkey);
    EVP_MD_free(key->sha256);
    free(key);
}

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
    if (algorithm != CAREER_EDDSA && !prepare(key))
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

static career_crypto_key *rsa_of(const BIGNUM *modulus, const BIGNUM *exponent, const char **why)
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
    key = rsa_of(n, e, why);
    ERR_pop_to_mark();
    BN_free(n);
    BN_free(e);
    return key;
}

career_crypto_key *career_crypto_p256(career_slice x, career_slice y, const char **why)
{
    unsigned char point[1 + 2 * P256_SIZE] = {0x04}; /* uncompressed (SEC 1, 2.3.3) */
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"prime256v1", 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY_CTX *check;
    EVP_PKEY *pkey;
    bool sound;

    if (x.len != P256_SIZE || y.len != P256_SIZE)
        return fail(NULL, why, "coordinates that have not 32 bytes each");
    memcpy(point + 1, x.data, P256_SIZE);
    memcpy(point + 1 + P256_SIZE, y.data, P256_SIZE);
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

    if (x.len != ED25519_SIZE)
        return fail(NULL, why, "an Ed25519 key that has not 32 bytes");
    ERR_set_mark();
    key = key_of(
        CAREER_EDDSA,
        EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, (const unsigned char *)x.data, x.len),
        why);
    ERR_pop_to_mark();
    return key;
}

/* ---- PEM ---- */

static career_crypto_key *rsa_of_pkey(EVP_PKEY *pkey, const char **why)
{
    BIGNUM *n = NULL, *e = NULL;
    career_crypto_key *key;

    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n);
    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e);
    key = rsa_of(n, e, why);
    BN_free(n);
    BN_free(e);
    return key;
}

/* Only the point is taken over: whatever curve the text describes, the key is on P-256 or is
 * refused. */
static career_crypto_key *p256_of_pkey(EVP_PKEY *pkey, const char **why)
{
    unsigned char bytes[2][P256_SIZE];
    BIGNUM *x = NULL, *y = NULL;
    bool fits = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
                EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
                BN_bn2binpad(x, bytes[0], P256_SIZE) == P256_SIZE &&
                BN_bn2binpad(y, bytes[1], P256_SIZE) == P256_SIZE;

    BN_free(x);
    BN_free(y);
    if (!fits)
        return fail(NULL, why, "an EC key that is not on the curve P-256");
    return career_crypto_p256((career_slice){(const char *)bytes[0], P256_SIZE},
                              (career_slice){(const char *)bytes[1], P256_SIZE}, why);
}

static career_crypto_key *ed25519_of_pkey(EVP_PKEY *pkey, const char **why)
{
    unsigned char bytes[ED25519_SIZE];
    size_t len = sizeof(bytes);

    if (EVP_PKEY_get_raw_public_key(pkey, bytes, &len) != 1)
        len = 0;
    return career_crypto_ed25519((career_slice){(const char *)bytes, len}, why);
}

static career_crypto_key *key_of_pkey(EVP_PKEY *pkey, const char **why)
{
    if (EVP_PKEY_is_a(pkey, "RSA"))
        return rsa_of_pkey(pkey, why);
    if (EVP_PKEY_is_a(pkey, "EC"))
        return p256_of_pkey(pkey, why);
    if (EVP_PKEY_is_a(pkey, "ED25519"))
        return ed25519_of_pkey(pkey, why);
    return fail(NULL, why, "a kind of key other than RSA, EC P-256 and Ed25519");
}

static career_crypto_key *key_of_block(const char *label, const unsigned char *der, long len,
                                       const char **why)
{
    career_crypto_key *key;
    EVP_PKEY *pkey = NULL;

    if (strstr(label, "PRIVATE KEY"))
        return fail(NULL, why, "a private key, where only public ones belong");
    if (strcmp(label, PEM_STRING_PUBLIC) == 0)
        pkey = d2i_PUBKEY(NULL, &der, len);
    else if (strcmp(label, PEM_STRING_RSA_PUBLIC) == 0)
        pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &der, len);
    else
        return fail(NULL, why, "a PEM block that is not a PUBLIC KEY");
    if (!pkey)
        return fail(NULL, why, "a public key that cannot be decoded");
    key = key_of_pkey(pkey, why);
    EVP_PKEY_free(pkey);
    return key;
}

static bool next_block(BIO *bio, bool (*found)(void *, career_crypto_key *, const char *),
                       void *context, unsigned *count)
{
    char *label = NULL, *header = NULL;
    unsigned char *der = NULL;
    const char *why = NULL;
    career_crypto_key *key;
    long len = 0;

    if (!PEM_read_bio(bio, &label, &header, &der, &len)) {
        if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
            return false;
        (*count)++;
        found(context, NULL, "a broken PEM block; nothing behind it was read");
        return false;
    }
    key = key_of_block(label, der, len, &why);
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_clear_free(der, (size_t)len);
    (*count)++;
    return found(context, key, why);
}

unsigned career_crypto_pem_each(career_slice text,
                                bool (*found)(void *context, career_crypto_key *key,
                                              const char *why),
                                void *context)
{
    unsigned count = 0;
    BIO *bio;

    if (text.len > INT32_MAX)
        return 0;
    ERR_set_mark();
    bio = BIO_new_mem_buf(text.data, (int)text.len);
    while (bio && next_block(bio, found, context, &count))
        ;
    BIO_free(bio);
    ERR_pop_to_mark();
    return count;
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
    for (int i = 0; i < SPARES; i++) {
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
    for (int i = 0; i < SPARES; i++) {
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
static bool is_scalar(const unsigned char value[P256_SIZE])
{
    static const unsigned char order[P256_SIZE] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
                                                   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                   0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
                                                   0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    static const unsigned char zero[P256_SIZE];

    return memcmp(value, zero, P256_SIZE) != 0 && memcmp(value, order, P256_SIZE) < 0;
}

/* Appends a positive INTEGER in DER; returns its length, at most 35. */
static size_t add_der_integer(unsigned char *out, const unsigned char value[P256_SIZE])
{
    size_t skip = 0, pad;

    while (skip < P256_SIZE - 1 && value[skip] == 0)
        skip++;
    pad = value[skip] >> 7; /* a leading 1 bit would make it negative */
    out[0] = 0x02;
    out[1] = (unsigned char)(pad + P256_SIZE - skip);
    out[2] = 0;
    memcpy(out + 2 + pad, value + skip, P256_SIZE - skip);
    return 2 + pad + P256_SIZE - skip;
}

/* The length is settled before anything is converted: 64 octets become a SEQUENCE of at most 72. */
static bool verify_p256(career_crypto_key *key, career_slice input, career_slice signature)
{
    const unsigned char *raw = (const unsigned char *)signature.data;
    unsigned char der[2 + 2 * (3 + P256_SIZE)];
    size_t len = 2;

    if (signature.len != 2 * P256_SIZE || !is_scalar(raw) || !is_scalar(raw + P256_SIZE))
        return false;
    len += add_der_integer(der + len, raw);
    len += add_der_integer(der + len, raw + P256_SIZE);
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
