/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/watch.h"

#include <apr_strings.h>

#include "base/pool.h"
#include "rules/folder.h"

#define FIRST_TRIES 10
#define FIRST_PAUSE 20000 /* µs */

struct career_watch {
    career_folder folder;
    career_rules_budget budget;
    career_board *board; /* or NULL */
    career_log *log;
    career_counters *counters; /* or NULL */
    career_shelf shelf;
    uint64_t generation; /* of what is on the shelf */
    uint64_t refused;    /* a generation of the board that cannot be used here */
};

/* ---------------------------------------------------------------- snapshots */

static career_rules *compile(career_watch *watch, apr_pool_t *pool, const career_slice *parts,
                             uint64_t generation, const char **why)
{
    career_rules_source source = {watch->folder.name, parts[0], parts[1], generation};

    return career_rules_compile(&source, &watch->budget, pool, why);
}

static void put_in_force(career_watch *watch, career_rules *rules)
{
    watch->generation = career_rules_generation(rules);
    career_shelf_publish(&watch->shelf, (career_snapshot *)rules);
}

/* Is this the first process to say so, since something else was said? */
static bool is_news(career_watch *watch, apr_pool_t *pool, const char *what)
{
    career_slice text = career_slice_of(what);

    return !watch->board || career_board_complain(watch->board, career_text_digest(pool, &text, 1));
}

static void complain(career_watch *watch, apr_pool_t *pool, const char *why)
{
    if (!is_news(watch, pool, why))
        return;
    career_log_tell(watch->log, CAREER_LOG_RULES_REJECTED, "%s", why); /* one line an edit */
    career_count(watch->counters, RULES_RELOADS, RESULT, BAD);
    career_counters_remark(watch->counters, CAREER_REMARK_RULES,
                           why); /* first: who sees it asks why */
    career_set(watch->counters, RULES_GOOD, 0);
}

/* What the board shows was good for whoever published it; here the budget may be smaller, or memory short. */
static bool take_from_board(career_watch *watch, apr_pool_t *pool)
{
    career_board_text text = career_board_read(watch->board, pool);
    const char *why = NULL;
    career_rules *rules;

    if (!text.generation || text.generation == watch->refused)
        return false;
    rules = compile(watch, pool, text.parts, text.generation, &why);
    if (rules) {
        put_in_force(watch, rules);
        return true;
    }
    watch->refused = text.generation;
    complain(watch, pool, why);
    return false;
}

/* The board's, whatever other processes set in the meantime. */
static void show_generation(career_watch *watch)
{
    uint64_t shown;

    do {
        shown = career_board_generation(watch->board);
        career_set(watch->counters, RULES_GENERATION, (int64_t)shown);
    } while (career_board_generation(watch->board) != shown);
}

/* What is in force here is in force everywhere. For the one process that published it, or that found a bad edit
 * taken back, so that the board has nothing newer. */
static void announce(career_watch *watch)
{
    career_rules *rules = career_watch_acquire(watch);

    career_log_tell(watch->log, CAREER_LOG_RULES_LOADED,
                    "%s, generation %" APR_UINT64_T_FMT ", digest %.12s", watch->folder.name,
                    career_rules_generation(rules), career_rules_digest(rules));
    career_rules_release(rules);
    career_count(watch->counters, RULES_RELOADS, RESULT, GOOD);
    show_generation(watch);
    career_set(watch->counters, RULES_RELOADED, apr_time_now());
    career_set(watch->counters, RULES_GOOD, 1);
    career_counters_remark(watch->counters, CAREER_REMARK_RULES, "");
}

static bool is_abreast(career_watch *watch)
{
    return career_board_generation(watch->board) == watch->generation;
}

/* Good rules, read while the board showed generation `over`, for all processes. */
static void publish(career_watch *watch, apr_pool_t *pool, uint64_t over, const career_slice *parts,
                    career_rules *rules)
{
    switch (career_board_publish_over(watch->board, over, career_rules_digest(rules), parts)) {
    case CAREER_BOARD_WRITTEN:
        put_in_force(watch, rules);
        announce(watch);
        return;
    case CAREER_BOARD_THE_SAME:
        career_rules_release(rules);
        if ((is_abreast(watch) || take_from_board(watch, pool)) &&
            career_board_withdraw(watch->board))
            announce(watch);
        return;
    case CAREER_BOARD_OVERTAKEN: /* by what somebody read since: the files are looked at again */
        career_rules_release(rules);
        take_from_board(watch, pool);
        career_folder_forget(&watch->folder);
        return;
    }
}

/* New contents: compiled, and if good, published and put in force. false and *why when they are not. */
static bool take_parts(career_watch *watch, apr_pool_t *pool, uint64_t over,
                       const career_slice *parts, const char **why)
{
    career_rules *rules = compile(watch, pool, parts, watch->board ? over + 1 : 0, why);

    if (!rules)
        return false;
    if (watch->board)
        publish(watch, pool, over, parts, rules);
    else
        put_in_force(watch, rules);
    return true;
}

/* Reads the files and takes them. *why unless they are good. */
static career_folder_outcome take_files(career_watch *watch, apr_pool_t *pool, const char **why)
{
    career_slice parts[CAREER_BOARD_PARTS];
    uint64_t over = watch->board ? career_board_generation(watch->board) : 0;
    career_folder_outcome outcome = career_folder_read(&watch->folder, pool, parts, why);

    if (outcome == CAREER_FOLDER_READ && !take_parts(watch, pool, over, parts, why))
        return CAREER_FOLDER_BAD;
    return outcome;
}

void career_watch_tick(career_watch *watch)
{
    uint64_t shown = watch->board ? career_board_generation(watch->board) : watch->generation;
    bool newer = shown != watch->generation && shown != watch->refused;
    bool changed = career_folder_has_changed(&watch->folder);
    const char *why;
    apr_pool_t *pool;

    if (!newer && !changed)
        return;
    pool = career_pool_create();
    if (!pool)
        return;
    if (newer)
        take_from_board(watch, pool);
    if (changed && take_files(watch, pool, &why) == CAREER_FOLDER_BAD)
        complain(watch, pool, why);
    apr_pool_destroy(pool);
}

/* ---------------------------------------------------------------- life */

static apr_status_t close_watch(void *data)
{
    career_watch *watch = data;

    career_shelf_destroy(&watch->shelf);
    career_folder_close(&watch->folder);
    return APR_SUCCESS;
}

/* Somebody may be writing: it is tried again for a moment. *why is NULL when the files are good. */
static void take_first(career_watch *watch, apr_pool_t *pool, const char **why)
{
    career_folder_outcome outcome = take_files(watch, pool, why);

    for (int i = 0; i < FIRST_TRIES && outcome == CAREER_FOLDER_LATER; i++) {
        apr_sleep(FIRST_PAUSE);
        outcome = take_files(watch, pool, why);
    }
    if (outcome == CAREER_FOLDER_READ)
        *why = NULL;
}

career_watch *career_watch_open(apr_pool_t *pool, const char *directory,
                                const career_rules_budget *budget, career_board *board,
                                career_log *log, const char **why)
{
    career_watch *watch = apr_pcalloc(pool, sizeof(*watch));

    watch->budget = *budget;
    watch->board = board;
    watch->log = log;
    if (!career_folder_open(&watch->folder, apr_pstrdup(pool, directory), pool, why))
        return NULL;
    career_shelf_init(&watch->shelf);
    apr_pool_cleanup_register(pool, watch, close_watch, apr_pool_cleanup_null);
    take_first(watch, pool, why);
    if (board && *why)
        is_news(watch, pool, *why); /* which the caller tells; so that its end is told, too */
    if (watch->shelf.current || (board && take_from_board(watch, pool)))
        return watch;
    if (!*why)
        *why = apr_psprintf(pool, "%s: what other processes have in force cannot be used here",
                            directory);
    return NULL;
}

void career_watch_count(career_watch *watch, career_counters *counters)
{
    watch->counters = counters;
}

void career_watch_settle(career_watch *watch, career_moment settle)
{
    watch->folder.settle = settle;
}

career_rules *career_watch_acquire(career_watch *watch)
{
    return (career_rules *)career_shelf_acquire(&watch->shelf);
}
