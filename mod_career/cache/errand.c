/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/errand.h"

#include <stdio.h>
#include <stdlib.h>

#include "cache/glob.h"

static void destroy_ticket(career_job *self)
{
    free(self);
}

career_ticket *career_ticket_make(void)
{
    career_ticket *ticket = malloc(sizeof(*ticket)); /* as in store.c, for what its thread keeps */

    if (!ticket)
        return NULL;
    *ticket = (career_ticket){.outcome = {CAREER_CACHE_PENDING, 0}};
    career_job_init(&ticket->base, CAREER_NEVER, destroy_ticket);
    atomic_fetch_add(&ticket->base.holders, 1);
    return ticket;
}

/* An errand that its last holder drops unanswered is left to the outbox. */
static void destroy_errand(career_job *self)
{
    career_errand_answer((career_errand *)self, CAREER_CACHE_PENDING);
    free(self);
}

/* Copies the text of a target to `bytes`. A glob that is all literal is a key, and costs no
 * sweep. */
static career_target_kind copy_target(const career_target *from, char *bytes, career_slice *text)
{
    bool whole = false;
    size_t len = 0;

    if (from->kind == CAREER_TARGET_GLOB)
        len = career_glob_prefix(from->text, bytes, &whole);
    *text = (career_slice){bytes, whole ? len : from->text.len};
    if (whole)
        return CAREER_TARGET_KEY;
    memcpy(bytes, from->text.data, from->text.len);
    return from->kind;
}

/* One pass per kind, so that each kind stands together. `bytes` is as long as all the texts. */
static size_t copy_kind(career_slice *items, const career_targets *targets, char *bytes,
                        career_target_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < targets->count; i++) {
        career_slice text = {bytes, 0};

        if (targets->items[i].text.len && copy_target(&targets->items[i], bytes, &text) == kind)
            items[count++] = text;
        bytes += targets->items[i].text.len;
    }
    return count;
}

static size_t room_of(const career_targets *targets)
{
    size_t room = targets->count * sizeof(career_slice);

    for (size_t i = 0; i < targets->count; i++)
        room += targets->items[i].text.len;
    return room;
}

career_errand *career_errand_blank(career_errand_kind kind, const char *user_id, int64_t version,
                                   size_t room)
{
    career_errand *errand = calloc(1, sizeof(*errand) + room);

    if (!errand)
        return NULL;
    career_job_init(&errand->base, CAREER_NEVER, destroy_errand);
    errand->kind = kind;
    snprintf(errand->user_id, sizeof(errand->user_id), "%s", user_id);
    errand->version = version;
    memcpy(errand->cursor, "0", 2);
    return errand;
}

career_errand *career_errand_make(career_errand_kind kind, const char *user_id, int64_t version,
                                  const career_targets *targets)
{
    career_errand *errand = career_errand_blank(kind, user_id, version, room_of(targets));
    career_slice *items;
    char *bytes;

    if (!errand)
        return NULL;
    errand->leased = career_clock_now() + CAREER_OUTBOX_LEASE;
    items = errand->items;
    bytes = (char *)(items + targets->count);
    items += errand->keys = copy_kind(items, targets, bytes, CAREER_TARGET_KEY);
    items += errand->bumps = copy_kind(items, targets, bytes, CAREER_TARGET_BUMP);
    items += errand->sets = copy_kind(items, targets, bytes, CAREER_TARGET_SET);
    errand->globs = copy_kind(items, targets, bytes, CAREER_TARGET_GLOB);
    return errand;
}

void career_errand_answer(career_errand *errand, career_cache_status status)
{
    career_ticket *ticket = errand->ticket;

    if (!ticket)
        return;
    errand->ticket = NULL;
    ticket->outcome.status = status;
    ticket->outcome.keys = status == CAREER_CACHE_INVALIDATED ? errand->removed : 0;
    career_job_finish(&ticket->base);
}

void career_errands_init(career_errands *list)
{
    list->first = NULL;
    list->last = &list->first;
    list->count = 0;
}

void career_errands_push(career_errands *list, career_errand *errand)
{
    errand->base.next = NULL;
    *list->last = &errand->base;
    list->last = &errand->base.next;
    list->count++;
}

career_errand *career_errands_pop(career_errands *list)
{
    career_job *job = list->first;

    if (!job)
        return NULL;
    list->first = job->next;
    if (!list->first)
        list->last = &list->first;
    list->count--;
    job->next = NULL;
    return (career_errand *)job;
}

void career_errands_prepend(career_errands *list, career_errands *from)
{
    if (!from->first)
        return;
    *from->last = list->first;
    if (!list->first)
        list->last = from->last;
    list->first = from->first;
    list->count += from->count;
    career_errands_init(from);
}
