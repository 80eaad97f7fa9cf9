/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The version of the module and of its tools; and which version of a library is in use, for the line that a server writes
 * at its start: the first question of every report of a fault. Each library's owner says it, for nobody else may know the
 * library. One thread at a time.
 */
#ifndef CAREER_MODULE_VERSION_H
#define CAREER_MODULE_VERSION_H

/* The one that CHANGES begins with, and debian/changelog. */
#define CAREER_MODULE_VERSION "1.0"

typedef struct career_version {
    const char *name;     /* the library's; a constant, as the others are */
    const char *compiled; /* the version whose header the module was built with */
    const char *running;  /* the one that was loaded; NULL: it does not tell */
} career_version;

#endif
