/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has been proven, as a bounded set of SHA-256 digests: a signature that was found good need not be computed again
 * for the next request of the same client. It forgets what is oldest in its place. Any thread, no lock: a digest that
 * is read while another is written in its place matches neither, for each of its words is compared.
 */
#ifndef CAREER_PROOFS_H
#define CAREER_PROOFS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CAREER_PROOF_SIZE 32 /* bytes of a digest */
#define CAREER_PROOFS_MAX 4096

typedef struct career_proof {
    _Atomic uint64_t word[CAREER_PROOF_SIZE / sizeof(uint64_t)];
} career_proof;

/* Empty when all is zero; its memory (128 KiB) comes with the first proof. */
typedef struct career_proofs {
    _Atomic(career_proof *) slots;
} career_proofs;

bool career_proofs_has(career_proofs *proofs, const unsigned char digest[CAREER_PROOF_SIZE]);
/* Does nothing when memory is short. */
void career_proofs_add(career_proofs *proofs, const unsigned char digest[CAREER_PROOF_SIZE]);
void career_proofs_clear(career_proofs *proofs); /* by one thread, at the end */

#endif
