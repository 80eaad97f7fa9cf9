/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/proofs.h"

#include <stdlib.h>
#include <string.h>

#define WORDS (CAREER_PROOF_SIZE / sizeof(uint64_t))

typedef struct digest_words {
    uint64_t word[WORDS];
} digest_words;

static digest_words words_of(const unsigned char digest[CAREER_PROOF_SIZE])
{
    digest_words words;

    memcpy(words.word, digest, CAREER_PROOF_SIZE);
    return words;
}

/* A digest is put in its own place, and whatever it drives out goes next door. */
static size_t place_of(const digest_words *words)
{
    return (size_t)(words->word[0] % CAREER_PROOFS_MAX);
}

static const digest_words nothing; /* no digest of anything is zero */

static digest_words load(const career_proof *slot)
{
    digest_words words;

    for (size_t i = 0; i < WORDS; i++)
        words.word[i] = atomic_load_explicit(&slot->word[i], memory_order_relaxed);
    return words;
}

static void store(career_proof *slot, const digest_words *words)
{
    for (size_t i = 0; i < WORDS; i++)
        atomic_store_explicit(&slot->word[i], words->word[i], memory_order_relaxed);
}

static bool equal(const digest_words *a, const digest_words *b)
{
    return memcmp(a->word, b->word, CAREER_PROOF_SIZE) == 0;
}

bool career_proofs_has(career_proofs *self, const unsigned char digest[CAREER_PROOF_SIZE])
{
    const career_proof *slots = atomic_load_explicit(&self->slots, memory_order_acquire);
    digest_words sought = words_of(digest), own, other;
    size_t place = place_of(&sought);

    if (!slots)
        return false;
    own = load(&slots[place]);
    if (equal(&own, &sought))
        return true;
    other = load(&slots[place ^ 1]);
    return equal(&other, &sought);
}

/* The slots, made by whoever needs them first; NULL when memory is short. */
static career_proof *slots_of(career_proofs *self)
{
    career_proof *slots = atomic_load_explicit(&self->slots, memory_order_acquire);
    career_proof *made = slots ? NULL : calloc(CAREER_PROOFS_MAX, sizeof(*made));

    if (!made || atomic_compare_exchange_strong(&self->slots, &slots, made))
        return made ? made : slots;
    free(made); /* another thread was faster */
    return slots;
}

void career_proofs_add(career_proofs *self, const unsigned char digest[CAREER_PROOF_SIZE])
{
    career_proof *slots = slots_of(self);
    digest_words words = words_of(digest), before;
    size_t place = place_of(&words);

    if (!slots)
        return;
    before = load(&slots[place]);
    if (!equal(&before, &nothing))
        store(&slots[place ^ 1], &before);
    store(&slots[place], &words);
}

void career_proofs_clear(career_proofs *self)
{
    free(atomic_load(&self->slots));
    atomic_store(&self->slots, NULL);
}
