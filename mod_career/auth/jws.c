/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/jws.h"

#include <strings.h>

#include "auth/base64url.h"
#include "auth/token.h"
#include "base/json.h"

#define KID_MAX 256

typedef struct jws_parts {
    career_slice header, payload, signature; /* base64url */
    career_slice signing_input;              /* the first two and the dot between them */
} jws_parts;

typedef struct jws_header {
    career_algorithm algorithm;
    career_slice kid; /* data NULL: none */
} jws_header;

static career_error *refuse(apr_pool_t *pool, const char *cause)
{
    return career_error_make(pool, CAREER_ERROR_INVALID_TOKEN, "%s", cause);
}

/* Exactly three parts. An empty one is left to those who decode it. */
static bool split(career_slice token, jws_parts *parts)
{
    const char *end = token.data + token.len;
    const char *first = memchr(token.data, '.', token.len);
    const char *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;

    if (!second || memchr(second + 1, '.', (size_t)(end - second - 1)))
        return false;
    parts->header = (career_slice){token.data, (size_t)(first - token.data)};
    parts->payload = (career_slice){first + 1, (size_t)(second - first - 1)};
    parts->signature = (career_slice){second + 1, (size_t)(end - second - 1)};
    parts->signing_input = (career_slice){token.data, (size_t)(second - token.data)};
    return true;
}

/* The parameters of a header that are looked at. "jwk", "jku", "x5u" and "x5c" are not among them: they only say where an
 * issuer's key might be found, and ours come from the operator. */
enum { ALG, KID, TYP, FORBIDDEN, CRIT = FORBIDDEN, B64, ZIP, ENC, CTY, PARAMETERS };

static const career_slice parameter_names[PARAMETERS + 1] = {
    [ALG] = CAREER_SLICE("alg"),   [KID] = CAREER_SLICE("kid"), [TYP] = CAREER_SLICE("typ"),
    [CRIT] = CAREER_SLICE("crit"), [B64] = CAREER_SLICE("b64"), [ZIP] = CAREER_SLICE("zip"),
    [ENC] = CAREER_SLICE("enc"),   [CTY] = CAREER_SLICE("cty"),
};

/* Those that change what a JWS means. */
static const char *forbidden_parameter(const career_json *const *parameters)
{
    static const char *const causes[PARAMETERS] = {
        [CRIT] = "header: it has \"crit\", and no extension is understood",
        [B64] = "header: it has \"b64\", which is not understood",
        [ZIP] = "header: it has \"zip\", which is not understood",
        [ENC] = "header: it has \"enc\"; encrypted tokens are not understood",
        [CTY] = "header: it has \"cty\"; nested tokens are not understood",
    };

    for (int i = FORBIDDEN; i < PARAMETERS; i++)
        if (parameters[i])
            return causes[i];
    return NULL;
}

/* RFC 8725 3.11: a logout or DPoP token of the same issuer is no access token. */
static bool is_type_allowed(const career_json *type)
{
    if (!type)
        return true;
    return type->type == CAREER_JSON_STRING && (strcasecmp(type->string.data, "JWT") == 0 ||
                                                strcasecmp(type->string.data, "at+jwt") == 0);
}

static bool find_algorithm(career_slice name, career_algorithm *algorithm)
{
    for (int i = 0; i < CAREER_ALGORITHM_COUNT; i++) {
        *algorithm = (career_algorithm)i;
        if (career_slice_equal(name, career_slice_of(career_algorithm_name(*algorithm))))
            return true;
    }
    return false;
}

static career_error *judge_header(apr_pool_t *pool, const career_json *const *parameters,
                                  jws_header *header)
{
    const career_json *alg = parameters[ALG], *kid = parameters[KID];
    const char *forbidden = forbidden_parameter(parameters);

    if (forbidden)
        return refuse(pool, forbidden);
    if (!is_type_allowed(parameters[TYP]))
        return refuse(pool, "header: its \"typ\" is not that of an access token");
    if (!alg || alg->type != CAREER_JSON_STRING)
        return refuse(pool, "header: it has no \"alg\"");
    if (!find_algorithm(alg->string, &header->algorithm))
        return refuse(pool, "algorithm: it is not HS256, RS256, ES256 or EdDSA");
    if (kid && (kid->type != CAREER_JSON_STRING || !kid->string.len || kid->string.len > KID_MAX))
        return refuse(pool, "header: its \"kid\" is not a string of 1 to 256 bytes");
    header->kid = kid ? kid->string : (career_slice){NULL, 0};
    return NULL;
}

static career_error *read_header(apr_pool_t *pool, career_slice text, jws_header *header)
{
    const career_json *parameters[PARAMETERS];
    career_slice bytes;
    const char *why; /* may quote the header: not for the log */

    if (!career_base64url_decode(pool, text, &bytes))
        return refuse(pool, "malformed: the header is not base64url");
    if (!career_json_pick(pool, bytes.data, bytes.len, CAREER_JSON_DEPTH_MAX, parameter_names,
                          parameters, &why))
        return refuse(pool, "malformed: the header is not a JSON object");
    return judge_header(pool, parameters, header);
}

/* Secrets are never published: a fetch cannot help HS256. */
static career_error *no_key(apr_pool_t *pool, const jws_header *header)
{
    const char *name = career_algorithm_name(header->algorithm);

    if (header->algorithm == CAREER_HS256)
        return refuse(pool, "algorithm: no key for HS256");
    if (header->kid.data)
        return career_error_make(pool, CAREER_ERROR_INVALID_TOKEN,
                                 CAREER_TOKEN_UNKNOWN_KID ": no %s key with kid \"%s\"", name,
                                 career_kid_escape(pool, header->kid));
    return career_error_make(pool, CAREER_ERROR_INVALID_TOKEN,
                             CAREER_TOKEN_NO_KEY ": no %s key, and the token names none", name);
}

static career_error *check_signature(apr_pool_t *pool, const career_keys *keys,
                                     const jws_parts *parts, const jws_header *header)
{
    career_slice signature;

    if (!career_base64url_decode(pool, parts->signature, &signature))
        return refuse(pool, "malformed: the signature is not base64url");
    if (signature.len == 0)
        return refuse(pool, "signature: it is empty");
    if (!keys || career_keys_count(keys) == 0)
        return career_error_make(pool, CAREER_ERROR_KEYS_UNAVAILABLE,
                                 "no_keys: there is no key to verify a token with");
    switch (
        career_keys_verify(keys, header->algorithm, header->kid, parts->signing_input, signature)) {
    case CAREER_VERDICT_GOOD:
        return NULL;
    case CAREER_VERDICT_BAD:
        return career_error_make(pool, CAREER_ERROR_INVALID_TOKEN,
                                 "signature: no %s key of ours made it",
                                 career_algorithm_name(header->algorithm));
    default:
        return no_key(pool, header);
    }
}

career_error *career_jws_verify(apr_pool_t *pool, career_slice token, const career_keys *keys,
                                career_slice *payload)
{
    career_error *error;
    jws_header header = {0};
    jws_parts parts;

    if (!token.data || token.len == 0)
        return refuse(pool, "malformed: it is empty");
    if (token.len > CAREER_TOKEN_MAX)
        return refuse(pool, "too_long: it has 16 KiB or more");
    if (!split(token, &parts))
        return refuse(pool, "malformed: it has not three parts");
    error = read_header(pool, parts.header, &header);
    if (error)
        return error;
    if (!career_base64url_decode(pool, parts.payload, payload))
        return refuse(pool, "malformed: the payload is not base64url");
    return check_signature(pool, keys, &parts, &header);
}
