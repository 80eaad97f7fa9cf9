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

/* Where a byte of the eight is special or no ASCII, a high bit; above the lowest of them there may be more, which mean
 * nothing: only such a byte borrows from the one above it. */
static inline uint64_t career_json_unusual(uint64_t eight)
{
    return (eight | (eight - CAREER_JSON_EACH(0x20)) |
            ((eight ^ CAREER_JSON_EACH('"')) - CAREER_JSON_EACH(1)) |
            ((eight ^ CAREER_JSON_EACH('\\')) - CAREER_JSON_EACH(1))) &
           CAREER_JSON_EACH(0x80);
}

static inline bool career_json_is_special(unsigned char byte)
{
    return byte < 0x20 || byte == '"' || byte == '\\';
}

/* As below, for text that is not all ASCII. */
const char *career_json_wide_run(const char *at, const char *end, bool *wide);

/* The end of the run that begins at `at`; *wide becomes true when a byte of it is no ASCII, and is else left alone. */
static inline const char *career_json_run(const char *at, const char *end, bool *wide)
{
    for (; end - at >= (long)sizeof(uint64_t); at += sizeof(uint64_t)) {
        uint64_t eight, unusual;

        memcpy(&eight, at, sizeof(eight));
        unusual = career_json_unusual(le64toh(eight)); /* the first byte is the lowest */
        if (unusual) {
            at += __builtin_ctzll(unusual) / 8;
            break;
        }
    }
    while (at < end && !career_json_is_special((unsigned char)*at)) {
        if ((unsigned char)*at >= 0x80)
            return career_json_wide_run(at, end, wide);
        at++;
    }
    return at;
}

#endif
