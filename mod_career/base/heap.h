/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What malloc keeps for later. It gives back by itself only what lies at the end of its memory, so that one block in use there
 * keeps all that a burst needed. Any thread.
 */
#ifndef CAREER_HEAP_H
#define CAREER_HEAP_H

/* Gives the pages back to the system that hold nothing any more. Takes the lock of each of malloc's arenas in turn, for as long
 * as it goes through what is free in it. Does nothing where the C library has no such function. */
void career_heap_trim(void);

#endif
