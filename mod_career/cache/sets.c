/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/sets.h"

#include <apr_strings.h>
#include <apr_tables.h>

#include "base/pool.h"

#define SSCAN_COUNT "500"

static career_slice set_of(const career_errand *errand)
{
    return career_errand_sets(errand)[errand->set_at];
}

static void queue_sscan(career_fleet *fleet, career_errand *errand)
{
    career_slice set = set_of(errand);
    career_slice words[] = {CAREER_SLICE("SSCAN"), set, career_slice_of(errand->cursor),
                            CAREER_SLICE("COUNT"), CAREER_SLICE(SSCAN_COUNT)};

    if (strcmp(errand->cursor, "0") == 0)
        errand->changes = career_fleet_changes(fleet);
    career_fleet_queue(fleet, set, sizeof(words) / sizeof(words[0]), words);
}

/* What a round comes to: LOST outdoes REFUSED, and that DONE. */
static career_step worse(career_step *step, career_step its)
{
    if (its == CAREER_STEP_LOST || (its == CAREER_STEP_REFUSED && *step != CAREER_STEP_LOST))
        *step = its;
    return *step;
}

static career_step refuse(career_fleet *fleet, career_errand *errand, const career_reply *reply)
{
    if (career_fleet_blame(fleet, reply))
        return CAREER_STEP_LOST;
    errand->refused = true;
    return CAREER_STEP_REFUSED;
}

/* Reads one reply of SSCAN: MORE, and an array of members. */
static career_step take_sscan(career_fleet *fleet, career_errand *errand, size_t at,
                              career_reply *members)
{
    career_reply reply = career_fleet_reply(fleet, at), cursor;

    if (reply.kind == CAREER_REPLY_ARRAY && reply.count == 2) {
        cursor = career_redis_item(&reply, 0);
        *members = career_redis_item(&reply, 1);
        if (cursor.kind == CAREER_REPLY_TEXT && cursor.text.len < sizeof(errand->cursor) &&
            members->kind == CAREER_REPLY_ARRAY) {
            memcpy(errand->cursor, cursor.text.data, cursor.text.len + 1);
            return CAREER_STEP_MORE;
        }
    }
    return refuse(fleet, errand, &reply);
}

/* ---------------------------------------------------------------- on one server */

/* The members go together with their entry in the index, so that a writer who stores a key and then
 * adds it never finds it removed from the index alone; and the set goes with its last member. */
static void queue_batch(career_fleet *fleet, career_slice set, const career_slice *members,
                        size_t count)
{
    career_slice multi = CAREER_SLICE("MULTI"), exec = CAREER_SLICE("EXEC");
    career_slice card[] = {CAREER_SLICE("SCARD"), set};

    career_fleet_queue(fleet, set, 1, &multi);
    career_fleet_queue_unlink(fleet, members, count);
    career_fleet_queue_list(fleet, "SREM", set, members, count);
    career_fleet_queue(fleet, set, 2, card);
    career_fleet_queue(fleet, set, 1, &exec);
}
#define REPLIES_OF_BATCH 5

/* Returns how many batches it queued. */
static size_t queue_members(career_fleet *fleet, const career_errand *errand,
                            const career_reply *members)
{
    career_slice keys[CAREER_REDIS_BATCH];
    size_t batches = 0;

    for (size_t i = 0; i < members->count;) {
        size_t n = 0;

        while (n < CAREER_REDIS_BATCH && i < members->count)
            keys[n++] = career_redis_item(members, i++).text;
        queue_batch(fleet, set_of(errand), keys, n);
        batches++;
    }
    return batches;
}

/* The replies of queue_batch: OK, three times QUEUED, and the results of the three. */
static career_step take_batch(career_fleet *fleet, career_errand *errand, size_t at)
{
    for (size_t i = 0; i < REPLIES_OF_BATCH; i++) {
        career_reply reply = career_fleet_reply(fleet, at + i), item[3];

        for (size_t k = 0; reply.kind == CAREER_REPLY_ARRAY && k < 3; k++)
            item[k] = reply.count == 3 ? career_redis_item(&reply, k) : reply;
        if (reply.kind == CAREER_REPLY_TEXT)
            continue;
        if (reply.kind == CAREER_REPLY_ARRAY && item[0].kind == CAREER_REPLY_INTEGER &&
            item[1].kind == CAREER_REPLY_INTEGER && item[2].kind == CAREER_REPLY_INTEGER) {
            errand->removed += (uint64_t)item[0].integer;
            if (item[1].integer > 0 && item[2].integer == 0)
                errand->removed++; /* the set itself */
            continue;
        }
        return refuse(fleet, errand, &reply);
    }
    return CAREER_STEP_DONE;
}

/* Behind the scan of `count` sets, whose replies are there. */
static career_step empty_together(career_fleet *fleet, career_errand *first, size_t count,
                                  career_moment command)
{
    size_t batches[CAREER_STAGE_SETS] = {0}, at = 0;
    career_step step = CAREER_STEP_DONE;
    career_errand *one = first;

    for (size_t i = 0; i < count; i++, one = career_errand_next(one)) {
        career_reply members;

        if (worse(&step, take_sscan(fleet, one, i, &members)) == CAREER_STEP_LOST)
            return step;
        if (!one->refused)
            batches[i] = queue_members(fleet, one, &members);
    }
    if (!career_fleet_exchange(fleet, career_clock_now() + command))
        return CAREER_STEP_LOST;
    one = first;
    for (size_t i = 0; i < count; i++, one = career_errand_next(one))
        for (; batches[i]; batches[i]--, at += REPLIES_OF_BATCH)
            if (worse(&step, take_batch(fleet, one, at)) == CAREER_STEP_LOST)
                return step;
    for (one = first; count; count--, one = career_errand_next(one))
        if (!one->refused && strcmp(one->cursor, "0") == 0)
            one->set_at++;
    return step;
}

/* ---------------------------------------------------------------- on many servers */

/* Set and members may be on different servers, and no transaction holds them together. So the
 * members go first, then their entries in the index, and then once more the members: if we die in
 * between they are still in the index, and if a writer stored one in between, and found it in the
 * index still, it goes with the third step. Whoever dies before that leaves such a one outside its
 * index. (To note the members beside the set first would need a key and rights that operators know
 * nothing of; to rename the set fails while its slot moves. lua/README.md says what helps.) */
typedef struct scattered {
    career_errand *errand;
    apr_array_header_t *members; /* career_slice; NULL: refused, leave it */
    bool empty;                  /* of what was there when its scan began */
} scattered;

static career_step copy_members(career_fleet *fleet, apr_pool_t *pool, scattered *one, size_t at)
{
    career_reply members;
    career_step step = take_sscan(fleet, one->errand, at, &members);

    one->members = NULL;
    one->empty = false;
    if (step != CAREER_STEP_MORE)
        return step;
    one->members = apr_array_make(pool, (int)members.count, sizeof(career_slice));
    for (size_t i = 0; i < members.count; i++) {
        career_slice text = career_redis_item(&members, i).text;

        APR_ARRAY_PUSH(one->members, career_slice) =
            (career_slice){apr_pmemdup(pool, text.data, text.len), text.len};
    }
    return CAREER_STEP_DONE;
}

static career_step unlink_members(career_fleet *fleet, scattered *list, size_t count,
                                  career_moment command)
{
    career_step step = CAREER_STEP_DONE;

    for (size_t i = 0; i < count; i++)
        if (list[i].members)
            career_fleet_queue_unlink(fleet, (const career_slice *)list[i].members->elts,
                                      (size_t)list[i].members->nelts);
    if (!career_fleet_exchange(fleet, career_clock_now() + command))
        return CAREER_STEP_LOST;
    for (size_t i = 0, at = 0; i < count; i++) {
        career_reply reply;

        if (!list[i].members)
            continue;
        reply = career_fleet_reply(fleet, at++);
        if (reply.kind == CAREER_REPLY_INTEGER) {
            list[i].errand->removed += (uint64_t)reply.integer;
            continue;
        }
        if (worse(&step, refuse(fleet, list[i].errand, &reply)) == CAREER_STEP_LOST)
            return step;
        list[i].members = NULL;
    }
    return step;
}

static size_t batches_of(const scattered *one)
{
    return ((size_t)one->members->nelts + CAREER_REDIS_BATCH - 1) / CAREER_REDIS_BATCH;
}

static void queue_srem(career_fleet *fleet, const scattered *one)
{
    career_slice set = set_of(one->errand), card[] = {CAREER_SLICE("SCARD"), set};
    const career_slice *members = (const career_slice *)one->members->elts;
    size_t left = (size_t)one->members->nelts;

    for (size_t n; left; members += n, left -= n) {
        n = left < CAREER_REDIS_BATCH ? left : CAREER_REDIS_BATCH;
        career_fleet_queue_list(fleet, "SREM", set, members, n);
    }
    career_fleet_queue(fleet, set, 2, card);
}

/* A set that moved to another server while it was scanned may not have shown all of its members:
 * what is left of it is scanned again. */
static career_step take_srem(career_fleet *fleet, scattered *one, size_t *at)
{
    career_errand *errand = one->errand;
    int64_t taken = 0;
    career_reply reply;

    for (size_t i = 0; i <= batches_of(one); i++) {
        reply = career_fleet_reply(fleet, *at + i);
        if (reply.kind != CAREER_REPLY_INTEGER)
            return refuse(fleet, errand, &reply);
        taken += i < batches_of(one) ? reply.integer : 0;
    }
    *at += batches_of(one) + 1;
    if (taken && reply.integer == 0)
        errand->removed++; /* the set itself */
    one->empty = strcmp(errand->cursor, "0") == 0 &&
                 (reply.integer == 0 || errand->changes == career_fleet_changes(fleet));
    return CAREER_STEP_DONE;
}

static career_step remove_members(career_fleet *fleet, scattered *list, size_t count,
                                  career_moment command)
{
    career_step step = CAREER_STEP_DONE;

    for (size_t i = 0; i < count; i++)
        if (list[i].members)
            queue_srem(fleet, &list[i]);
    if (!career_fleet_exchange(fleet, career_clock_now() + command))
        return CAREER_STEP_LOST;
    for (size_t i = 0, at = 0; i < count; i++) {
        size_t next = list[i].members ? at + batches_of(&list[i]) + 1 : at;

        if (list[i].members && worse(&step, take_srem(fleet, &list[i], &at)) == CAREER_STEP_LOST)
            return step;
        at = next;
    }
    return step;
}

static career_step empty_scattered(career_fleet *fleet, career_errand *first, size_t count,
                                   career_moment command, apr_pool_t *pool)
{
    scattered list[CAREER_STAGE_SETS];
    career_step step = CAREER_STEP_DONE;

    for (size_t i = 0; i < count; i++, first = career_errand_next(first)) {
        list[i].errand = first;
        if (worse(&step, copy_members(fleet, pool, &list[i], i)) == CAREER_STEP_LOST)
            return step;
    }
    if (worse(&step, unlink_members(fleet, list, count, command)) != CAREER_STEP_LOST &&
        worse(&step, remove_members(fleet, list, count, command)) != CAREER_STEP_LOST)
        worse(&step, unlink_members(fleet, list, count, command));
    for (size_t i = 0; i < count && step != CAREER_STEP_LOST; i++)
        if (list[i].empty && !list[i].errand->refused)
            list[i].errand->set_at++;
    return step;
}

/* ---------------------------------------------------------------- one round */

career_step career_stage_sets(career_fleet *fleet, const career_errands *list,
                              career_moment command)
{
    career_errand *first = career_errands_first(list), *one;
    size_t count = 0;
    career_step step;
    apr_pool_t *pool;

    for (one = first; one && count < CAREER_STAGE_SETS; one = career_errand_next(one), count++)
        queue_sscan(fleet, one);
    if (!career_fleet_exchange(fleet, career_clock_now() + command))
        return CAREER_STEP_LOST;
    if (career_fleet_is_single(fleet))
        return empty_together(fleet, first, count, command);
    pool = career_pool_create();
    if (!pool)
        return CAREER_STEP_LOST;
    step = empty_scattered(fleet, first, count, command, pool);
    apr_pool_destroy(pool);
    return step;
}
