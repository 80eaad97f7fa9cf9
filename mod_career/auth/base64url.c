/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/base64url.h"

#define NO 0xff

/* The value of each character, NO for those outside the alphabet. */
static const unsigned char values[256] = {
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, /* 00 */
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, /* 10 */
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62, NO, NO, /* 20: - */
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO, NO, NO, /* 30: 0-9 */
    NO, 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, /* 40: A-O */
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, 63, /* 50: P-Z _ */
    NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, /* 60: a-o */
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, NO, NO, NO, NO, NO, /* 70: p-z */
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, /* 80 */
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, /* 90 */
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, /* a0 */
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, /* b0 */
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, /* c0 */
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, /* d0 */
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, /* e0 */
    NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, /* f0 */
};

/* The last two or three characters, which carry one or two bytes and unused bits that must be zero.
 */
static bool decode_tail(const unsigned char *in, size_t left, unsigned char *out)
{
    unsigned a = values[in[0]], b = values[in[1]], c = left == 3 ? values[in[2]] : 0;

    if ((a | b | c) & 0x80)
        return false;
    out[0] = (unsigned char)(a << 2 | b >> 4);
    if (left == 2)
        return (b & 15) == 0;
    out[1] = (unsigned char)(b << 4 | c >> 2);
    return (c & 3) == 0;
}

bool career_base64url_decode(apr_pool_t *pool, career_slice text, career_slice *bytes)
{
    const unsigned char *in = (const unsigned char *)text.data;
    size_t left = text.len % 4, whole = text.len - left;
    unsigned char *out;
    size_t len = 0;

    if (left == 1)
        return false;
    out = apr_palloc(pool, text.len / 4 * 3 + 3);
    for (size_t i = 0; i < whole; i += 4) {
        unsigned a = values[in[i]], b = values[in[i + 1]];
        unsigned c = values[in[i + 2]], d = values[in[i + 3]];

        if ((a | b | c | d) & 0x80)
            return false;
        out[len++] = (unsigned char)(a << 2 | b >> 4);
        out[len++] = (unsigned char)(b << 4 | c >> 2);
        out[len++] = (unsigned char)(c << 6 | d);
    }
    if (left) {
        if (!decode_tail(in + whole, left, out + len))
            return false;
        len += left - 1;
    }
    out[len] = '\0';
    *bytes = (career_slice){(const char *)out, len};
    return true;
}
