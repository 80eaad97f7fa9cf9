/* SPDX-License-Identifier: Apache-2.0 */
/*
 * career-rules: tries an edit of the rules before a server sees it, on the code that the server runs.
 * Exit status: 0 good, 1 bad rules or a profile that breaks them, 2 a call that makes no sense.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "base/version.h"
#include "rules/folder.h"
#include "tools/tool.h"

#define SOMEBODY "00000000-0000-4000-8000-000000000000"

static const char help[] =
    "Usage: career-rules COMMAND DIR [ARGUMENT…]\n"
    "Tries the rules in DIR (validation.lua and caches.lua) as the server would run them.\n"
    "\n"
    "  check DIR\n"
    "      Would a server take them? Names the first error with file and line; a notice about a cache\n"
    "      pattern that is dear, or a function that is not run here, does not count as one.\n"
    "  try DIR profile.json [previous.json]\n"
    "      What would a client be told who sends that profile, as a new one or to be merged into the\n"
    "      previous one? Errors first, then recommendations.\n"
    "  try DIR -\n"
    "      The same for many profiles, one JSON object a line, from standard input: the errors by line.\n"
    "  keys DIR USER_ID [profile.json [previous.json]]\n"
    "      What would a save of that user's profile clear in Redis?\n"
    "  test DIR CASES\n"
    "      Tries every case of a folder and compares; lua/README.md tells how one is written.\n"
    "  schema DIR\n"
    "      The profile as JSON Schema 2020-12, for frontends.\n"
    "\n"
    "  --version\n"
    "      The version, which is that of the module.\n"
    "\n"
    "Exit status: 0 good, 1 bad rules or a profile that breaks them, 2 a wrong call.\n"
    "\n"
    "  career-rules check lua && career-rules test lua lua/cases\n";

/* ---------------------------------------------------------------- words */

/* Colours only for people whose terminal has them: https://no-color.org */
static bool is_colourful(void)
{
    const char *refused = getenv("NO_COLOR"), *terminal = getenv("TERM");

    return isatty(STDOUT_FILENO) && !(refused && *refused) && terminal &&
           strcmp(terminal, "dumb") != 0;
}

const char *career_tool_shown(apr_pool_t *pool, const char *text)
{
    career_text safe = career_text_make(pool, strlen(text));

    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < 0x20 || c == 0x7f)
            career_text_add_format(&safe, "\\x%02x", c);
        else
            career_text_add_char(&safe, (char)c);
    }
    return safe.data;
}

void career_tool_say(career_tint tint, const char *tag, apr_pool_t *pool, const char *format, ...)
{
    static const char *const codes[] = {"\033[31m", "\033[33m", "\033[32m"};
    bool colourful = is_colourful();
    va_list args;

    va_start(args, format);
    printf("%s%-7s%s %s\n", colourful ? codes[tint] : "", tag, colourful ? "\033[0m" : "",
           career_tool_shown(pool, apr_pvsprintf(pool, format, args)));
    va_end(args);
}

int career_tool_complain(apr_pool_t *pool, const char *what, const char *why)
{
    fprintf(stderr, "career-rules: %s%s%s\n", career_tool_shown(pool, what), *what ? ": " : "",
            career_tool_shown(pool, why));
    return 1;
}

static int misuse(const char *why)
{
    fprintf(stderr, "career-rules: %s\n\n%s", why, help);
    return 2;
}

/* ---------------------------------------------------------------- commands */

static bool read_rules(career_tool *tool, const char *directory, career_slice *parts,
                       const char **why)
{
    career_folder folder;
    bool good;

    if (!career_folder_open(&folder, directory, tool->pool, why))
        return false;
    good = career_folder_read(&folder, tool->pool, parts, why) == CAREER_FOLDER_READ;
    career_folder_close(&folder);
    return good;
}

static bool load(career_tool *tool, const char *directory)
{
    const career_rules_budget budget = {50 * CAREER_MILLISECOND, (size_t)8 * 1024 * 1024};
    career_rules_source source = {.directory = directory};
    career_slice parts[CAREER_BOARD_PARTS];
    const char *why;

    if (read_rules(tool, directory, parts, &why)) {
        source.validation = parts[0];
        source.caches = parts[1];
        tool->rules = career_rules_compile(&source, &budget, tool->pool, &why);
    }
    if (!tool->rules) {
        career_tool_complain(tool->pool, "", why);
        return false;
    }
    tool->layout = career_rules_layout(tool->rules);
    tool->user.role = "authenticated";
    tool->user.aal = "aal1";
    return true;
}

static int check(career_tool *tool, const char *directory)
{
    size_t count;
    const char *const *notices = career_rules_notices(tool->rules, tool->pool, &count);

    for (size_t i = 0; i < count; i++)
        career_tool_say(CAREER_TINT_YELLOW, "notice", tool->pool, "%s", notices[i]);
    career_tool_say(CAREER_TINT_GREEN, "good", tool->pool, "%s: %d fields, digest %.12s", directory,
                    (int)tool->layout->count, career_rules_digest(tool->rules));
    return 0;
}

static int print_schema(career_tool *tool)
{
    career_text text = career_text_make(tool->pool, 4096);

    career_json_write(&text, career_rules_schema(tool->rules, tool->pool));
    puts(text.data);
    return 0;
}

/* A UUID in lower case, as a token's `sub` becomes one. */
static bool take_user(career_tool *tool, const char *id)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (strlen(id) != strlen(form))
        return false;
    for (size_t i = 0; id[i]; i++) {
        if (form[i] == '-' ? id[i] != '-' : !apr_isxdigit(id[i]))
            return false;
        tool->user.user_id[i] = (char)apr_tolower(id[i]);
    }
    return true;
}

static int run(career_tool *tool, int argc, char **argv)
{
    const char *command = argv[1], *directory = argv[2];
    const char *third = argc > 3 ? argv[3] : NULL, *fourth = argc > 4 ? argv[4] : NULL;

    if (strcmp(command, "check") == 0 && argc == 3)
        return load(tool, directory) ? check(tool, directory) : 1;
    if (strcmp(command, "schema") == 0 && argc == 3)
        return load(tool, directory) ? print_schema(tool) : 1;
    if (strcmp(command, "test") == 0 && argc == 4)
        return load(tool, directory) ? career_tool_test(tool, third) : 1;
    if (strcmp(command, "try") == 0 && argc == 4 && strcmp(third, "-") == 0)
        return load(tool, directory) ? career_tool_try_lines(tool, stdin) : 1;
    if (strcmp(command, "try") == 0 && (argc == 4 || argc == 5))
        return load(tool, directory) ? career_tool_try(tool, third, fourth) : 1;
    if (strcmp(command, "keys") == 0 && argc >= 4 && argc <= 6) {
        if (!take_user(tool, third))
            return misuse("USER_ID is a UUID, the claim \"sub\" of tokens");
        if (!load(tool, directory))
            return 1;
        return career_tool_print_keys(tool, fourth, argc > 5 ? argv[5] : NULL);
    }
    return misuse("that is no command, or not with these arguments");
}

/* What nobody could read was not said: a disk is full, or whoever listened is gone. */
static int finish(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "career-rules: standard output: %s\n", strerror(errno));
    return 1;
}

int main(int argc, char **argv)
{
    career_tool tool = {.user = {.user_id = SOMEBODY}};
    int status;

    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(help, stdout);
        return finish(0);
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("career-rules " CAREER_MODULE_VERSION);
        return finish(0);
    }
    if (argc < 3)
        return misuse("a command and a directory are expected");
    apr_initialize();
    career_json_start();
    apr_pool_create(&tool.pool, NULL);
    status = finish(run(&tool, argc, argv));
    if (tool.rules)
        career_rules_release(tool.rules);
    apr_pool_destroy(tool.pool);
    apr_terminate();
    return status;
}
