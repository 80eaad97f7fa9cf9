/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/claims.h"

/* Seconds: the last one of the year 9999 (RFC 3339). Later dates are faults or attacks on
 * arithmetic. */
#define DATE_MAX INT64_C(253402300799)

static career_error *refuse(apr_pool_t *pool, const char *cause)
{
    return career_error_make(pool, CAREER_ERROR_INVALID_TOKEN, "%s", cause);
}

bool career_claims_read(apr_pool_t *pool, career_slice payload, career_claims *claims)
{
    static const career_slice names[CAREER_CLAIM_COUNT + 1] = {
        [CAREER_CLAIM_ISS] = CAREER_SLICE("iss"),   [CAREER_CLAIM_SUB] = CAREER_SLICE("sub"),
        [CAREER_CLAIM_AUD] = CAREER_SLICE("aud"),   [CAREER_CLAIM_EXP] = CAREER_SLICE("exp"),
        [CAREER_CLAIM_NBF] = CAREER_SLICE("nbf"),   [CAREER_CLAIM_IAT] = CAREER_SLICE("iat"),
        [CAREER_CLAIM_ROLE] = CAREER_SLICE("role"), [CAREER_CLAIM_AAL] = CAREER_SLICE("aal"),
    };
    const char *why; /* may quote the payload: not for the log */

    return career_json_pick(pool, payload.data, payload.len, CAREER_CLAIMS_DEPTH_MAX, names,
                            claims->values, &why);
}

static bool is_text(const career_json *value, const char *text)
{
    return value && value->type == CAREER_JSON_STRING &&
           career_slice_equal(value->string, career_slice_of(text));
}

bool career_claims_are_api_key(const career_claims *claims)
{
    const career_json *role = claims->values[CAREER_CLAIM_ROLE];

    return !claims->values[CAREER_CLAIM_SUB] &&
           is_text(claims->values[CAREER_CLAIM_ISS], "supabase") &&
           (is_text(role, "anon") || is_text(role, "service_role"));
}

/* ---- dates ---- */

typedef struct claim_dates {
    apr_time_t expires, not_before, issued; /* -1: absent */
} claim_dates;

/* A NumericDate (RFC 7519 2): a number of seconds, perhaps with a fraction. */
static bool read_date(const career_json *value, apr_time_t *time)
{
    if (value->type == CAREER_JSON_INTEGER) {
        if (value->integer < 0 || value->integer > DATE_MAX)
            return false;
        *time = value->integer * APR_USEC_PER_SEC;
        return true;
    }
    if (value->type != CAREER_JSON_REAL)
        return false;
    if (!(value->real >= 0 && value->real <= (double)DATE_MAX)) /* so that NaN fails too */
        return false;
    *time = (apr_time_t)(value->real * (double)APR_USEC_PER_SEC);
    return true;
}

static bool read_optional_date(const career_json *value, apr_time_t *time)
{
    *time = -1;
    return !value || read_date(value, time);
}

static career_error *read_dates(apr_pool_t *pool, const career_claims *claims, claim_dates *dates)
{
    const career_json *expires = claims->values[CAREER_CLAIM_EXP];

    if (!expires || !read_date(expires, &dates->expires))
        return refuse(pool, "claim_exp: it is missing or no date");
    if (!read_optional_date(claims->values[CAREER_CLAIM_NBF], &dates->not_before))
        return refuse(pool, "claim_nbf: it is no date");
    if (!read_optional_date(claims->values[CAREER_CLAIM_IAT], &dates->issued))
        return refuse(pool, "claim_iat: it is no date");
    return NULL;
}

static career_error *check_dates(apr_pool_t *pool, const claim_dates *dates,
                                 const career_token_policy *policy, apr_time_t now)
{
    if (dates->not_before > now + policy->leeway)
        return refuse(pool, "claim_nbf: the token is not valid yet");
    if (dates->issued > now + policy->leeway)
        return refuse(pool, "claim_iat: the token was issued in the future; are the clocks right?");
    if (policy->lifetime_max && dates->expires - now > policy->lifetime_max)
        return refuse(pool, "claim_exp: the token lives longer than CareerJwtMaxLifetime");
    if (now - policy->leeway >= dates->expires)
        return career_error_make(pool, CAREER_ERROR_TOKEN_EXPIRED,
                                 "expired: the token expired %" APR_INT64_T_FMT " s ago",
                                 (now - dates->expires) / APR_USEC_PER_SEC);
    return NULL;
}

/* ---- who and for whom ---- */

static bool is_audience(const career_json *claim, const char *audience)
{
    bool found = false;

    if (claim->type != CAREER_JSON_ARRAY)
        return is_text(claim, audience);
    for (size_t i = 0; i < claim->array.count; i++) {
        if (claim->array.items[i]->type != CAREER_JSON_STRING)
            return false;
        found = found || is_text(claim->array.items[i], audience);
    }
    return found;
}

static career_error *check_parties(apr_pool_t *pool, const career_claims *claims,
                                   const career_token_policy *policy)
{
    const career_json *issuer = claims->values[CAREER_CLAIM_ISS];
    const career_json *audience = claims->values[CAREER_CLAIM_AUD];

    if (policy->issuer && !is_text(issuer, policy->issuer))
        return refuse(pool, "claim_iss: it is missing or not CareerJwtIssuer");
    if (policy->audience && (!audience || !is_audience(audience, policy->audience)))
        return refuse(pool, "claim_aud: it is missing or does not name CareerJwtAudience");
    return NULL;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 'a';
    return c >= 'a' && c <= 'f' ? c : -1;
}

/* Only a UUID (RFC 9562 4) may become part of keys and patterns; it is written in lower case. */
static bool read_user_id(const career_json *claim, char user_id[CAREER_USER_ID_SIZE])
{
    if (!claim || claim->type != CAREER_JSON_STRING || claim->string.len != CAREER_USER_ID_SIZE - 1)
        return false;
    for (int i = 0; i < CAREER_USER_ID_SIZE - 1; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        int c = dash ? '-' : hex_digit(claim->string.data[i]);

        if (c < 0 || (dash && claim->string.data[i] != '-'))
            return false;
        user_id[i] = (char)c;
    }
    user_id[CAREER_USER_ID_SIZE - 1] = '\0';
    return true;
}

/* *name is the operator's own word for the role: what goes on from here was never the client's text. */
static career_error *check_role(apr_pool_t *pool, const career_json *role,
                                const career_token_policy *policy, const char **name)
{
    if (!role || role->type == CAREER_JSON_NULL)
        return refuse(pool, "claim_role: it is missing");
    for (const char *const *admitted = policy->roles; admitted && *admitted; admitted++)
        if (is_text(role, *admitted)) {
            *name = *admitted;
            return NULL;
        }
    return career_error_make(pool, CAREER_ERROR_FORBIDDEN, "role: it is not one of CareerJwtRole");
}

/* Age and role come last: "expired" shall mean that refreshing helps, "forbidden" that the user is
 * known. */
career_error *career_claims_check(apr_pool_t *pool, const career_claims *claims,
                                  career_slice payload, const career_token_policy *policy,
                                  apr_time_t now, career_identity **identity)
{
    career_identity *made = apr_pcalloc(pool, sizeof(*made));
    const career_json *level = claims->values[CAREER_CLAIM_AAL];
    claim_dates dates = {0};
    career_error *error = read_dates(pool, claims, &dates);

    if (!error)
        error = check_parties(pool, claims, policy);
    if (!error && !read_user_id(claims->values[CAREER_CLAIM_SUB], made->user_id))
        error = refuse(pool, "claim_sub: it is missing or no UUID");
    if (!error)
        error = check_dates(pool, &dates, policy, now);
    if (!error)
        error = check_role(pool, claims->values[CAREER_CLAIM_ROLE], policy, &made->role);
    if (error)
        return error;
    made->aal = level && level->type == CAREER_JSON_STRING ? level->string.data : NULL;
    made->payload = payload;
    *identity = made;
    return NULL;
}
