/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/stages.h"

#include <inttypes.h>
#include <stdio.h>

/* Moves a generation forward, never back, so that replays and disorder do no harm. Decimal texts
 * compare by length, then byte by byte: a Lua number would lose the last digits of a large
 * version. */
static const char bump_script[] =
    "local now, new = redis.call('GET', KEYS[1]), ARGV[1]\n"
    "if now and now:find('^[1-9]%d*$') and (#now > #new or #now == #new and now >= new) then\n"
    "return 0 end\n"
    "redis.call('SET', KEYS[1], new) return 1";

static void queue_bumps(career_fleet *fleet, const career_errand *errand)
{
    char version[24];

    snprintf(version, sizeof(version), "%" PRId64, errand->version);
    for (size_t i = 0; i < errand->bumps; i++) {
        career_slice key = career_errand_bumps(errand)[i];
        career_slice words[] = {CAREER_SLICE("EVAL"), CAREER_SLICE(bump_script), CAREER_SLICE("1"),
                                key, career_slice_of(version)};

        career_fleet_queue(fleet, key, sizeof(words) / sizeof(words[0]), words);
    }
}

/* A server without memory still removes keys, but moves no generation until there is room again. */
static void refuse(career_errand *errand, const career_reply *reply)
{
    bool out_of_memory = reply->kind == CAREER_REPLY_ERROR && strstr(reply->text.data, "OOM ");

    errand->passing = out_of_memory && (!errand->refused || errand->passing);
    errand->refused = true;
}

/* The replies of one errand, beginning at `at`: how many keys there were, then one per generation. */
static career_step take_counts(career_fleet *fleet, career_errand *errand, size_t at)
{
    uint64_t removed = 0;

    for (size_t i = 0; i < 1 + errand->bumps; i++) {
        career_reply reply = career_fleet_reply(fleet, at + i);

        if (reply.kind == CAREER_REPLY_INTEGER)
            removed += i == 0 ? (uint64_t)reply.integer : 0;
        else if (career_fleet_blame(fleet, &reply))
            return CAREER_STEP_LOST;
        else
            refuse(errand, &reply);
    }
    errand->removed += removed;
    return errand->refused ? CAREER_STEP_REFUSED : CAREER_STEP_DONE;
}

static bool has_any(const career_errands *list)
{
    for (const career_errand *one = career_errands_first(list); one; one = career_errand_next(one))
        if (one->keys + one->bumps)
            return true;
    return false;
}

career_step career_stage_keys(career_fleet *fleet, const career_errands *list,
                              career_moment command)
{
    career_step step = CAREER_STEP_DONE;
    size_t at = 0;

    if (!has_any(list))
        return CAREER_STEP_NOTHING;
    for (career_errand *one = career_errands_first(list); one; one = career_errand_next(one)) {
        career_fleet_queue_unlink(fleet, one->items, one->keys);
        queue_bumps(fleet, one);
    }
    if (!career_fleet_exchange(fleet, career_clock_now() + command))
        return CAREER_STEP_LOST;
    for (career_errand *one = career_errands_first(list); one; one = career_errand_next(one)) {
        career_step its = take_counts(fleet, one, at);

        if (its == CAREER_STEP_LOST)
            return its;
        if (its == CAREER_STEP_REFUSED)
            step = its;
        at += 1 + one->bumps;
    }
    return step;
}
