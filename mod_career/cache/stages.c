/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/stages.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SSCAN_COUNT "500"

/* Moves a generation forward, never back, so that replays and disorder do no harm. Decimal texts
 * compare by length, then byte by byte: a Lua number would lose the last digits of a large
 * version. */
static const char bump_script[] =
    "local now, new = redis.call('GET', KEYS[1]), ARGV[1]\n"
    "if now and now:find('^[1-9]%d*$') and (#now > #new or #now == #new and now >= new) then\n"
    "return 0 end\n"
    "redis.call('SET', KEYS[1], new) return 1";

static void queue_keys(career_redis *redis, const career_slice *keys, size_t count)
{
    for (size_t n; count; keys += n, count -= n) {
        n = count < CAREER_REDIS_BATCH ? count : CAREER_REDIS_BATCH;
        career_redis_queue_list(redis, "UNLINK", NULL, keys, n);
    }
}

static void queue_bumps(career_redis *redis, const career_errand *errand)
{
    char version[24];

    snprintf(version, sizeof(version), "%" PRId64, errand->version);
    for (size_t i = 0; i < errand->bumps; i++) {
        career_slice words[] = {CAREER_SLICE("EVAL"), CAREER_SLICE(bump_script), CAREER_SLICE("1"),
                                career_errand_bumps(errand)[i], career_slice_of(version)};

        career_redis_queue(redis, sizeof(words) / sizeof(words[0]), words);
    }
}

/* A server without memory still removes keys, but moves no generation until there is room again. */
static void refuse(career_errand *errand, const career_reply *reply)
{
    bool out_of_memory = reply->kind == CAREER_REPLY_ERROR && strstr(reply->text.data, "OOM ");

    errand->passing = out_of_memory && (!errand->refused || errand->passing);
    errand->refused = true;
}

/* The replies of one errand, `count` of them beginning at `at`; the first `unlinks` count keys. */
static career_step take_counts(career_redis *redis, career_errand *errand, size_t at, size_t count,
                               size_t unlinks)
{
    uint64_t removed = 0;

    for (size_t i = 0; i < count; i++) {
        career_reply reply = career_redis_reply(redis, at + i);

        if (reply.kind == CAREER_REPLY_INTEGER)
            removed += i < unlinks ? (uint64_t)reply.integer : 0;
        else if (career_redis_blame(redis, &reply))
            return CAREER_STEP_LOST;
        else
            refuse(errand, &reply);
    }
    errand->removed += removed;
    return errand->refused ? CAREER_STEP_REFUSED : CAREER_STEP_DONE;
}

career_step career_stage_keys(career_redis *redis, const career_errands *list,
                              career_moment command)
{
    career_step step = CAREER_STEP_DONE;
    size_t at = 0;

    for (career_errand *one = career_errands_first(list); one; one = career_errand_next(one)) {
        queue_keys(redis, one->items, one->keys);
        queue_bumps(redis, one);
    }
    if (!career_redis_exchange(redis, career_clock_now() + command))
        return CAREER_STEP_LOST;
    for (career_errand *one = career_errands_first(list); one; one = career_errand_next(one)) {
        size_t unlinks = (one->keys + CAREER_REDIS_BATCH - 1) / CAREER_REDIS_BATCH;
        career_step its = take_counts(redis, one, at, unlinks + one->bumps, unlinks);

        if (its == CAREER_STEP_LOST)
            return its;
        if (its == CAREER_STEP_REFUSED)
            step = its;
        at += unlinks + one->bumps;
    }
    return step;
}

static void queue_sscan(career_redis *redis, const career_errand *errand)
{
    career_slice words[] = {CAREER_SLICE("SSCAN"), career_errand_sets(errand)[errand->set_at],
                            career_slice_of(errand->cursor), CAREER_SLICE("COUNT"),
                            CAREER_SLICE(SSCAN_COUNT)};

    career_redis_queue(redis, sizeof(words) / sizeof(words[0]), words);
}

/* The members go together with their entry in the index, so that a writer who stores a key and then
 * adds it never finds it removed from the index alone; and the set goes with its last member. */
static void queue_batch(career_redis *redis, career_slice set, const career_slice *members,
                        size_t count)
{
    career_slice multi = CAREER_SLICE("MULTI"), exec = CAREER_SLICE("EXEC");
    career_slice card[] = {CAREER_SLICE("SCARD"), set};

    career_redis_queue(redis, 1, &multi);
    career_redis_queue_list(redis, "UNLINK", NULL, members, count);
    career_redis_queue_list(redis, "SREM", &set, members, count);
    career_redis_queue(redis, 2, card);
    career_redis_queue(redis, 1, &exec);
}
#define REPLIES_OF_BATCH 5

/* Returns how many batches it queued. */
static size_t queue_members(career_redis *redis, const career_errand *errand,
                            const career_reply *members)
{
    career_slice set = career_errand_sets(errand)[errand->set_at];
    career_slice keys[CAREER_REDIS_BATCH];
    size_t batches = 0;

    for (size_t i = 0; i < members->count;) {
        size_t n = 0;

        while (n < CAREER_REDIS_BATCH && i < members->count)
            keys[n++] = career_redis_item(members, i++).text;
        queue_batch(redis, set, keys, n);
        batches++;
    }
    return batches;
}

/* Reads one reply of SSCAN; *batches: how many exchanges of members follow from it. */
static career_step take_members(career_redis *redis, career_errand *errand, size_t at,
                                size_t *batches)
{
    career_reply reply = career_redis_reply(redis, at), cursor, members;

    *batches = 0;
    if (reply.kind == CAREER_REPLY_ARRAY && reply.count == 2) {
        cursor = career_redis_item(&reply, 0);
        members = career_redis_item(&reply, 1);
        if (cursor.kind == CAREER_REPLY_TEXT && cursor.text.len < sizeof(errand->cursor) &&
            members.kind == CAREER_REPLY_ARRAY) {
            memcpy(errand->cursor, cursor.text.data, cursor.text.len + 1);
            *batches = queue_members(redis, errand, &members);
            return CAREER_STEP_MORE;
        }
    }
    if (career_redis_blame(redis, &reply))
        return CAREER_STEP_LOST;
    errand->refused = true;
    return CAREER_STEP_REFUSED;
}

/* The replies of queue_batch: OK, three times QUEUED, and the results of the three. */
static career_step take_batch(career_redis *redis, career_errand *errand, size_t at)
{
    for (size_t i = 0; i < REPLIES_OF_BATCH; i++) {
        career_reply reply = career_redis_reply(redis, at + i), item[3];

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
        if (career_redis_blame(redis, &reply))
            return CAREER_STEP_LOST;
        errand->refused = true;
        return CAREER_STEP_REFUSED;
    }
    return CAREER_STEP_DONE;
}

static void move_on(career_errand *errand)
{
    if (!errand->refused && strcmp(errand->cursor, "0") == 0)
        errand->set_at++;
}

career_step career_stage_sets(career_redis *redis, const career_errands *list,
                              career_moment command)
{
    size_t batches[CAREER_STAGE_SETS], count = 0, at = 0;
    career_step step = CAREER_STEP_DONE, its;
    career_errand *one;

    for (one = career_errands_first(list); one && count < CAREER_STAGE_SETS;
         one = career_errand_next(one), count++)
        queue_sscan(redis, one);
    if (!career_redis_exchange(redis, career_clock_now() + command))
        return CAREER_STEP_LOST;
    one = career_errands_first(list);
    for (size_t i = 0; i < count; i++, one = career_errand_next(one)) {
        its = take_members(redis, one, i, &batches[i]);
        if (its == CAREER_STEP_LOST)
            return its;
        if (its == CAREER_STEP_REFUSED)
            step = its;
    }
    if (!career_redis_exchange(redis, career_clock_now() + command))
        return CAREER_STEP_LOST;
    one = career_errands_first(list);
    for (size_t i = 0; i < count; i++, one = career_errand_next(one)) {
        for (; batches[i]; batches[i]--, at += REPLIES_OF_BATCH) {
            its = take_batch(redis, one, at);
            if (its == CAREER_STEP_LOST)
                return its;
            if (its == CAREER_STEP_REFUSED)
                step = its;
        }
        move_on(one);
    }
    return step;
}
