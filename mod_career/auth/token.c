/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/token.h"

#include <strings.h>

#include "auth/base64url.h"
#include "auth/claims.h"
#include "auth/jws.h"

#define API_KEY "; send the access token of a signed-in user"

static career_error *refuse(apr_pool_t *pool, const char *cause)
{
    return career_error_make(pool, CAREER_ERROR_INVALID_TOKEN, "%s", cause);
}

static bool has_code(const career_error *error, const char *code)
{
    size_t len = strlen(code);

    return strncmp(error->cause, code, len) == 0 && error->cause[len] == ':';
}

bool career_token_key_is_unknown(const career_error *error)
{
    return error &&
           (has_code(error, CAREER_TOKEN_UNKNOWN_KID) || has_code(error, CAREER_TOKEN_NO_KEY));
}

/* ---- the Authorization header ---- */

/* Characters of a scheme's name (RFC 9110 5.6.2). */
static bool is_tchar(char c)
{
    return career_is_alphanumeric(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* Sixteen characters, which the compiler looks at together. Signed: what is no ASCII is less than any of it. */
typedef signed char sixteen __attribute__((vector_size(16)));

/* All bits set in the place of each that occurs in tokens: alphanumerics, "_", and "-" to "9". */
static inline sixteen are_usual(const char *text)
{
    sixteen c, lower;

    memcpy(&c, text, sizeof(c));
    lower = c | ('a' ^ 'A');
    return (sixteen)(((lower > 'a' - 1) & (lower < 'z' + 1)) | ((c > '-' - 1) & (c < '9' + 1)) |
                     (c == '_'));
}

static bool is_usual(const char *text, size_t len)
{
    uint64_t halves[2];
    sixteen all;

    if (len < sizeof(all))
        return false;
    all = are_usual(text + len - sizeof(all));
    for (size_t i = 0; i + sizeof(all) < len; i += sizeof(all))
        all &= are_usual(text + i);
    memcpy(halves, &all, sizeof(all));
    return (halves[0] & halves[1]) == UINT64_MAX;
}

/* The length of the b64token (RFC 6750 2.1) that the text begins with. */
static size_t b64token_length(const char *text)
{
    size_t len = strlen(text);

    if (is_usual(text, len))
        return len;
    len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/");
    while (len && text[len] == '=')
        len++;
    return len;
}

career_error *career_token_from_header(apr_pool_t *pool, const char *authorization,
                                       career_slice *token)
{
    const char *rest;
    size_t len;

    if (!authorization)
        return career_error_make(pool, CAREER_ERROR_NO_TOKEN, "no_token: none was presented");
    if (strncasecmp(authorization, "Bearer", 6) != 0 || is_tchar(authorization[6]))
        return career_error_make(pool, CAREER_ERROR_NO_TOKEN, "no_token: the scheme is not Bearer");
    rest = authorization + 6;
    if (*rest && *rest != ' ')
        return refuse(pool, "malformed: the scheme is not followed by a blank");
    while (*rest == ' ')
        rest++;
    len = b64token_length(rest);
    if (len == 0 || rest[len])
        return refuse(pool, "malformed: the scheme is not followed by one token");
    *token = (career_slice){rest, len};
    return NULL;
}

/* ---- the token ---- */

/* The API keys that Supabase has issued since 2025 are no JWTs at all. */
static const char *api_key_cause(career_slice token)
{
    if (token.len > 15 && memcmp(token.data, "sb_publishable_", 15) == 0)
        return "api_key: a publishable API key (sb_publishable_) was presented" API_KEY;
    if (token.len > 10 && memcmp(token.data, "sb_secret_", 10) == 0)
        return "api_key: a secret API key (sb_secret_) was presented, which must never leave a "
               "server" API_KEY;
    return NULL;
}

/* Does a token that no key of ours made claim to be a legacy API key? Whatever it claims, it is
 * refused; but this is what a developer most often gets wrong. */
static bool claims_to_be_api_key(apr_pool_t *pool, career_slice token)
{
    const char *end = token.data + token.len;
    const char *first = memchr(token.data, '.', token.len);
    const char *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
    career_claims claims;
    career_slice payload;

    /* an API key is short; nobody shall have us parse more for a better message */
    return second && second - first < 512 &&
           career_base64url_decode(pool, (career_slice){first + 1, (size_t)(second - first - 1)},
                                   &payload) &&
           career_claims_read(pool, payload, &claims) && career_claims_are_api_key(&claims);
}

career_error *career_token_verify(apr_pool_t *pool, career_slice token, const career_keys *keys,
                                  const career_token_policy *policy, apr_time_t now,
                                  career_identity **identity)
{
    const char *api_key = token.data ? api_key_cause(token) : NULL;
    career_claims claims;
    career_slice payload;
    career_error *error;

    if (api_key)
        return refuse(pool, api_key);
    error = career_jws_verify(pool, token, keys, &payload);
    if (error && (has_code(error, "signature") || has_code(error, "algorithm")) &&
        claims_to_be_api_key(pool, token))
        return refuse(pool,
                      "api_key: what looks like a legacy API key (a JWT with the role anon or "
                      "service_role) was presented" API_KEY);
    if (error)
        return error;
    if (!career_claims_read(pool, payload, &claims))
        return refuse(pool, "payload: it is not a JSON object, or is nested too deeply");
    if (career_claims_are_api_key(&claims))
        return refuse(pool, "api_key: the project's legacy API key (a JWT with the role anon or "
                            "service_role) was presented" API_KEY);
    return career_claims_check(pool, &claims, payload, policy, now, identity);
}
