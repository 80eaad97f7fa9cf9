/* SPDX-License-Identifier: Apache-2.0 */
/* Keys out of PEM text (RFC 7468). */
#include "auth/crypto_key.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static career_crypto_key *refuse(const char **why, const char *text)
{
    *why = text;
    return NULL;
}

static career_crypto_key *rsa_of_pkey(EVP_PKEY *pkey, const char **why)
{
    BIGNUM *n = NULL, *e = NULL;
    career_crypto_key *key;

    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n);
    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e);
    key = career_crypto_rsa_of(n, e, why);
    BN_free(n);
    BN_free(e);
    return key;
}

/* Only the point is taken over: whatever curve the text describes, the key is on P-256 or is
 * refused. */
static career_crypto_key *p256_of_pkey(EVP_PKEY *pkey, const char **why)
{
    unsigned char bytes[2][CAREER_P256_SIZE];
    BIGNUM *x = NULL, *y = NULL;
    bool fits = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
                EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
                BN_bn2binpad(x, bytes[0], CAREER_P256_SIZE) == CAREER_P256_SIZE &&
                BN_bn2binpad(y, bytes[1], CAREER_P256_SIZE) == CAREER_P256_SIZE;

    BN_free(x);
    BN_free(y);
    if (!fits)
        return refuse(why, "an EC key that is not on the curve P-256");
    return career_crypto_p256((career_slice){(const char *)bytes[0], CAREER_P256_SIZE},
                              (career_slice){(const char *)bytes[1], CAREER_P256_SIZE}, why);
}

static career_crypto_key *ed25519_of_pkey(EVP_PKEY *pkey, const char **why)
{
    unsigned char bytes[CAREER_ED25519_SIZE];
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
    return refuse(why, "a kind of key other than RSA, EC P-256 and Ed25519");
}

static career_crypto_key *key_of_block(const char *label, const unsigned char *der, long len,
                                       const char **why)
{
    career_crypto_key *key;
    EVP_PKEY *pkey = NULL;

    if (strstr(label, "PRIVATE KEY"))
        return refuse(why, "a private key, where only public ones belong");
    if (strcmp(label, PEM_STRING_PUBLIC) == 0)
        pkey = d2i_PUBKEY(NULL, &der, len);
    else if (strcmp(label, PEM_STRING_RSA_PUBLIC) == 0)
        pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &der, len);
    else
        return refuse(why, "a PEM block that is not a PUBLIC KEY");
    if (!pkey)
        return refuse(why, "a public key that cannot be decoded");
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
