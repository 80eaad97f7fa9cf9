/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/agenda.h"

#include <stdlib.h>

/* What falls due within so long is done together: one pipeline for many, and few wake-ups. */
#define TOGETHER (50 * CAREER_MILLISECOND)
#define BUCKETS 1024

/* A binary heap by `due`, and beside it the same errands by user. */
struct career_agenda {
    size_t count;
    size_t room;
    career_errand *buckets[BUCKETS];
    career_errand *heap[];
};

career_agenda *career_agenda_make(size_t room)
{
    career_agenda *agenda = calloc(1, sizeof(*agenda) + room * sizeof(agenda->heap[0]));

    if (agenda)
        agenda->room = room;
    return agenda;
}

void career_agenda_free(career_agenda *agenda)
{
    free(agenda);
}

size_t career_agenda_count(const career_agenda *agenda)
{
    return agenda->count;
}

bool career_agenda_is_full(const career_agenda *agenda)
{
    return agenda->count == agenda->room;
}

career_moment career_agenda_due(const career_agenda *agenda)
{
    return agenda->count ? agenda->heap[0]->due : CAREER_NEVER;
}

/* ---------------------------------------------------------------- by user */

static size_t bucket_of(const char *user_id)
{
    uint32_t hash = 2166136261u;

    for (; *user_id; user_id++)
        hash = (hash ^ (unsigned char)*user_id) * 16777619u;
    return hash % BUCKETS;
}

static bool same_user(const career_errand *a, const career_errand *b)
{
    return strcmp(a->user_id, b->user_id) == 0;
}

/* Targets that name values of the profile differ from version to version: then each has work of its
 * own. */
static bool same_targets(const career_errand *a, const career_errand *b)
{
    size_t count = a->keys + a->bumps + a->sets + a->globs;

    if (a->keys != b->keys || a->bumps != b->bumps || a->sets != b->sets || a->globs != b->globs)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!career_slice_equal(a->items[i], b->items[i]))
            return false;
    return true;
}

/* A clearing for the newer one does all that one for the older would have done, and later. */
static void supersede(career_agenda *agenda, const career_errand *newer)
{
    career_errand *one = agenda->buckets[bucket_of(newer->user_id)];

    for (; one; one = one->next_of_user)
        if (one->version <= newer->version && same_user(one, newer) && same_targets(one, newer))
            one->superseded = true;
}

static void forget_user(career_agenda *agenda, career_errand *errand)
{
    career_errand **link = &agenda->buckets[bucket_of(errand->user_id)];

    while (*link != errand)
        link = &(*link)->next_of_user;
    *link = errand->next_of_user;
}

bool career_agenda_holds(const career_agenda *agenda, const career_errand *errand)
{
    const career_errand *one = agenda->buckets[bucket_of(errand->user_id)];

    for (; one; one = one->next_of_user)
        if (one->version >= errand->version && same_user(one, errand))
            return true;
    return false;
}

/* ---------------------------------------------------------------- by time */

void career_agenda_push(career_agenda *agenda, career_errand *errand, career_moment due)
{
    size_t at = agenda->count++, bucket = bucket_of(errand->user_id);

    errand->due = (due / TOGETHER + 1) * TOGETHER;
    for (; at && agenda->heap[(at - 1) / 2]->due > errand->due; at = (at - 1) / 2)
        agenda->heap[at] = agenda->heap[(at - 1) / 2];
    agenda->heap[at] = errand;
    supersede(agenda, errand);
    errand->next_of_user = agenda->buckets[bucket];
    agenda->buckets[bucket] = errand;
}

static career_errand *pop_first(career_agenda *agenda)
{
    career_errand *first = agenda->heap[0], *last = agenda->heap[--agenda->count];
    size_t at = 0;

    for (size_t child; (child = 2 * at + 1) < agenda->count; at = child) {
        if (child + 1 < agenda->count && agenda->heap[child + 1]->due < agenda->heap[child]->due)
            child++;
        if (agenda->heap[child]->due >= last->due)
            break;
        agenda->heap[at] = agenda->heap[child];
    }
    agenda->heap[at] = last;
    forget_user(agenda, first);
    return first;
}

career_errand *career_agenda_pop(career_agenda *agenda, career_moment now)
{
    while (career_agenda_due(agenda) <= now) {
        career_errand *first = pop_first(agenda);

        if (!first->superseded)
            return first;
        career_job_release(&first->base);
    }
    return NULL;
}
