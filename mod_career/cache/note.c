/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/note.h"

#include <stdlib.h>

/* ---------------------------------------------------------------- from an errand */

static size_t target_count(const career_errand *errand)
{
    return errand->keys + errand->bumps + errand->sets + errand->globs;
}

/* Appends a target to `bytes`, if there are any, without the user's id. */
static career_note_target pack(career_slice text, career_slice user_id, char *bytes)
{
    const char *id = memmem(text.data, text.len, user_id.data, user_id.len);
    size_t cut = id ? (size_t)(id - text.data) : text.len;
    size_t rest = id ? cut + user_id.len : text.len;

    if (bytes) {
        memcpy(bytes, text.data, cut);
        memcpy(bytes + cut, text.data + rest, text.len - rest);
    }
    return (career_note_target){.len = (unsigned)(cut + text.len - rest),
                                .cut = id ? (unsigned)cut : UINT_MAX};
}

static size_t packed_room(const career_errand *errand)
{
    career_slice user_id = career_slice_of(errand->user_id);
    size_t count = target_count(errand), room = count * sizeof(career_note_target);

    for (size_t i = 0; i < count; i++)
        room += pack(errand->items[i], user_id, NULL).len;
    return room;
}

career_note *career_note_make(const career_errand *errand)
{
    career_slice user_id = career_slice_of(errand->user_id);
    size_t count = target_count(errand);
    career_note *note = malloc(sizeof(*note) + packed_room(errand));
    char *bytes;

    if (!note)
        return NULL;
    *note = (career_note){.again = errand->again,
                          .attempts = errand->attempts,
                          .version = errand->version,
                          .leased = errand->leased,
                          .settled = errand->settled,
                          .counts = {(unsigned)errand->keys, (unsigned)errand->bumps,
                                     (unsigned)errand->sets, (unsigned)errand->globs}};
    memcpy(note->user_id, errand->user_id, sizeof(note->user_id));
    bytes = (char *)(note->targets + count);
    for (size_t i = 0; i < count; i++) {
        note->targets[i] = pack(errand->items[i], user_id, bytes);
        bytes += note->targets[i].len;
    }
    return note;
}

void career_note_free(career_note *note)
{
    free(note);
}

/* ---------------------------------------------------------------- and back */

static size_t count_of(const career_note *note)
{
    return (size_t)note->counts[0] + note->counts[1] + note->counts[2] + note->counts[3];
}

static bool is_cut(career_note_target target)
{
    return target.cut <= target.len;
}

/* Appends the whole target to `to`, from what is left of it. */
static career_slice unpack(career_note_target target, const char *bytes, career_slice user_id,
                           char *to)
{
    size_t before = is_cut(target) ? target.cut : target.len;
    size_t cut = is_cut(target) ? user_id.len : 0;

    memcpy(to, bytes, before);
    memcpy(to + before, user_id.data, cut);
    memcpy(to + before + cut, bytes + before, target.len - before);
    return (career_slice){to, target.len + cut};
}

static void unpack_all(const career_note *note, career_errand *errand)
{
    career_slice user_id = career_slice_of(note->user_id);
    size_t count = count_of(note);
    const char *bytes = (const char *)(note->targets + count);
    char *to = (char *)(errand->items + count);

    for (size_t i = 0; i < count; i++) {
        errand->items[i] = unpack(note->targets[i], bytes, user_id, to);
        bytes += note->targets[i].len;
        to += errand->items[i].len;
    }
}

static size_t unpacked_room(const career_note *note)
{
    size_t count = count_of(note), room = count * sizeof(career_slice);

    for (size_t i = 0; i < count; i++)
        room += note->targets[i].len + (is_cut(note->targets[i]) ? strlen(note->user_id) : 0);
    return room;
}

career_errand *career_note_errand(const career_note *note)
{
    career_errand *errand =
        career_errand_blank(CAREER_ERRAND_CLEAR, note->user_id, note->version, unpacked_room(note));

    if (!errand)
        return NULL;
    errand->again = note->again;
    errand->attempts = note->attempts;
    errand->leased = note->leased;
    errand->settled = note->settled;
    errand->keys = note->counts[0];
    errand->bumps = note->counts[1];
    errand->sets = note->counts[2];
    errand->globs = note->counts[3];
    unpack_all(note, errand);
    return errand;
}

/* ---------------------------------------------------------------- comparing */

/* Of all targets together, and of their bytes. */
static size_t packed_size(const career_note *note)
{
    size_t count = count_of(note), size = count * sizeof(note->targets[0]);

    for (size_t i = 0; i < count; i++)
        size += note->targets[i].len;
    return size;
}

bool career_note_same_work(const career_note *a, const career_note *b)
{
    return strcmp(a->user_id, b->user_id) == 0 &&
           memcmp(a->counts, b->counts, sizeof(a->counts)) == 0 &&
           packed_size(a) == packed_size(b) && memcmp(a->targets, b->targets, packed_size(a)) == 0;
}
