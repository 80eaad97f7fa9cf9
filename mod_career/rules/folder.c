/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_strings.h>

#include "rules/rules.h"

#define SETTLE (150 * CAREER_MILLISECOND)
#define PATIENCE (500 * CAREER_MILLISECOND) /* with files that are never left alone */

static const char *const names[CAREER_BOARD_PARTS] = {"validation.lua", "caches.lua"};

/* httpd -t reads as root, and finds nothing wrong. */
static const char *hint(int error)
{
    return error == EACCES ? " (the user of httpd's children must be able to read it)" : "";
}

static int open_directory(const char *name)
{
    return open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool career_folder_open(career_folder *folder, const char *name, apr_pool_t *pool, const char **why)
{
    *folder = (career_folder){.name = name, .fd = open_directory(name), .settle = SETTLE};
    if (folder->fd >= 0)
        return true;
    *why = apr_psprintf(pool, "%s cannot be opened: %s", name, strerror(errno));
    return false;
}

void career_folder_close(career_folder *folder)
{
    close(folder->fd);
}

void career_folder_forget(career_folder *folder)
{
    memset(&folder->seen, 0, sizeof(folder->seen));
}

/* ---------------------------------------------------------------- what tells states apart */

/* Has a link been turned, or the directory been made anew? Then its name leads to another one now. *held becomes what
 * is known of the one that is open. Returns why the other cannot be opened, or 0. */
static int follow(career_folder *folder, struct stat *held)
{
    struct stat named;
    int fd;

    if (fstat(folder->fd, held) != 0)
        memset(held, 0, sizeof(*held));
    if (stat(folder->name, &named) != 0 ||
        (named.st_dev == held->st_dev && named.st_ino == held->st_ino))
        return 0;
    fd = open_directory(folder->name);
    if (fd < 0)
        return errno == ENOENT ? 0 : errno; /* in the middle of being replaced */
    close(folder->fd);
    folder->fd = fd;
    if (fstat(fd, held) != 0)
        memset(held, 0, sizeof(*held));
    return 0;
}

static career_stamp look_at(int directory, const char *name, const struct stat *around)
{
    struct stat info;

    if (fstatat(directory, name, &info, 0) != 0)
        return (career_stamp){.error = errno,
                              .changed = around->st_ctim}; /* it vanished then at the latest */
    return (career_stamp){.modified = info.st_mtim,
                          .changed = info.st_ctim,
                          .device = info.st_dev,
                          .inode = info.st_ino,
                          .size = info.st_size};
}

static career_folder_state look(career_folder *folder)
{
    struct stat held;
    career_folder_state state = {.lost = follow(folder, &held)};

    state.owner = held.st_uid;
    for (int i = 0; i < CAREER_BOARD_PARTS; i++)
        state.files[i] = look_at(folder->fd, names[i], &held);
    return state;
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_stamp(const career_stamp *a, const career_stamp *b)
{
    return same_time(a->modified, b->modified) && same_time(a->changed, b->changed) &&
           a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->error == b->error;
}

static bool same(const career_folder_state *a, const career_folder_state *b)
{
    for (int i = 0; i < CAREER_BOARD_PARTS; i++)
        if (!same_stamp(&a->files[i], &b->files[i]))
            return false;
    return a->owner == b->owner && a->lost == b->lost;
}

static apr_time_t microseconds(struct timespec time)
{
    return (apr_time_t)time.tv_sec * APR_USEC_PER_SEC + time.tv_nsec / 1000;
}

/* Files of which one was changed this very moment may be half-written, or half of a pair: they are left alone
 * until they rest, but not for ever. */
static bool are_moving(career_folder *folder, const career_folder_state *state)
{
    apr_time_t now = apr_time_now(), newest = 0;
    career_moment clock = career_clock_now();

    for (int i = 0; i < CAREER_BOARD_PARTS; i++) {
        apr_time_t changed = microseconds(state->files[i].changed);

        if (changed > newest && changed <= now) /* a clock that is ahead of ours says nothing */
            newest = changed;
    }
    if (!folder->unsettled)
        folder->unsettled = clock;
    if (now - newest < folder->settle && clock - folder->unsettled < PATIENCE)
        return true;
    folder->unsettled = 0;
    return false;
}

bool career_folder_has_changed(career_folder *folder)
{
    career_folder_state now = look(folder);

    if (!same(&now, &folder->seen))
        return !are_moving(folder, &now);
    folder->unsettled = 0;
    return false;
}

/* ---------------------------------------------------------------- reading */

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
        return "belongs neither to root nor to the owner of its directory; chown it";
    return NULL;
}

/* Says nothing of the file: of this process, of its machine, or of a server of files that has just been made anew. */
static bool is_passing(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == ESTALE;
}

static career_folder_outcome fail(apr_pool_t *pool, const char *what, int error, const char **why)
{
    *why = apr_psprintf(pool, "cannot be %s: %s%s", what, strerror(error), hint(error));
    return is_passing(error) ? CAREER_FOLDER_LATER : CAREER_FOLDER_BAD;
}

static career_folder_outcome read_whole(apr_pool_t *pool, int fd, size_t size, career_slice *text,
                                        const char **why)
{
    char *bytes = apr_palloc(pool, size + 1);
    size_t len = 0;

    while (len < size) {
        ssize_t got = read(fd, bytes + len, size - len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(pool, "read", errno, why);
        if (got == 0) {
            *why = "changed while it was read";
            return CAREER_FOLDER_LATER;
        }
        len += (size_t)got;
    }
    bytes[len] = '\0';
    *text = (career_slice){bytes, len};
    return CAREER_FOLDER_READ;
}

static career_folder_outcome read_open(apr_pool_t *pool, int directory, int fd, career_slice *text,
                                       const char **why)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return fail(pool, "read", errno, why);
    *why = judge(pool, directory, &info);
    return *why ? CAREER_FOLDER_BAD : read_whole(pool, fd, (size_t)info.st_size, text, why);
}

static career_folder_outcome read_file(apr_pool_t *pool, int directory, const char *name,
                                       career_slice *text, const char **why)
{
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    career_folder_outcome outcome;

    if (fd < 0)
        return fail(pool, "opened", errno, why);
    outcome = read_open(pool, directory, fd, text, why);
    close(fd);
    return outcome;
}

static career_folder_outcome read_both(const career_folder *folder, apr_pool_t *pool,
                                       career_slice parts[CAREER_BOARD_PARTS], const char **why)
{
    career_folder_outcome outcome = CAREER_FOLDER_READ;

    for (int i = 0; i < CAREER_BOARD_PARTS && outcome == CAREER_FOLDER_READ; i++) {
        outcome = read_file(pool, folder->fd, names[i], &parts[i], why);
        if (outcome != CAREER_FOLDER_READ)
            *why = apr_psprintf(pool, "%s/%s %s", folder->name, names[i], *why);
    }
    return outcome;
}

career_folder_outcome career_folder_read(career_folder *folder, apr_pool_t *pool,
                                         career_slice parts[CAREER_BOARD_PARTS], const char **why)
{
    career_folder_state before = look(folder), after;
    career_folder_outcome outcome;

    if (before.lost) {
        outcome = fail(pool, "opened", before.lost, why);
        *why = apr_psprintf(pool, "%s %s", folder->name, *why);
    } else {
        outcome = read_both(folder, pool, parts, why);
    }
    if (outcome == CAREER_FOLDER_READ) {
        after = look(folder);
        if (!same(&before, &after)) {
            *why = apr_psprintf(pool, "%s: the files changed while they were read", folder->name);
            outcome = CAREER_FOLDER_LATER;
        }
    }
    if (outcome != CAREER_FOLDER_LATER)
        folder->seen = before;
    return outcome;
}
