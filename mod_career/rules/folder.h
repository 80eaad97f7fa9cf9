/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory of the rules as a place in the file system: whether its files have changed, who may have written
 * them, and both of them read as one. Knows nothing of what stands in them. One thread at a time.
 */
#ifndef CAREER_FOLDER_H
#define CAREER_FOLDER_H

#include <sys/types.h>
#include <time.h>

#include "base/board.h"

/* What tells one state of a file from another. */
typedef struct career_stamp {
    struct timespec modified, changed;
    dev_t device;
    ino_t inode;
    off_t size;
    int error; /* of stat(2) */
} career_stamp;

typedef struct career_folder_state {
    career_stamp files[CAREER_BOARD_PARTS];
    uid_t owner; /* of the directory */
    int lost;    /* its name leads to another one, which cannot be opened: errno */
} career_folder_state;

typedef struct career_folder {
    const char *name;
    int fd;                   /* the directory, close-on-exec: children read through it */
    career_folder_state seen; /* when it was read last */
    career_moment settle;     /* so long files must have been left alone, in µs */
    career_moment unsettled;  /* since when files have been found that move; 0: they do not */
} career_folder;

/* The name must live as long. false and *why, from the pool, when it cannot be opened. */
bool career_folder_open(career_folder *folder, const char *name, apr_pool_t *pool,
                        const char **why);
void career_folder_close(career_folder *folder);

/* Is it otherwise than when it was read last? Files that were changed a moment ago are left for the next time:
 * somebody may still be writing. Follows the name to another directory. A few system calls. */
bool career_folder_has_changed(career_folder *folder);

typedef enum career_folder_outcome {
    CAREER_FOLDER_READ,
    CAREER_FOLDER_BAD,  /* what is there is not to be read */
    CAREER_FOLDER_LATER /* it changed meanwhile, or this process is short of something: try again */
} career_folder_outcome;

/* Both files, from the pool: regular ones, not too large, of an owner who may, and not everybody's to write. *why
 * in both other cases. */
career_folder_outcome career_folder_read(career_folder *folder, apr_pool_t *pool,
                                         career_slice parts[CAREER_BOARD_PARTS], const char **why);

/* As if it had not been read yet. */
void career_folder_forget(career_folder *folder);

#endif
