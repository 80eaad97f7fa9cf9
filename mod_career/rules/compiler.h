/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files compile*.c share while two files become a snapshot: what is known on the way, and how each
 * says what is wrong. A compiler is on the stack of career_rules_compile; everything else is in the snapshot's
 * pool.
 */
#ifndef CAREER_COMPILER_H
#define CAREER_COMPILER_H

#include <ctype.h>

#include "rules/compiled.h"

typedef struct career_compiler {
    apr_pool_t *pool; /* the snapshot's */
    career_rules *rules;
    const career_rules_source *source;
    const career_rules_budget *budget;
    const char *file;   /* being compiled */
    career_slice text;  /* of that file */
    career_meter meter; /* of what its kinds cost */
    const char *why;
} career_compiler;

/* Says what is wrong with the file. line 0: not known. Always false. */
bool career_compiler_fail(career_compiler *c, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same in the words of the sandbox, which begin with file and line if it knows them. */
bool career_compiler_fail_in_script(career_compiler *c, const char *why);

/* Where plain tables are wrong Lua does not know the line any more: the line of a word, as a whole and outside
 * comments, at or after the offset *from, which moves behind it. 0 when there is none. */
int career_compiler_find_word(career_slice text, const char *word, size_t *from);

/* The line of a word within a section, such as a name in `required`; of the section when it is not found. Either
 * may be NULL. */
int career_compiler_line_of(career_compiler *c, const char *section, const char *word);

/* Is it a plain table by names, and neither a function nor a kind? */
static inline bool career_compiler_is_plain(const career_json *value)
{
    return value->type == CAREER_JSON_OBJECT && value != &career_sandbox_function &&
           !career_kind_line(value);
}

/* May it stand in a name of Lua's? */
static inline bool career_compiler_is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Compile what the root of validation.lua has there; false when it is wrong. The sections need the fields. */
bool career_compiler_fields(career_compiler *c, const career_json *root);
bool career_compiler_sections(career_compiler *c, const career_json *root);

#endif
