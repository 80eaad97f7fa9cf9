/* SPDX-License-Identifier: Apache-2.0 */
/* base64url against a slow reading of RFC 4648 5: every length, every byte at every place, the same verdict and bytes. */
#include "unit.h"

#include <stdlib.h>

#include "auth/base64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Returns how many bytes there are, -1 when the text is not canonical. */
static long decode_slowly(const char *text, size_t len, unsigned char *out)
{
    unsigned held = 0, bits = 0;
    long count = 0;

    for (size_t i = 0; i < len; i++) {
        const char *at = text[i] ? strchr(alphabet, text[i]) : NULL;

        if (!at)
            return -1;
        held = held << 6 | (unsigned)(at - alphabet);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[count++] = (unsigned char)(held >> bits);
            held &= (1u << bits) - 1;
        }
    }
    return bits < 6 && held == 0 ? count : -1;
}

/* From a copy of exactly that size, so that a sanitizer sees any byte read beyond it. */
static void compare(apr_pool_t *p, const char *text, size_t len)
{
    char *copy = malloc(len ? len : 1);
    unsigned char expected[128];
    long count = decode_slowly(text, len, expected);
    career_slice bytes = {NULL, 0};
    bool good;

    memcpy(copy, text, len);
    good = career_base64url_decode(p, (career_slice){copy, len}, &bytes);
    if (good != (count >= 0))
        fail_msg("%.*s is %s", (int)len, text, good ? "taken" : "refused");
    if (good) {
        assert_non_null(bytes.data);
        assert_int_equal(bytes.len, count);
        assert_memory_equal(bytes.data, expected, bytes.len);
        assert_int_equal(bytes.data[bytes.len], '\0');
    }
    free(copy);
}

/* With every last character, whose unused bits matter. */
static void every_length(void **state)
{
    unsigned long seed = 1;
    char text[100];

    (void)state;
    compare(pool, "", 0);
    for (size_t len = 1; len <= sizeof(text); len++) {
        for (size_t last = 0; last < 64; last++) {
            for (size_t i = 0; i < len; i++) {
                seed = seed * 6364136223846793005UL + 1442695040888963407UL;
                text[i] = alphabet[seed >> 58];
            }
            text[len - 1] = alphabet[last];
            compare(pool, text, len);
        }
    }
}

static void every_byte_at_every_place(void **state)
{
    char text[24];

    (void)state;
    for (size_t len = 1; len <= sizeof(text); len++) {
        for (size_t at = 0; at < len; at++) {
            apr_pool_t *p;

            apr_pool_create(&p, pool);
            memset(text, 'A', len);
            for (int byte = 0; byte < 256; byte++) {
                text[at] = (char)byte;
                compare(p, text, len);
            }
            apr_pool_destroy(p);
        }
    }
}

/* Two that are wrong do not make one that is right. */
static void every_pair(void **state)
{
    char text[] = "AAAAAAAAAAAA";

    (void)state;
    for (int pair = 0; pair < 65536; pair++) {
        apr_pool_t *p;

        apr_pool_create(&p, pool);
        text[3] = (char)(pair >> 8);
        text[6] = (char)pair;
        compare(p, text, 12);
        apr_pool_destroy(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(every_length),
        POOL_TEST(every_byte_at_every_place),
        POOL_TEST(every_pair),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
