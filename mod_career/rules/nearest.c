/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/nearest.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define LETTERS_MAX 32 /* what comes behind makes no difference */

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;

    return least < c ? least : c;
}

/* Levenshtein's distance, without regard to case. */
static unsigned distance(const char *a, const char *b)
{
    size_t length_a = strnlen(a, LETTERS_MAX), length_b = strnlen(b, LETTERS_MAX);
    unsigned row[LETTERS_MAX + 1];

    for (unsigned j = 0; j <= length_b; j++)
        row[j] = j;
    for (unsigned i = 1; i <= length_a; i++) {
        unsigned diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= length_b; j++) {
            unsigned above = row[j];
            bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);

            row[j] = smallest(above + 1, row[j - 1] + 1, diagonal + !same);
            diagonal = above;
        }
    }
    return row[length_b];
}

const char *career_nearest(const char *word, const char *const *known)
{
    const char *best = NULL;
    unsigned least = UINT_MAX;

    for (; *known; known++) {
        unsigned steps = distance(word, *known);

        if (steps < least) {
            least = steps;
            best = *known;
        }
    }
    return best;
}
