/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/base64url.h"

#include <endian.h>

#define BAD UINT32_C(0x80000000) /* no sum of four good characters has this bit */

#define VALUE(c)                                                                                   \
    ((c) >= 'A' && (c) <= 'Z'   ? (c) - 'A'                                                        \
     : (c) >= 'a' && (c) <= 'z' ? (c) - 'a' + 26                                                   \
     : (c) >= '0' && (c) <= '9' ? (c) - '0' + 52                                                   \
     : (c) == '-'               ? 62                                                               \
     : (c) == '_'               ? 63                                                               \
                                : -1)
#define ONE(shift, c) (VALUE(c) < 0 ? BAD : (uint32_t)VALUE(c) << (shift))
#define FOUR(shift, c) ONE(shift, c), ONE(shift, c + 1), ONE(shift, c + 2), ONE(shift, c + 3)
#define SIXTEEN(shift, c)                                                                          \
    FOUR(shift, c), FOUR(shift, c + 4), FOUR(shift, c + 8), FOUR(shift, c + 12)
#define SIXTY_FOUR(shift, c)                                                                       \
    SIXTEEN(shift, c), SIXTEEN(shift, c + 16), SIXTEEN(shift, c + 32), SIXTEEN(shift, c + 48)
#define ALL(shift)                                                                                 \
    {                                                                                              \
        SIXTY_FOUR(shift, 0), SIXTY_FOUR(shift, 64), SIXTY_FOUR(shift, 128),                       \
            SIXTY_FOUR(shift, 192)                                                                 \
    }

/* What each character brings to the 24 bits of its group, at each of its four places; BAD for those outside the
 * alphabet. */
static const uint32_t places[4][256] = {ALL(18), ALL(12), ALL(6), ALL(0)};

static inline uint32_t group(const unsigned char *in)
{
    return places[0][in[0]] | places[1][in[1]] | places[2][in[2]] | places[3][in[3]];
}

/* Eight characters are six bytes, but eight are written. */
static inline bool decode_eight(const unsigned char *in, unsigned char *out)
{
    uint32_t first = group(in), second = group(in + 4);
    uint64_t bytes = htobe64((uint64_t)first << 40 | (uint64_t)second << 16);

    memcpy(out, &bytes, sizeof(bytes));
    return ((first | second) & BAD) == 0;
}

/* The last characters, fewer than eight. Those of a group that is not whole carry unused bits, which must be zero.
 * Returns the end of the bytes; NULL when the text is not canonical. */
static unsigned char *decode_tail(const unsigned char *in, size_t left, unsigned char *out)
{
    unsigned char last[4] = {'A', 'A', 'A', 'A'}; /* which stands for zero */
    uint32_t bits;

    for (; left >= 4; in += 4, left -= 4) {
        bits = group(in);
        if (bits & BAD)
            return NULL;
        *out++ = (unsigned char)(bits >> 16);
        *out++ = (unsigned char)(bits >> 8);
        *out++ = (unsigned char)bits;
    }
    memcpy(last, in, left);
    bits = group(last);
    if (bits & BAD)
        return NULL;
    for (; left > 1; left--, bits <<= 8)
        *out++ = (unsigned char)(bits >> 16);
    return bits & 0xffffff ? NULL : out;
}

bool career_base64url_decode(apr_pool_t *pool, career_slice text, career_slice *bytes)
{
    const unsigned char *in = (const unsigned char *)text.data;
    unsigned char *start, *out;
    size_t left = text.len;

    if (text.len % 4 == 1)
        return false;
    out = start = apr_palloc(pool, text.len / 4 * 3 + 3); /* and so much does decode_eight need */
    for (; left >= 8; in += 8, out += 6, left -= 8)
        if (!decode_eight(in, out))
            return false;
    if (left)
        out = decode_tail(in, left, out);
    if (!out)
        return false;
    *out = '\0';
    *bytes = (career_slice){(const char *)start, (size_t)(out - start)};
    return true;
}
