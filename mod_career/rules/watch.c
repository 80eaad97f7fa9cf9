/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "base/pool.h"

#define SETTLE (150 * CAREER_MILLISECOND)   /* how long files must have been left alone */
#define PATIENCE (500 * CAREER_MILLISECOND) /* with files that are never left alone */
#define FIRST_TRIES 10
#define FIRST_PAUSE 20000 /* µs */

static const char *const names[CAREER_BOARD_PARTS] = {"validation.lua", "caches.lua"};

/* What tells one state of a file from another. */
typedef struct stamp {
    struct timespec modified, changed;
    dev_t device;
    ino_t inode;
    off_t size;
    int error;
} stamp;

struct career_watch {
    const char *directory;
    int fd;
    career_rules_budget budget;
    career_board *board; /* or NULL */
    career_log *log;
    career_counters *counters; /* or NULL */
    career_shelf shelf;
    uint64_t generation; /* of what is on the shelf */
    uint64_t refused;    /* a generation of the board that cannot be used here */
    stamp seen[CAREER_BOARD_PARTS];
    career_moment settle;
    career_moment unsettled; /* since when files have been found that move; 0: they do not */
};

/* ---------------------------------------------------------------- files */

static void look(int directory, stamp stamps[CAREER_BOARD_PARTS])
{
    for (int i = 0; i < CAREER_BOARD_PARTS; i++) {
        struct stat info;

        memset(&stamps[i], 0, sizeof(stamps[i]));
        if (fstatat(directory, names[i], &info, 0) != 0) {
            stamps[i].error = errno;
            if (fstat(directory, &info) == 0)
                stamps[i].changed = info.st_ctim; /* when it vanished, at the latest */
            continue;
        }
        stamps[i].modified = info.st_mtim;
        stamps[i].changed = info.st_ctim;
        stamps[i].device = info.st_dev;
        stamps[i].inode = info.st_ino;
        stamps[i].size = info.st_size;
    }
}

static apr_time_t microseconds(struct timespec time)
{
    return (apr_time_t)time.tv_sec * APR_USEC_PER_SEC + time.tv_nsec / 1000;
}

static const char *judge(apr_pool_t *pool, int directory, const struct stat *file)
{
    struct stat folder;

    if (!S_ISREG(file->st_mode))
        return "is no regular file";
    if (file->st_size > CAREER_RULES_FILE_MAX)
        return apr_psprintf(pool, "is larger than %d bytes", CAREER_RULES_FILE_MAX);
    if (file->st_mode & S_IWOTH)
        return "may be written by everybody; chmod o-w it";
    if (fstat(directory, &folder) != 0 || (file->st_uid != 0 && file->st_uid != folder.st_uid))
        return "belongs neither to root nor to the owner of its directory";
    return NULL;
}

static const char *read_whole(apr_pool_t *pool, int fd, size_t size, career_slice *text)
{
    char *bytes = apr_palloc(pool, size + 1);
    size_t len = 0;

    while (len < size) {
        ssize_t got = read(fd, bytes + len, size - len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return "changed while it was read";
        len += (size_t)got;
    }
    bytes[len] = '\0';
    *text = (career_slice){bytes, len};
    return NULL;
}

/* httpd -t reads as root, and finds nothing wrong. */
static const char hint[] = " (the user of httpd's children must be able to read it)";

static const char *read_file(apr_pool_t *pool, int directory, const char *name, career_slice *text)
{
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat info;
    const char *fault;

    if (fd < 0)
        return apr_psprintf(pool, "cannot be opened: %s%s", strerror(errno),
                            errno == EACCES ? hint : "");
    if (fstat(fd, &info) != 0)
        fault = "cannot be read";
    else
        fault = judge(pool, directory, &info);
    if (!fault)
        fault = read_whole(pool, fd, (size_t)info.st_size, text);
    close(fd);
    return fault;
}

bool career_watch_read(apr_pool_t *pool, int directory, const char *name_for_messages,
                       career_slice parts[CAREER_BOARD_PARTS], const char **why)
{
    for (int i = 0; i < CAREER_BOARD_PARTS; i++) {
        const char *fault = read_file(pool, directory, names[i], &parts[i]);

        if (fault) {
            *why = apr_psprintf(pool, "%s/%s %s", name_for_messages, names[i], fault);
            return false;
        }
    }
    return true;
}

/* ---------------------------------------------------------------- snapshots */

static career_rules *compile(career_watch *watch, apr_pool_t *pool, const career_slice *parts,
                             uint64_t generation, const char **why)
{
    career_rules_source source = {watch->directory, parts[0], parts[1], generation};

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
                    "%s, generation %" APR_UINT64_T_FMT ", digest %.12s", watch->directory,
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
        memset(watch->seen, 0, sizeof(watch->seen));
        return;
    }
}

/* New contents: compiled, and if good, published and put in force. */
static const char *take_parts(career_watch *watch, apr_pool_t *pool, uint64_t over,
                              const career_slice *parts)
{
    const char *why = NULL;
    career_rules *rules = compile(watch, pool, parts, watch->board ? over + 1 : 0, &why);

    if (!rules)
        return why;
    if (watch->board)
        publish(watch, pool, over, parts, rules);
    else
        put_in_force(watch, rules);
    return NULL;
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_stamps(const stamp *a, const stamp *b)
{
    for (int i = 0; i < CAREER_BOARD_PARTS; i++)
        if (!same_time(a[i].modified, b[i].modified) || !same_time(a[i].changed, b[i].changed) ||
            a[i].device != b[i].device || a[i].inode != b[i].inode || a[i].size != b[i].size ||
            a[i].error != b[i].error)
            return false;
    return true;
}

/* Files of which one was changed this very moment may be half-written, or half of a pair: they are left alone
 * until they rest, but not for ever. */
static bool are_moving(career_watch *watch, const stamp *stamps)
{
    apr_time_t now = apr_time_now(), newest = 0;
    career_moment clock = career_clock_now();

    for (int i = 0; i < CAREER_BOARD_PARTS; i++) {
        apr_time_t changed = microseconds(stamps[i].changed);

        if (changed > newest && changed <= now) /* a clock that is ahead of ours says nothing */
            newest = changed;
    }
    if (now - newest >= watch->settle) {
        watch->unsettled = 0;
        return false;
    }
    if (!watch->unsettled)
        watch->unsettled = clock;
    return clock - watch->unsettled < PATIENCE;
}

/* Has a link been turned, or the directory been made anew? Then its name leads to another one now. */
static void follow(career_watch *watch)
{
    struct stat named, held;
    int fd;

    if (stat(watch->directory, &named) != 0 || fstat(watch->fd, &held) != 0 ||
        (named.st_dev == held.st_dev && named.st_ino == held.st_ino))
        return;
    fd = open(watch->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    close(watch->fd);
    watch->fd = fd;
}

/* Reads both files as one: what moves while they are read is looked at again next time. */
static const char *take_files(career_watch *watch, apr_pool_t *pool)
{
    career_slice parts[CAREER_BOARD_PARTS];
    stamp before[CAREER_BOARD_PARTS], after[CAREER_BOARD_PARTS];
    uint64_t over = watch->board ? career_board_generation(watch->board) : 0;
    const char *why;

    look(watch->fd, before);
    if (!career_watch_read(pool, watch->fd, watch->directory, parts, &why)) {
        memcpy(watch->seen, before, sizeof(before));
        return why;
    }
    look(watch->fd, after);
    if (!same_stamps(before, after))
        return NULL;
    memcpy(watch->seen, after, sizeof(after));
    return take_parts(watch, pool, over, parts);
}

void career_watch_tick(career_watch *watch)
{
    stamp now[CAREER_BOARD_PARTS];
    apr_pool_t *pool;
    const char *why = NULL;
    bool newer = watch->board && career_board_generation(watch->board) != watch->generation,
         changed;

    newer = newer && career_board_generation(watch->board) != watch->refused;
    follow(watch);
    look(watch->fd, now);
    changed = !same_stamps(now, watch->seen) && !are_moving(watch, now);
    if (!newer && !changed)
        return;
    pool = career_pool_create();
    if (!pool)
        return;
    if (newer)
        take_from_board(watch, pool);
    if (changed)
        why = take_files(watch, pool);
    if (why)
        complain(watch, pool, why);
    apr_pool_destroy(pool);
}

/* ---------------------------------------------------------------- life */

static apr_status_t close_watch(void *data)
{
    career_watch *watch = data;

    career_shelf_destroy(&watch->shelf);
    close(watch->fd);
    return APR_SUCCESS;
}

career_watch *career_watch_open(apr_pool_t *pool, const char *directory,
                                const career_rules_budget *budget, career_board *board,
                                career_log *log, const char **why)
{
    career_watch *watch = apr_pcalloc(pool, sizeof(*watch));
    bool kept;

    watch->directory = apr_pstrdup(pool, directory);
    watch->budget = *budget;
    watch->board = board;
    watch->log = log;
    watch->fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (watch->fd < 0) {
        *why = apr_psprintf(pool, "%s cannot be opened: %s", directory, strerror(errno));
        return NULL;
    }
    watch->settle = SETTLE;
    career_shelf_init(&watch->shelf);
    apr_pool_cleanup_register(pool, watch, close_watch, apr_pool_cleanup_null);
    *why = take_files(watch, pool);
    for (int i = 0; i < FIRST_TRIES && !*why && !watch->shelf.current; i++) { /* they move */
        apr_sleep(FIRST_PAUSE);
        *why = take_files(watch, pool);
    }
    kept = board && !watch->shelf.current && take_from_board(watch, pool);
    if (!watch->shelf.current && !*why)
        *why = apr_psprintf(pool, "%s: the files changed while they were read", directory);
    return watch->shelf.current || kept ? watch : NULL;
}

void career_watch_count(career_watch *watch, career_counters *counters)
{
    watch->counters = counters;
}

void career_watch_settle(career_watch *watch, career_moment settle)
{
    watch->settle = settle;
}

career_rules *career_watch_acquire(career_watch *watch)
{
    return (career_rules *)career_shelf_acquire(&watch->shelf);
}
