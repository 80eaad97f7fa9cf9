/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_run.h"

/* Where a byte of the eight is smaller than that, which is at most 128, a high bit; above the lowest of them there may be
 * more, which mean nothing. (A byte that borrows had its high bit clear.) */
static inline uint64_t below(uint64_t eight, unsigned char limit)
{
    return (eight - CAREER_JSON_EACH(limit)) & ~eight & CAREER_JSON_EACH(0x80);
}

static inline bool any_special(uint64_t eight)
{
    return (below(eight, 0x20) | below(eight ^ CAREER_JSON_EACH('"'), 1) |
            below(eight ^ CAREER_JSON_EACH('\\'), 1)) != 0;
}

const char *career_json_wide_run(const char *at, const char *end, bool *wide)
{
    uint64_t eight, seen = 0;

    for (; end - at >= (long)sizeof(eight); at += sizeof(eight)) {
        memcpy(&eight, at, sizeof(eight));
        if (any_special(eight))
            break;
        seen |= eight;
    }
    for (; at < end && !career_json_is_special((unsigned char)*at); at++)
        seen |= (unsigned char)*at;
    if (seen & CAREER_JSON_EACH(0x80))
        *wide = true;
    return at;
}
