/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of the rules, watched: whatever is done to its files, the last good ones stay in force, a good
 * edit comes through, and one process says so, once. */
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <apr_strings.h>

#include "rules/watch.h"

/* Sanitizers and valgrind keep what was freed. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define SANITIZED (getenv("LD_PRELOAD") && strstr(getenv("LD_PRELOAD"), "vgpreload"))
#endif

#define CACHES "return { \"recommendations:{user_id}:*\" }\n"
#define REQUIRED "required = { \"currentRole\", \"seniority\", \"industry\" } }\n"
#define FIELDS                                                                                     \
    "return { fields = { currentRole = field.text {}, seniority = field.text {}, "                 \
    "industry = field.text {}, "

#define GENERATIONS_MAX 2048

/* What was said, by all processes. */
typedef struct said {
    atomic_int loaded, rejected;
    atomic_int times[GENERATIONS_MAX]; /* that a generation was announced */
    char digests[GENERATIONS_MAX][16]; /* and as what */
    char last[1024];
} said;

static char directory[64], *validation, *caches;
static career_log logger;
static said *heard;
static const career_rules_budget budget = {50 * CAREER_MILLISECOND, 8 * 1024 * 1024};

static void hear_generation(const char *line)
{
    const char *generation = strstr(line, "generation "), *digest = strstr(line, "digest ");
    long number = generation ? atol(generation + strlen("generation ")) : -1;

    if (number < 0 || number >= GENERATIONS_MAX || !digest)
        return;
    atomic_fetch_add(&heard->times[number], 1);
    apr_cpystrn(heard->digests[number], digest + strlen("digest "), 13);
}

static void hear(void *unused, career_log_level level, const char *line)
{
    (void)unused;
    (void)level;
    if (strstr(line, "CAREER0201")) {
        atomic_fetch_add(&heard->loaded, 1);
        hear_generation(line);
    }
    if (strstr(line, "CAREER0202"))
        atomic_fetch_add(&heard->rejected, 1);
    apr_cpystrn(heard->last, line, sizeof(heard->last));
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/* As editors do that write beside and rename. */
static void put_by_rename(const char *path, const char *text)
{
    const char *beside = apr_pstrcat(pool, path, "~", NULL);

    put(beside, text);
    assert_int_equal(rename(beside, path), 0);
}

/* The rules with one field more; its name tells them apart. */
static const char *rules_with(const char *field)
{
    return apr_pstrcat(pool, FIELDS, field, " = field.text {} },\n", REQUIRED, NULL);
}

static int set_up(void **state)
{
    if (pool_begin(state) != 0)
        return -1;
    strcpy(directory, "/tmp/test_watch-XXXXXX");
    assert_non_null(mkdtemp(directory));
    validation = apr_pstrcat(pool, directory, "/validation.lua", NULL);
    caches = apr_pstrcat(pool, directory, "/caches.lua", NULL);
    put(validation, rules_with("first"));
    put(caches, CACHES);
    memset(&logger, 0, sizeof(logger));
    logger.sink = hear;
    memset(heard, 0, sizeof(*heard));
    return 0;
}

static int tear_down(void **state)
{
    int left =
        system(apr_psprintf(pool, "rm -rf %s %s.moved %s.link", directory, directory, directory));

    (void)state;
    apr_pool_destroy(pool);
    return left ? -1 : 0;
}

static career_board *a_board(void)
{
    career_board *board = career_board_open(pool, directory, 2 * CAREER_RULES_FILE_MAX);

    assert_non_null(board);
    return board;
}

static career_watch *watch_of(career_board *board)
{
    const char *why = "not asked";
    career_watch *watch = career_watch_open(pool, directory, &budget, board, &logger, &why);

    assert_non_null(watch);
    assert_null(why);
    career_watch_settle(watch, 0);
    return watch;
}

static bool has(career_watch *watch, const char *field)
{
    career_rules *rules = career_watch_acquire(watch);
    bool found = career_layout_find(career_rules_layout(rules), career_slice_of(field)) >= 0;

    career_rules_release(rules);
    return found;
}

static uint64_t generation(career_watch *watch)
{
    career_rules *rules = career_watch_acquire(watch);
    uint64_t number = career_rules_generation(rules);

    career_rules_release(rules);
    return number;
}

/* Looks, with nothing held back in the log. */
static void tick(career_watch *watch)
{
    for (int i = 0; i < CAREER_LOG_TAG_COUNT; i++)
        atomic_store(&logger.tags[i].last, 0);
    career_watch_tick(watch);
}

/* ---- the first time */

static void test_open(void **state)
{
    career_watch *watch = watch_of(a_board());

    (void)state;
    assert_true(has(watch, "first"));
    assert_int_equal(generation(watch), 1);
    assert_int_equal(heard->loaded, 1);
    assert_non_null(strstr(heard->last, directory));
    assert_non_null(strstr(heard->last, "generation 1"));
    tick(watch);
    assert_int_equal(heard->loaded, 1);
    assert_int_equal(generation(watch), 1);
}

static void test_open_without_board(void **state)
{
    career_watch *watch = watch_of(NULL);

    (void)state;
    assert_true(has(watch, "first"));
    assert_int_equal(generation(watch), 0);
}

static void assert_refused(career_board *board, const char *part)
{
    const char *why = NULL;

    assert_null(career_watch_open(pool, directory, &budget, board, &logger, &why));
    assert_non_null(why);
    if (!strstr(why, part))
        fail_msg("\"%s\" does not say %s", why, part);
}

static void test_open_bad(void **state)
{
    (void)state;
    put(validation, "return {\n  fields = }\n");
    assert_refused(a_board(), "validation.lua:2");
    assert_refused(NULL, "validation.lua:2");
    put(validation, rules_with("first"));
    assert_int_equal(unlink(caches), 0);
    assert_refused(a_board(), "caches.lua");
    strcat(directory, "-not-there");
    assert_refused(NULL, "cannot be opened");
    directory[strlen(directory) - strlen("-not-there")] = '\0';
}

/* A restart while the files are bad: what the board shows goes on. */
static void test_open_again(void **state)
{
    career_board *board = a_board();
    const char *why = NULL;
    career_watch *watch;

    (void)state;
    watch_of(board);
    put(validation, "return {");
    watch = career_watch_open(pool, directory, &budget, board, &logger, &why);
    assert_non_null(watch);
    assert_non_null(why);
    assert_true(has(watch, "first"));
    assert_int_equal(generation(watch), 1);
}

/* The file is mended while nobody looks, and a restart is the first to see it: the complaint is withdrawn. */
static void test_open_when_mended(void **state)
{
    career_board *board = a_board();
    career_watch *watch = watch_of(board);

    (void)state;
    put(validation, "return {");
    tick(watch);
    assert_int_equal(heard->rejected, 1);
    put(validation, rules_with("first"));
    watch = watch_of(board);
    assert_int_equal(heard->loaded, 2);
    assert_int_equal(generation(watch), 1);
    assert_false(career_board_withdraw(board));
}

/* ---- good edits */

static void test_edit_in_place(void **state)
{
    career_watch *watch = watch_of(a_board());

    (void)state;
    put(validation, rules_with("second"));
    tick(watch);
    assert_true(has(watch, "second"));
    assert_false(has(watch, "first"));
    assert_int_equal(generation(watch), 2);
    assert_int_equal(heard->loaded, 2);
    assert_int_equal(heard->rejected, 0);
}

static void test_edit_by_rename(void **state)
{
    career_watch *watch = watch_of(a_board());

    (void)state;
    put_by_rename(validation, rules_with("second"));
    tick(watch);
    assert_true(has(watch, "second"));
}

/* Same size, same time: the inode and the time of the change tell. */
static void test_edit_of_same_size(void **state)
{
    career_watch *watch = watch_of(a_board());
    struct stat info;
    struct timespec times[2];

    (void)state;
    assert_int_equal(stat(validation, &info), 0);
    put(validation, rules_with("fjrst"));
    times[0] = info.st_atim;
    times[1] = info.st_mtim;
    assert_int_equal(utimensat(AT_FDCWD, validation, times, 0), 0);
    tick(watch);
    assert_true(has(watch, "fjrst"));
}

static void test_symlinked_file(void **state)
{
    career_watch *watch = watch_of(a_board());
    const char *one = apr_pstrcat(pool, directory, "/one", NULL),
               *two = apr_pstrcat(pool, directory, "/two", NULL),
               *link = apr_pstrcat(pool, directory, "/link", NULL);

    (void)state;
    put(one, rules_with("one"));
    put(two, rules_with("two"));
    assert_int_equal(symlink(one, link), 0);
    assert_int_equal(rename(link, validation), 0);
    tick(watch);
    assert_true(has(watch, "one"));
    assert_int_equal(symlink("two", link), 0);
    assert_int_equal(rename(link, validation), 0);
    tick(watch);
    assert_true(has(watch, "two"));
}

/* The directory itself is a link that is turned, or it is made anew. */
static void test_symlinked_directory(void **state)
{
    char *moved = apr_pstrcat(pool, directory, ".moved", NULL),
         *link = apr_pstrcat(pool, directory, ".link", NULL);
    career_watch *watch = watch_of(a_board());

    (void)state;
    assert_int_equal(mkdir(moved, 0755), 0);
    put(apr_pstrcat(pool, moved, "/validation.lua", NULL), rules_with("moved"));
    put(apr_pstrcat(pool, moved, "/caches.lua", NULL), CACHES);
    assert_int_equal(rename(directory, link), 0);
    tick(watch);
    assert_true(has(watch, "first"));
    assert_int_equal(symlink(moved, directory), 0);
    tick(watch);
    assert_true(has(watch, "moved"));
    assert_int_equal(unlink(directory), 0);
    assert_int_equal(rename(link, directory), 0);
    tick(watch);
    assert_true(has(watch, "first"));
}

/* ---- files of which somebody is in the middle */

/* Longer than a slow machine stands still between two lines of a test; the patience with such files ends sooner. */
#define A_WHILE (1500 * CAREER_MILLISECOND)

static bool comes(career_watch *watch, const char *name)
{
    apr_time_t end = apr_time_now() + 60 * APR_USEC_PER_SEC;

    while (!has(watch, name) && apr_time_now() < end) {
        apr_sleep(50000);
        tick(watch);
    }
    return has(watch, name);
}

static void test_moving_files_are_left_alone(void **state)
{
    career_watch *watch = watch_of(a_board());

    (void)state;
    career_watch_settle(watch, A_WHILE);
    put(validation, "return { fields = {"); /* half-written */
    tick(watch);
    assert_int_equal(heard->rejected, 0);
    put(validation, rules_with("second"));
    assert_true(comes(watch, "second"));
    assert_int_equal(heard->rejected, 0);
}

static void test_two_files_are_taken_together(void **state)
{
    career_watch *watch = watch_of(a_board());

    (void)state;
    career_watch_settle(watch, A_WHILE);
    put(caches, "return { \"by:{second}\" }\n"); /* which only the other file's new text knows */
    tick(watch);
    put(validation, rules_with("second"));
    tick(watch);
    assert_true(comes(watch, "second"));
    assert_int_equal(generation(watch), 2);
    assert_int_equal(heard->rejected, 0);
}

static void test_patience_ends(void **state)
{
    career_watch *watch = watch_of(a_board());

    (void)state;
    career_watch_settle(watch, 3600 * CAREER_SECOND);
    put(validation, rules_with("second"));
    assert_true(comes(watch, "second"));
}

/* That it has ended once is no reason to read what somebody is in the middle of another time. */
static void test_patience_begins_anew(void **state)
{
    career_watch *watch = watch_of(a_board());

    (void)state;
    career_watch_settle(watch, 3600 * CAREER_SECOND);
    put(validation, rules_with("second"));
    assert_true(comes(watch, "second"));
    put(validation, "return { fields = {");
    tick(watch);
    assert_int_equal(heard->rejected, 0);
    put(validation, rules_with("third"));
    assert_true(comes(watch, "third"));
}

/* ---- bad edits */

/* After whatever was done to the files: the old rules, one complaint with these words, and no second one. */
static void assert_rejected(career_watch *watch, const char *words)
{
    int before = heard->rejected;

    for (int i = 0; i < 3; i++)
        tick(watch);
    assert_true(has(watch, "first"));
    assert_int_equal(heard->rejected, before + 1);
    if (!strstr(heard->last, words))
        fail_msg("\"%s\" does not say %s", heard->last, words);
}

static void test_l26_bad_texts(void **state)
{
    career_watch *watch = watch_of(a_board());

    (void)state;
    put(validation, "return {\n  fields = }\n");
    assert_rejected(watch, "validation.lua:2");
    put(validation, "");
    assert_rejected(watch, "validation.lua");
    put(validation, "return { fields = {");
    assert_rejected(watch, "validation.lua:1");
    put(validation, rules_with("first"));
    put(caches, "return {\n 5 }\n");
    assert_rejected(watch, "caches.lua");
    put(caches, CACHES);
    tick(watch);
    assert_int_equal(heard->loaded, 2); /* good again */
    assert_int_equal(generation(watch), 1);
    put(caches, "return {\n 5 }\n"); /* what was taken back and comes again is news */
    assert_rejected(watch, "caches.lua");
}

/* Whoever mends one fault and makes another need not wait to hear of it. */
static void test_two_faults_at_once(void **state)
{
    career_watch *watch = watch_of(a_board());

    (void)state;
    put(validation, "return {\n  fields = }\n");
    career_watch_tick(watch);
    put(validation, "return {\n  fields = { }\n");
    career_watch_tick(watch);
    assert_int_equal(heard->rejected, 2);
    put(validation, rules_with("first"));
    career_watch_tick(watch);
    assert_int_equal(heard->loaded, 2);
}

static void test_l26_vanished(void **state)
{
    career_watch *watch = watch_of(a_board());

    (void)state;
    assert_int_equal(unlink(validation), 0);
    assert_rejected(watch, "validation.lua cannot be opened");
    put(validation, rules_with("second"));
    tick(watch);
    assert_true(has(watch, "second"));
}

static void test_l26_odd_files(void **state)
{
    career_watch *watch = watch_of(a_board());

    (void)state;
    assert_int_equal(unlink(validation), 0);
    assert_int_equal(mkdir(validation, 0755), 0);
    assert_rejected(watch, "validation.lua is no regular file");
    assert_int_equal(rmdir(validation), 0);
    assert_int_equal(mkfifo(validation, 0644), 0);
    tick(watch); /* the same complaint again, and it does not wait for a writer */
    assert_true(has(watch, "first"));
    assert_int_equal(unlink(validation), 0);
    assert_int_equal(symlink("/dev/zero", validation), 0);
    tick(watch);
    assert_true(has(watch, "first"));
    assert_int_equal(unlink(validation), 0);
    assert_int_equal(symlink("validation.lua", validation), 0);
    assert_rejected(watch, "validation.lua cannot be opened");
}

static void test_l26_writable_by_everybody(void **state)
{
    career_watch *watch = watch_of(a_board());

    (void)state;
    put(validation, rules_with("second"));
    assert_int_equal(chmod(validation, 0666), 0);
    assert_rejected(watch, "chmod o-w");
    assert_int_equal(chmod(validation, 0644), 0);
    tick(watch);
    assert_true(has(watch, "second"));
}

static void test_l26_foreign_owner(void **state)
{
    career_watch *watch;

    (void)state;
    if (geteuid() != 0)
        UNIT_SKIP("only root can give files away");
    watch = watch_of(a_board());
    put(validation, rules_with("second"));
    assert_int_equal(chown(validation, 12345, (gid_t)-1), 0);
    assert_rejected(watch, "belongs neither to root nor to the owner");
    assert_int_equal(chown(directory, 12345, (gid_t)-1), 0);
    tick(watch);
    assert_true(has(watch, "second"));
}

static void test_l19_too_large(void **state)
{
    career_watch *watch = watch_of(a_board());
    char *text = apr_palloc(pool, CAREER_RULES_FILE_MAX + 2);
    const char *rules = rules_with("second");

    (void)state;
    memset(text, '\n', CAREER_RULES_FILE_MAX + 1);
    text[CAREER_RULES_FILE_MAX + 1] = '\0';
    memcpy(text, rules, strlen(rules));
    put(validation, text);
    assert_rejected(watch, "is larger than 262144 bytes");
    text[CAREER_RULES_FILE_MAX] = '\0';
    put(validation, text);
    tick(watch);
    assert_true(has(watch, "second"));
}

/* Another directory is put in place, and nobody can get into it. */
static void test_no_way_into_the_directory(void **state)
{
    const char *moved = apr_pstrcat(pool, directory, ".moved", NULL);
    career_watch *watch = watch_of(a_board());

    (void)state;
    assert_int_equal(rename(directory, moved), 0);
    assert_int_equal(symlink(moved, directory), 0);
    tick(watch);
    assert_int_equal(heard->rejected, 0);
    assert_int_equal(unlink(directory), 0);
    put(directory, "no directory");
    assert_rejected(watch,
                    apr_pstrcat(pool, directory, " cannot be opened: Not a directory", NULL));
    assert_int_equal(unlink(directory), 0);
    assert_int_equal(rename(moved, directory), 0);
    tick(watch);
    assert_int_equal(heard->loaded, 2); /* the same as before, and good */
    assert_int_equal(generation(watch), 1);
    put(validation, rules_with("second"));
    tick(watch);
    assert_true(has(watch, "second"));
}

/* A process that is short of something itself tries again, and blames no file. */
static void test_without_descriptors(void **state)
{
    career_watch *watch = watch_of(a_board());
    struct rlimit given, none;

    (void)state;
    put(validation, rules_with("second"));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &given), 0);
    none = (struct rlimit){0, given.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    tick(watch);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &given), 0);
    assert_int_equal(heard->rejected, 0);
    assert_true(has(watch, "first"));
    tick(watch);
    assert_true(has(watch, "second"));
}

/* A bad edit that a restart meets first, and that is taken back: its end is told. */
static void test_taken_back_after_a_restart(void **state)
{
    career_board *board = a_board();
    const char *why = NULL;
    career_watch *watch;

    (void)state;
    watch_of(board);
    put(validation, "return {");
    watch = career_watch_open(pool, directory, &budget, board, &logger, &why);
    assert_non_null(why);
    career_watch_settle(watch, 0);
    tick(watch);
    assert_int_equal(heard->rejected, 0); /* whoever restarts it says so */
    put(validation, rules_with("first"));
    tick(watch);
    assert_int_equal(heard->loaded, 2);
    assert_int_equal(generation(watch), 1);
}

/* ---- several processes */

static void in_children(int count, void (*body)(career_watch *watch), career_watch *watch)
{
    pid_t children[8];

    for (int i = 0; i < count; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            body(watch);
            _exit(0);
        }
    }
    for (int i = 0; i < count; i++) {
        int status = 0;

        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

static void sees_second(career_watch *watch)
{
    for (int i = 0; i < 3; i++)
        tick(watch);
    if (!has(watch, "second") || generation(watch) != 2)
        _exit(1);
}

static void sees_first(career_watch *watch)
{
    for (int i = 0; i < 3; i++)
        tick(watch);
    if (!has(watch, "first") || generation(watch) != 1)
        _exit(1);
}

static void test_processes_agree(void **state)
{
    career_watch *watch = watch_of(a_board());

    (void)state;
    put(validation, rules_with("second"));
    in_children(6, sees_second, watch);
    assert_int_equal(heard->loaded, 2); /* at the start, and by one of the six */
    tick(watch);
    assert_true(has(watch, "second"));
}

static void test_processes_complain_once(void **state)
{
    career_watch *watch = watch_of(a_board());

    (void)state;
    put(validation, "return {");
    in_children(6, sees_first, watch);
    assert_int_equal(heard->rejected, 1);
    in_children(2, sees_first, watch); /* forked while the file is bad */
    assert_int_equal(heard->rejected, 1);
}

/* One process publishes; another whose files it cannot read follows the board. */
static void publishes_second(career_watch *watch)
{
    put(validation, rules_with("second"));
    tick(watch);
    if (!has(watch, "second"))
        _exit(1);
    put(validation, "return {");
}

static void test_board_is_followed(void **state)
{
    career_watch *watch = watch_of(a_board());

    (void)state;
    in_children(1, publishes_second, watch);
    tick(watch);
    assert_true(has(watch, "second"));
    assert_int_equal(generation(watch), 2);
}

/* ---- several that race for one board */

#define RACERS 3
#define EDITS 150

typedef struct racer {
    career_watch *watch;
    uint64_t last;                       /* generation it had */
    char (*digests)[CAREER_DIGEST_SIZE]; /* by generation, as it had them */
    const char *fault;
} racer;

static atomic_bool race_is_over;

static void note_generation(racer *self)
{
    career_rules *rules = career_watch_acquire(self->watch);
    uint64_t number = career_rules_generation(rules);

    if (number < self->last || number >= GENERATIONS_MAX)
        self->fault = "a generation came back";
    else
        apr_cpystrn(self->digests[number], career_rules_digest(rules), CAREER_DIGEST_SIZE);
    self->last = number;
    career_rules_release(rules);
}

static void *race(void *context)
{
    racer *self = context;

    while (!atomic_load(&race_is_over) && !self->fault) {
        career_watch_tick(self->watch);
        note_generation(self);
    }
    career_watch_tick(self->watch); /* after the last edit */
    career_watch_tick(self->watch); /* when another was faster with an older one */
    note_generation(self);
    return NULL;
}

static void assert_heard_of(uint64_t number, const racer *racers)
{
    if (heard->times[number] != 1)
        fail_msg("generation %d was announced %d times", (int)number, heard->times[number]);
    for (int i = 0; i < RACERS; i++)
        if (*racers[i].digests[number])
            assert_memory_equal(racers[i].digests[number], heard->digests[number], 12);
}

/* Three folders' worth of watchers see every edit at the same moment. Each generation is announced once, with
 * the digest of its own text, and nobody falls back to what was read before. */
static void test_race(void **state)
{
    static char digests[RACERS][GENERATIONS_MAX][CAREER_DIGEST_SIZE];
    racer racers[RACERS];
    pthread_t threads[RACERS];
    career_board *board = a_board();
    uint64_t last;

    (void)state;
    memset(digests, 0, sizeof(digests));
    atomic_store(&race_is_over, false);
    for (int i = 0; i < RACERS; i++)
        racers[i] = (racer){.watch = watch_of(board), .digests = digests[i]};
    for (int i = 0; i < RACERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    for (int i = 0; i < EDITS; i++) {
        put_by_rename(validation, rules_with(i % 2 ? "odd" : "even"));
        apr_sleep(i % 5 * 1000);
    }
    atomic_store(&race_is_over, true);
    for (int i = 0; i < RACERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    last = career_board_generation(board);
    for (int i = 0; i < RACERS; i++) {
        assert_null(racers[i].fault);
        assert_true(has(racers[i].watch, "odd"));
    }
    for (uint64_t number = 1; number <= last; number++)
        assert_heard_of(number, racers);
    assert_int_equal(heard->loaded, last);
    assert_int_equal(heard->rejected, 0);
}

/* ---- in the long run */

static long resident_kib(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (!file || fscanf(file, "%*s %ld", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void reload(career_watch *watch, int times)
{
    for (int i = 0; i < times; i++) {
        apr_pool_t *scratch, *whole = pool;

        apr_pool_create(&scratch, NULL);
        pool = scratch;
        put_by_rename(validation, rules_with(i % 2 ? "odd" : "even"));
        career_watch_tick(watch);
        assert_true(has(watch, i % 2 ? "odd" : "even"));
        pool = whole;
        apr_pool_destroy(scratch);
    }
}

static void test_l27_thousand_reloads(void **state)
{
    career_watch *watch = watch_of(a_board());
    career_rules *held = career_watch_acquire(watch);
    long before;

    (void)state;
    reload(watch, 200);
    before = resident_kib();
    reload(watch, 1000);
    if (resident_kib() - before > 1024 && !SANITIZED)
        fail_msg("grew by %ld KiB", resident_kib() - before);
    assert_int_equal(generation(watch), 1201);
    /* what somebody holds stays as it was */
    assert_int_equal(career_rules_generation(held), 1);
    assert_true(career_layout_find(career_rules_layout(held), CAREER_SLICE("first")) >= 0);
    career_rules_release(held);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_open),
        TEST(test_open_without_board),
        TEST(test_open_bad),
        TEST(test_open_again),
        TEST(test_open_when_mended),
        TEST(test_edit_in_place),
        TEST(test_edit_by_rename),
        TEST(test_edit_of_same_size),
        TEST(test_symlinked_file),
        TEST(test_symlinked_directory),
        TEST(test_moving_files_are_left_alone),
        TEST(test_two_files_are_taken_together),
        TEST(test_patience_ends),
        TEST(test_patience_begins_anew),
        TEST(test_l26_bad_texts),
        TEST(test_two_faults_at_once),
        TEST(test_l26_vanished),
        TEST(test_l26_odd_files),
        TEST(test_l26_writable_by_everybody),
        TEST(test_l26_foreign_owner),
        TEST(test_l19_too_large),
        TEST(test_no_way_into_the_directory),
        TEST(test_without_descriptors),
        TEST(test_taken_back_after_a_restart),
        TEST(test_processes_agree),
        TEST(test_processes_complain_once),
        TEST(test_board_is_followed),
        TEST(test_race),
        TEST(test_l27_thousand_reloads),
    };

    heard = mmap(NULL, sizeof(*heard), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (heard == MAP_FAILED)
        return 1;
    return UNIT_RUN(tests, NULL, NULL);
}
