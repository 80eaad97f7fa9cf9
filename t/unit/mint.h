/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of auth/ share: HS256 tokens made by an HMAC of their own (FIPS 180-4, RFC 2104),
 * so that the verifier is not judged by itself, and the published vectors.
 */
#ifndef MINT_H
#define MINT_H

#include <stdio.h>
#include <stdlib.h>

#include <apr_strings.h>

#include "base/json.h"
#include "base/text.h"

#define ISSUER "https://demo.supabase.co/auth/v1"
#define USER "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
#define SECRET "a-secret-for-tests-of-at-least-32-bytes!"
#define HS256 "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define CLAIMS                                                                                     \
    "{\"iss\":\"" ISSUER "\",\"aud\":\"authenticated\",\"exp\":1700003600,\"iat\":1700000000,"     \
    "\"sub\":\"" USER "\",\"role\":\"authenticated\",\"aal\":\"aal1\","                            \
    "\"session_id\":\"0b0d7a3e-6f0e-4d0c-9a51-2f6f3b7a1c11\"}"

static inline uint32_t mint_rotate(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static inline void mint_sha256_block(uint32_t h[8], const unsigned char *p)
{
    static const uint32_t k[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
        0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
        0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
        0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
        0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
        0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
        0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
        0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
        0xc67178f2};
    uint32_t w[64], v[8];

    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 |
               (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] +
               (mint_rotate(w[i - 15], 7) ^ mint_rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
               (mint_rotate(w[i - 2], 17) ^ mint_rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(v, h, sizeof(v));
    for (int i = 0; i < 64; i++) {
        uint32_t a = v[0], e = v[4];
        uint32_t one = v[7] + (mint_rotate(e, 6) ^ mint_rotate(e, 11) ^ mint_rotate(e, 25)) +
                       ((e & v[5]) ^ (~e & v[6])) + k[i] + w[i];
        uint32_t two = (mint_rotate(a, 2) ^ mint_rotate(a, 13) ^ mint_rotate(a, 22)) +
                       ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));

        memmove(v + 1, v, 7 * sizeof(*v));
        v[4] += one;
        v[0] = one + two;
    }
    for (int i = 0; i < 8; i++)
        h[i] += v[i];
}

static inline void mint_sha256(const unsigned char *data, size_t len, unsigned char out[32])
{
    uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    size_t whole = len / 64 * 64, left = len - whole;
    unsigned char tail[128] = {0};
    size_t size = left < 56 ? 64 : 128;

    for (size_t i = 0; i < whole; i += 64)
        mint_sha256_block(h, data + i);
    memcpy(tail, data + whole, left);
    tail[left] = 0x80;
    for (int i = 0; i < 8; i++)
        tail[size - 1 - (size_t)i] = (unsigned char)((uint64_t)len * 8 >> 8 * i);
    for (size_t i = 0; i < size; i += 64)
        mint_sha256_block(h, tail + i);
    for (int i = 0; i < 32; i++)
        out[i] = (unsigned char)(h[i / 4] >> (24 - i % 4 * 8));
}

static inline void mint_hmac(apr_pool_t *p, career_slice key, career_slice text,
                             unsigned char out[32])
{
    unsigned char pad[64] = {0}, *inner = apr_palloc(p, 64 + text.len), outer[96];

    if (key.len > 64)
        mint_sha256((const unsigned char *)key.data, key.len, pad);
    else
        memcpy(pad, key.data, key.len);
    for (int i = 0; i < 64; i++) {
        inner[i] = pad[i] ^ 0x36;
        outer[i] = pad[i] ^ 0x5c;
    }
    memcpy(inner + 64, text.data, text.len);
    mint_sha256(inner, 64 + text.len, outer + 64);
    mint_sha256(outer, 96, out);
}

static inline const char *mint_base64url(apr_pool_t *p, career_slice bytes)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    career_text text = career_text_make(p, bytes.len / 3 * 4 + 4);
    unsigned held = 0, bits = 0;

    for (size_t i = 0; i < bytes.len; i++) {
        held = held << 8 | (unsigned char)bytes.data[i];
        for (bits += 8; bits >= 6; bits -= 6)
            career_text_add_char(&text, alphabet[held >> (bits - 6) & 63]);
        held &= (1u << bits) - 1;
    }
    if (bits)
        career_text_add_char(&text, alphabet[held << (6 - bits) & 63]);
    return text.data;
}

/* HS256 over two parts that are base64url already. */
static inline const char *mint_sign(apr_pool_t *p, const char *input, career_slice secret)
{
    unsigned char mac[32];

    mint_hmac(p, secret, career_slice_of(input), mac);
    return apr_pstrcat(p, input, ".",
                       mint_base64url(p, (career_slice){(const char *)mac, sizeof(mac)}), NULL);
}

static inline const char *mint_slices(apr_pool_t *p, career_slice header, career_slice payload)
{
    return mint_sign(
        p, apr_pstrcat(p, mint_base64url(p, header), ".", mint_base64url(p, payload), NULL),
        CAREER_SLICE(SECRET));
}

static inline const char *mint(apr_pool_t *p, const char *header, const char *payload)
{
    return mint_slices(p, career_slice_of(header), career_slice_of(payload));
}

/* A file of the published vectors, NULL when it is not there. $CAREER_SHARED names their folder's
 * parent. */
static inline const career_json *mint_vectors(apr_pool_t *p, const char *name)
{
    const char *shared = getenv("CAREER_SHARED"), *why;
    FILE *file = fopen(apr_pstrcat(p, shared ? shared : "../shared", "/vectors/", name, NULL), "r");
    size_t room = 1024 * 1024, len;
    const career_json *root;
    char *data;

    if (!file)
        return NULL;
    data = apr_palloc(p, room);
    len = fread(data, 1, room, file);
    fclose(file);
    root = career_json_parse(p, data, len, &why);
    if (!root)
        fprintf(stderr, "%s: %s\n", name, why);
    return root ? root : &career_json_empty_object;
}

#endif
