/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules directory of a host, watched: reads the two files through a descriptor opened once (as root,
 * before privileges are dropped), compiles what changed, publishes what is good on the board that all
 * processes share, and keeps the snapshot in force on a shelf. Bad files change nothing; they are reported
 * once. Opened before fork; acquire and tick in the children (tick on one thread at a time).
 */
#ifndef CAREER_WATCH_H
#define CAREER_WATCH_H

#include "base/board.h"
#include "base/counters.h"
#include "rules/rules.h"

typedef struct career_watch career_watch;

/* Reads and compiles the directory for the first time: opens the descriptor (close-on-exec, kept until the
 * pool goes) and publishes. Board NULL: nothing is published (httpd -t, tools). On failure NULL and *why:
 * the files are bad and the board shows no good ones of an earlier run. When the board does, they go on
 * in force, and *why says what is wrong with the files (NULL when nothing is). */
career_watch *career_watch_open(apr_pool_t *pool, const char *directory,
                                const career_rules_budget *budget, career_board *board,
                                career_log *log, const char **why);

/* Has loads and rejections counted there, from now on. */
void career_watch_count(career_watch *watch, career_counters *counters);

/* The rules in force; the caller holds them and releases them. Never NULL. */
career_rules *career_watch_acquire(career_watch *watch);

/* Looks once: a newer text on the board, or changed files. Cheap when nothing changed (a few system calls). Files
 * that were changed less than a moment ago are left for the next time: somebody may still be writing. */
void career_watch_tick(career_watch *watch);

/* How long that moment is, in µs; for tests. */
void career_watch_settle(career_watch *watch, career_moment settle);

#endif
