/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns as Redis understands them in SCAN … MATCH: * ? [abc] [^a-z] and \ before a character. A
 * sweep that serves many patterns at once must find out by itself which of them a key matches.
 * Bytes, not characters; no locale. Never takes longer than pattern times key. Any thread.
 */
#ifndef CAREER_GLOB_H
#define CAREER_GLOB_H

#include "base/text.h"

/* Says what `SCAN 0 MATCH pattern` would say about that key. */
bool career_glob_matches(career_slice pattern, career_slice key);

/* Writes the bytes that every match begins with, unescaped, to `out` (room for pattern.len) and
 * returns how many they are. *whole: the pattern is nothing else, so it names one key. */
size_t career_glob_prefix(career_slice pattern, char *out, bool *whole);

/* Appends bytes so that a pattern, or a class in it, takes them literally. */
void career_glob_escape(career_text *text, career_slice bytes);

#endif
