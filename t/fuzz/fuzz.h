/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets share: a promise that does not hold ends the process, so that the fuzzer keeps the
 * input; a pool per input.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <apr_general.h>

#include "base/json.h"

#define CHECK(promise)                                                                             \
    do {                                                                                           \
        if (!(promise)) {                                                                          \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #promise);           \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline apr_pool_t *fuzz_pool(void)
{
    apr_pool_t *pool;

    CHECK(apr_pool_create(&pool, NULL) == APR_SUCCESS);
    return pool;
}

/* A line for people: not empty, whole characters, no control characters. */
static inline void fuzz_check_sentence(const char *text)
{
    CHECK(text && *text);
    CHECK(career_utf8_valid(text, strlen(text)));
    for (; *text; text++)
        CHECK((unsigned char)*text >= 0x20 && *text != 0x7f);
}

/* Takes the next line off the input; its end when there is none. */
static inline career_slice fuzz_line(career_slice *input)
{
    const char *end = input->len ? memchr(input->data, '\n', input->len) : NULL;
    career_slice line = {input->data, end ? (size_t)(end - input->data) : input->len};
    size_t taken = end ? line.len + 1 : line.len;

    input->data += taken;
    input->len -= taken;
    return line;
}

#endif
