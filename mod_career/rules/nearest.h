/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guesses what an operator meant by a word that nobody knows: for error messages. Pure; any thread.
 */
#ifndef CAREER_NEAREST_H
#define CAREER_NEAREST_H

/* The word of the NULL-terminated list that takes the fewest changes to get to; NULL for an empty list. */
const char *career_nearest(const char *word, const char *const *known);

#endif
