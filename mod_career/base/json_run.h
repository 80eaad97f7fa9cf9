/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes that stand for themselves in a JSON string (RFC 8259 7): all but controls, quotes and backslashes. Most
 * strings have no others, so eight are looked at together, as one number.
 */
#ifndef CAREER_JSON_RUN_H
#define CAREER_JSON_RUN_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define CAREER_JSON_EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Where a byte of the eight is smaller than that, which is at most 128, a high bit; above the lowest of them there may be
 * more, which mean nothing. (A byte that borrows had its high bit clear.) */
static inline uint64_t career_json_below(uint64_t eight, unsigned char limit)
{
    return (eight - CAREER_JSON_EACH(limit)) & ~eight & CAREER_JSON_EACH(0x80);
}

static inline uint64_t career_json_specials(uint64_t eight)
{
    return career_json_below(eight, 0x20) | career_json_below(eight ^ CAREER_JSON_EACH('"'), 1) |
           career_json_below(eight ^ CAREER_JSON_EACH('\\'), 1);
}

static inline bool career_json_is_special(unsigned char byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
}

/* The end of the run that begins at `at`; *wide becomes true when a byte of it is no ASCII, and is else left alone. */
static inline const char *career_json_run(const char *at, const char *end, bool *wide)
{
    uint64_t eight, seen = 0, specials = 0;

    for (; end - at >= (long)sizeof(eight); at += sizeof(eight)) {
        memcpy(&eight, at, sizeof(eight));
        eight = le64toh(eight); /* the first byte is the lowest */
        specials = career_json_specials(eight);
        if (specials)
            break;
        seen |= eight;
    }
    if (specials) {
        seen |= eight & ~specials & (specials - 1);
        at += __builtin_ctzll(specials) / 8;
    } else {
        for (; at < end && !career_json_is_special((unsigned char)*at); at++)
            seen |= (unsigned char)*at;
    }
    if (seen & CAREER_JSON_EACH(0x80))
        *wide = true;
    return at;
}

#endif
