/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/agenda.h"

#include <stdlib.h>

#include "cache/note.h"

/* What falls due within so long is done together: one pipeline for many, and few wake-ups. */
#define TOGETHER (50 * CAREER_MILLISECOND)
#define BUCKETS 1024

/* A binary heap of notes by `due`, and beside it the same notes by user. */
struct career_agenda {
    size_t count;
    size_t room;
    career_note *buckets[BUCKETS];
    career_note *heap[];
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
    if (!agenda)
        return;
    for (size_t i = 0; i < agenda->count; i++)
        career_note_free(agenda->heap[i]);
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

/* A clearing for the newer one does all that one for the older would have done, and later. */
static void supersede(career_agenda *agenda, const career_note *newer)
{
    career_note *one = agenda->buckets[bucket_of(newer->user_id)];

    for (; one; one = one->next_of_user)
        if (one->version <= newer->version && career_note_same_work(one, newer))
            one->superseded = true;
}

static void forget_user(career_agenda *agenda, career_note *note)
{
    career_note **link = &agenda->buckets[bucket_of(note->user_id)];

    while (*link != note)
        link = &(*link)->next_of_user;
    *link = note->next_of_user;
}

bool career_agenda_holds(const career_agenda *agenda, const career_errand *errand)
{
    const career_note *one = agenda->buckets[bucket_of(errand->user_id)];

    for (; one; one = one->next_of_user)
        if (one->version >= errand->version && strcmp(one->user_id, errand->user_id) == 0)
            return true;
    return false;
}

/* ---------------------------------------------------------------- by time */

static void put(career_agenda *agenda, career_note *note)
{
    size_t at = agenda->count++;

    for (; at && agenda->heap[(at - 1) / 2]->due > note->due; at = (at - 1) / 2)
        agenda->heap[at] = agenda->heap[(at - 1) / 2];
    agenda->heap[at] = note;
}

bool career_agenda_push(career_agenda *agenda, career_errand *errand, career_moment due)
{
    size_t bucket = bucket_of(errand->user_id);
    career_note *note = career_note_make(errand);

    if (!note)
        return false;
    note->due = (due / TOGETHER + 1) * TOGETHER;
    put(agenda, note);
    supersede(agenda, note);
    note->next_of_user = agenda->buckets[bucket];
    agenda->buckets[bucket] = note;
    career_job_release(&errand->base);
    return true;
}

static career_note *take_first(career_agenda *agenda)
{
    career_note *first = agenda->heap[0], *last = agenda->heap[--agenda->count];
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
    career_errand *errand = NULL;

    while (!errand && career_agenda_due(agenda) <= now) {
        career_note *first = take_first(agenda);

        if (!first->superseded)
            errand = career_note_errand(first);
        career_note_free(first);
    }
    return errand;
}
