/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

/* Bytes that follow a lead byte (RFC 3629 3), -1 when it leads nothing. */
static int followers(unsigned char lead)
{
    if (lead < 0x80)
        return 0;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 1;
    if (lead >= 0xe0 && lead <= 0xef)
        return 2;
    if (lead >= 0xf0 && lead <= 0xf4)
        return 3;
    return -1;
}

/* The second byte is what tells overlong forms, surrogates and what lies beyond U+10FFFF. */
static bool second_fits(unsigned char lead, unsigned char second)
{
    switch (lead) {
    case 0xe0:
        return second >= 0xa0;
    case 0xed:
        return second <= 0x9f;
    case 0xf0:
        return second >= 0x90;
    case 0xf4:
        return second <= 0x8f;
    default:
        return true;
    }
}

bool career_utf8_valid(const char *data, size_t len)
{
    const unsigned char *at = (const unsigned char *)data, *end = at + len;

    while (at < end) {
        unsigned char lead = *at++;
        int more = followers(lead);

        if (lead == 0 || more < 0 || end - at < more)
            return false;
        if (more && !second_fits(lead, *at))
            return false;
        for (; more; more--)
            if ((*at++ & 0xc0) != 0x80)
                return false;
    }
    return true;
}

size_t career_utf8_length(const char *data, size_t len)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)data[i] & 0xc0) != 0x80;
    return count;
}

size_t career_utf8_character(const char *text)
{
    size_t left = strnlen(text, 4);

    for (size_t len = 1; len <= left; len++)
        if (career_utf8_valid(text, len))
            return len;
    return 0;
}
