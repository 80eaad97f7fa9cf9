/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/sweep.h"

#include <stdio.h>

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "cache/glob.h"

/* COUNT of SCAN: at a million keys, 500 are about 0.7 ms of the server's time, and 5 000 are 4 ms.
 * A table that is nearly empty or just being resized takes longer: then less, until it is
 * better. */
#define COUNT_MIN 10
#define COUNT_START 250
#define COUNT_MAX 500
#define SLOW (2 * CAREER_MILLISECOND)
/* Walks in a row while slots move; every key seen goes all the same. */
#define WALKS_MAX 4

/* The keys that match exactly the same patterns: they are removed together, and the server's count
 * of them is then a count for each of those patterns. */
typedef struct group {
    struct group *next_found;
    apr_array_header_t *found; /* career_slice: keys of the last SCAN; NULL: none */
    uint64_t removed;
    unsigned mark; /* career_sweep_removed has counted it in that round */
} group;

typedef struct pattern {
    struct pattern *same_prefix;
    career_slice text;
    career_slice prefix;
    apr_array_header_t *groups; /* group *: where it takes part */
} pattern;

struct career_sweep {
    apr_pool_t *pool;
    apr_pool_t *step_pool;        /* keys found, until they are removed */
    apr_hash_t *by_text;          /* pattern */
    apr_hash_t *by_prefix;        /* pattern, the first of those with that prefix */
    apr_hash_t *groups;           /* group, by the numbers of its patterns */
    apr_array_header_t *patterns; /* pattern * */
    apr_array_header_t *lengths;  /* size_t: which lengths the prefixes have */
    group *found;                 /* groups with keys to be removed */
    uint64_t removed;             /* keys, of all groups */
    const pattern **matched;      /* scratch, as long as patterns */
    career_slice filter;
    bool begun;
    bool walking;
    size_t master;        /* who is being scanned */
    bool scanned;         /* SCAN has come round on the last of them */
    unsigned walks;       /* that were ended */
    career_survey before; /* of this walk */
    bool steady;          /* the walk before this one began in the same state */
    unsigned round;
    int count;             /* of the next SCAN */
    career_moment fastest; /* step so far: what the way alone takes, or not much more */
    char cursor[24];
};

career_sweep *career_sweep_make(apr_pool_t *pool)
{
    career_sweep *sweep = apr_pcalloc(pool, sizeof(*sweep));

    sweep->pool = pool;
    apr_pool_create(&sweep->step_pool, pool);
    sweep->by_text = apr_hash_make(pool);
    sweep->by_prefix = apr_hash_make(pool);
    sweep->groups = apr_hash_make(pool);
    sweep->patterns = apr_array_make(pool, 16, sizeof(pattern *));
    sweep->lengths = apr_array_make(pool, 4, sizeof(size_t));
    sweep->count = COUNT_START;
    sweep->fastest = CAREER_NEVER;
    memcpy(sweep->cursor, "0", 2);
    return sweep;
}

static void add_length(career_sweep *sweep, size_t length)
{
    for (int i = 0; i < sweep->lengths->nelts; i++)
        if (APR_ARRAY_IDX(sweep->lengths, i, size_t) == length)
            return;
    APR_ARRAY_PUSH(sweep->lengths, size_t) = length;
}

/* The literal start of each pattern is an index: however many wait, a key is compared with the few
 * that begin as it does. */
void career_sweep_add(career_sweep *sweep, career_slice text)
{
    char *prefix;
    pattern *one;
    bool whole;

    if (apr_hash_get(sweep->by_text, text.data, (apr_ssize_t)text.len))
        return;
    one = apr_pcalloc(sweep->pool, sizeof(*one));
    prefix = apr_palloc(sweep->pool, text.len + 1);
    one->text = text;
    one->prefix = (career_slice){prefix, career_glob_prefix(text, prefix, &whole)};
    one->groups = apr_array_make(sweep->pool, 2, sizeof(group *));
    one->same_prefix = apr_hash_get(sweep->by_prefix, prefix, (apr_ssize_t)one->prefix.len);
    APR_ARRAY_PUSH(sweep->patterns, pattern *) = one;
    apr_hash_set(sweep->by_text, text.data, (apr_ssize_t)text.len, one);
    apr_hash_set(sweep->by_prefix, prefix, (apr_ssize_t)one->prefix.len, one);
    add_length(sweep, one->prefix.len);
}

static const pattern *nth(const career_sweep *sweep, int i)
{
    return APR_ARRAY_IDX(sweep->patterns, i, const pattern *);
}

static size_t common_prefix(const career_sweep *sweep)
{
    career_slice first = nth(sweep, 0)->prefix;
    size_t common = first.len;

    for (int i = 1; i < sweep->patterns->nelts; i++) {
        career_slice other = nth(sweep, i)->prefix;
        size_t same = 0;

        while (same < common && same < other.len && first.data[same] == other.data[same])
            same++;
        common = same;
    }
    return common;
}

/* "[cdr]": the bytes that may follow the common start; nothing where one pattern leaves them
 * open. */
static void add_next_bytes(const career_sweep *sweep, size_t common, career_text *filter)
{
    bool seen[256] = {false};
    size_t before = filter->len;

    career_text_add_char(filter, '[');
    for (int i = 0; i < sweep->patterns->nelts; i++) {
        career_slice prefix = nth(sweep, i)->prefix;

        if (prefix.len == common) {
            filter->len = before;
            return;
        }
        if (!seen[(unsigned char)prefix.data[common]])
            career_glob_escape(filter, (career_slice){prefix.data + common, 1});
        seen[(unsigned char)prefix.data[common]] = true;
    }
    career_text_add_char(filter, ']');
}

career_slice career_sweep_filter(career_sweep *sweep)
{
    career_text filter = career_text_make(sweep->pool, 64);
    size_t common;

    if (sweep->patterns->nelts == 0)
        return (career_slice){NULL, 0};
    if (sweep->patterns->nelts == 1)
        return nth(sweep, 0)->text;
    common = common_prefix(sweep);
    career_glob_escape(&filter, (career_slice){nth(sweep, 0)->prefix.data, common});
    add_next_bytes(sweep, common, &filter);
    if (filter.len == 0)
        return (career_slice){NULL, 0};
    career_text_add_char(&filter, '*');
    return career_text_slice(&filter);
}

static void begin(career_sweep *sweep)
{
    sweep->begun = true;
    sweep->filter = career_sweep_filter(sweep);
    sweep->matched =
        apr_palloc(sweep->pool, (size_t)sweep->patterns->nelts * sizeof(pattern *) + 1);
}

/* Which patterns match, into sweep->matched; the same patterns come in the same order for every
 * key. */
static size_t match(career_sweep *sweep, career_slice key)
{
    size_t count = 0;

    for (int i = 0; i < sweep->lengths->nelts; i++) {
        size_t length = APR_ARRAY_IDX(sweep->lengths, i, size_t);
        const pattern *one = NULL;

        if (length <= key.len)
            one = apr_hash_get(sweep->by_prefix, length ? key.data : "", (apr_ssize_t)length);
        for (; one; one = one->same_prefix)
            if (career_glob_matches(one->text, key))
                sweep->matched[count++] = one;
    }
    return count;
}

static group *find_group(career_sweep *sweep, size_t count)
{
    size_t bytes = count * sizeof(sweep->matched[0]);
    group *one = apr_hash_get(sweep->groups, sweep->matched, (apr_ssize_t)bytes);

    if (one)
        return one;
    one = apr_pcalloc(sweep->pool, sizeof(*one));
    apr_hash_set(sweep->groups, apr_pmemdup(sweep->pool, sweep->matched, bytes), (apr_ssize_t)bytes,
                 one);
    for (size_t i = 0; i < count; i++)
        APR_ARRAY_PUSH(sweep->matched[i]->groups, group *) = one;
    return one;
}

static void note_key(career_sweep *sweep, career_slice key)
{
    size_t count = match(sweep, key);
    group *one;

    if (count == 0)
        return;
    one = find_group(sweep, count);
    if (!one->found) {
        one->found = apr_array_make(sweep->step_pool, 8, sizeof(career_slice));
        one->next_found = sweep->found;
        sweep->found = one;
    }
    APR_ARRAY_PUSH(one->found, career_slice) =
        (career_slice){apr_pmemdup(sweep->step_pool, key.data, key.len), key.len};
}

static void queue_unlinks(career_sweep *sweep, career_fleet *fleet)
{
    for (const group *one = sweep->found; one; one = one->next_found)
        career_fleet_queue_unlink(fleet, (const career_slice *)one->found->elts,
                                  (size_t)one->found->nelts);
}

/* To the first master from there on. */
static void go_to(career_sweep *sweep, const career_fleet *fleet, size_t from)
{
    sweep->master = career_fleet_master(fleet, from);
    sweep->scanned = sweep->master == SIZE_MAX;
    memcpy(sweep->cursor, "0", 2);
}

static void queue_scan(career_sweep *sweep, career_fleet *fleet)
{
    char count[16];
    career_slice words[6] = {CAREER_SLICE("SCAN"),  career_slice_of(sweep->cursor),
                             CAREER_SLICE("COUNT"), {count, 0},
                             CAREER_SLICE("MATCH"), sweep->filter};

    words[3].len = (size_t)snprintf(count, sizeof(count), "%d", sweep->count);
    if (!sweep->scanned)
        career_fleet_queue_to(fleet, sweep->master, sweep->filter.data ? 6 : 4, words);
}

static career_step refuse(career_fleet *fleet, const career_reply *reply)
{
    return career_fleet_blame(fleet, reply) ? CAREER_STEP_LOST : CAREER_STEP_REFUSED;
}

/* In the order of queue_unlinks. *at: the next reply. */
static career_step count_unlinks(career_sweep *sweep, career_fleet *fleet, size_t *at)
{
    for (group *one = sweep->found; one; one = one->next_found) {
        career_reply reply = career_fleet_reply(fleet, (*at)++);

        if (reply.kind != CAREER_REPLY_INTEGER)
            return refuse(fleet, &reply);
        one->removed += (uint64_t)reply.integer;
        sweep->removed += (uint64_t)reply.integer;
        one->found = NULL;
    }
    sweep->found = NULL;
    apr_pool_clear(sweep->step_pool);
    return CAREER_STEP_MORE;
}

static career_step take_scan(career_sweep *sweep, career_fleet *fleet, size_t at)
{
    career_reply reply = career_fleet_reply(fleet, at), cursor, keys;

    if (reply.kind != CAREER_REPLY_ARRAY || reply.count != 2)
        return refuse(fleet, &reply);
    cursor = career_redis_item(&reply, 0);
    keys = career_redis_item(&reply, 1);
    if (cursor.kind != CAREER_REPLY_TEXT || cursor.text.len >= sizeof(sweep->cursor) ||
        keys.kind != CAREER_REPLY_ARRAY)
        return refuse(fleet, &reply);
    memcpy(sweep->cursor, cursor.text.data, cursor.text.len + 1);
    if (strcmp(sweep->cursor, "0") == 0)
        go_to(sweep, fleet, sweep->master + 1);
    for (size_t i = 0; i < keys.count; i++)
        note_key(sweep, career_redis_item(&keys, i).text);
    return CAREER_STEP_MORE;
}

/* The server's own time cannot be seen from here, but what exceeds the fastest step can. */
static void set_pace(career_sweep *sweep, career_moment took)
{
    if (took < sweep->fastest)
        sweep->fastest = took;
    took -= sweep->fastest;
    if (took > SLOW) /* as many as would have taken that long; on a slow machine, too */
        sweep->count = (int)(sweep->count * SLOW / took);
    else
        sweep->count *= 2;
    if (sweep->count < COUNT_MIN)
        sweep->count = COUNT_MIN;
    if (sweep->count > COUNT_MAX)
        sweep->count = COUNT_MAX;
}

/* Begins a walk; its patterns do not change any more. */
static career_step begin_walk(career_sweep *sweep, career_fleet *fleet, career_moment deadline)
{
    if (!sweep->begun)
        begin(sweep);
    if (sweep->patterns->nelts == 0)
        return CAREER_STEP_DONE;
    if (sweep->walks == 0 && !career_fleet_survey(fleet, &sweep->before, deadline))
        return CAREER_STEP_LOST;
    go_to(sweep, fleet, 0);
    return CAREER_STEP_MORE;
}

/* While a key passes from one master to another, it may be met on neither. Where nothing moved, one
 * walk has met every key. Else it takes a second one in a row, during which no slot begins or ends
 * to move: a key moves once at most then, and was met before it or after. */
static career_step end_walk(career_sweep *sweep, career_fleet *fleet, career_moment deadline)
{
    career_survey after;
    bool same;

    if (!career_fleet_survey(fleet, &after, deadline))
        return CAREER_STEP_LOST;
    same = after.state == sweep->before.state;
    if (same && (sweep->steady || !after.moving))
        return CAREER_STEP_DONE;
    sweep->steady = same;
    sweep->before = after;
    sweep->walking = false;
    return ++sweep->walks < WALKS_MAX ? CAREER_STEP_MORE : CAREER_STEP_UNSETTLED;
}

career_step career_sweep_step(career_sweep *sweep, career_fleet *fleet, career_moment deadline)
{
    career_step step = CAREER_STEP_MORE;
    career_moment start;
    size_t at = 0;

    if (!sweep->walking)
        step = begin_walk(sweep, fleet, deadline);
    if (step != CAREER_STEP_MORE)
        return step;
    sweep->walking = true;
    start = career_clock_now();
    queue_unlinks(sweep, fleet);
    queue_scan(sweep, fleet);
    if (!career_fleet_exchange(fleet, deadline))
        return CAREER_STEP_LOST;
    set_pace(sweep, career_clock_now() - start);
    step = count_unlinks(sweep, fleet, &at);
    if (step == CAREER_STEP_MORE && !sweep->scanned)
        step = take_scan(sweep, fleet, at);
    if (step == CAREER_STEP_MORE && sweep->scanned && !sweep->found)
        step = end_walk(sweep, fleet, deadline);
    return step;
}

uint64_t career_sweep_total(const career_sweep *sweep)
{
    return sweep->removed;
}

uint64_t career_sweep_removed(career_sweep *sweep, const career_slice *patterns, size_t count)
{
    uint64_t removed = 0;

    sweep->round++;
    for (size_t i = 0; i < count; i++) {
        const pattern *one =
            apr_hash_get(sweep->by_text, patterns[i].data, (apr_ssize_t)patterns[i].len);

        for (int g = 0; one && g < one->groups->nelts; g++) {
            group *member = APR_ARRAY_IDX(one->groups, g, group *);

            if (member->mark != sweep->round)
                removed += member->removed;
            member->mark = sweep->round;
        }
    }
    return removed;
}
