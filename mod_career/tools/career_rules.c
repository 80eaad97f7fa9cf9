/* SPDX-License-Identifier: Apache-2.0 */
/*
 * career-rules: tries an edit of the rules before a server sees it, on the code that the server runs.
 * Exit status: 0 good, 1 bad rules or a profile that breaks them, 2 a call that makes no sense.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "rules/watch.h"

#define PROFILE_MAX (1024 * 1024)
#define SOMEBODY "00000000-0000-4000-8000-000000000000"

static const char help[] =
    "Usage: career-rules COMMAND DIR [ARGUMENT…]\n"
    "Tries the rules in DIR (validation.lua and caches.lua) as the server would run them.\n"
    "\n"
    "  check DIR\n"
    "      Would a server take them? Names the first error with file and line; a notice about a cache\n"
    "      pattern that is dear does not count as one.\n"
    "  try DIR profile.json [previous.json]\n"
    "      What would a client be told who sends that profile, as a new one or to be merged into the\n"
    "      previous one? Errors first, then recommendations.\n"
    "  keys DIR USER_ID [profile.json [previous.json]]\n"
    "      What would a save of that user's profile clear in Redis?\n"
    "\n"
    "Exit status: 0 good, 1 bad rules or a profile that breaks them, 2 a wrong call.\n";

typedef struct tool {
    apr_pool_t *pool;
    career_rules *rules;
    const career_layout *layout;
    career_identity user;
} tool;

/* Colours only for people: https://no-color.org */
static const char *color(const char *code)
{
    const char *refused = getenv("NO_COLOR");

    return isatty(STDOUT_FILENO) && !(refused && *refused) ? code : "";
}

/* What comes from a file must not steer the terminal. */
static const char *shown(apr_pool_t *pool, const char *text)
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

static void say(apr_pool_t *pool, const char *paint, const char *kind, const char *line)
{
    printf("%s%-7s%s %s\n", color(paint), kind, color("\033[0m"), shown(pool, line));
}

#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"

static int complain(apr_pool_t *pool, const char *what, const char *why)
{
    fprintf(stderr, "career-rules: %s%s%s\n", shown(pool, what), *what ? ": " : "",
            shown(pool, why));
    return 1;
}

static bool read_rules(tool *t, const char *directory, career_slice *parts, const char **why)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good;

    if (fd < 0) {
        *why = apr_psprintf(t->pool, "%s: %s", directory, strerror(errno));
        return false;
    }
    good = career_watch_read(t->pool, fd, directory, parts, why);
    close(fd);
    return good;
}

static bool load(tool *t, const char *directory)
{
    const career_rules_budget budget = {50 * CAREER_MILLISECOND, (size_t)8 * 1024 * 1024};
    career_rules_source source = {.directory = directory};
    career_slice parts[CAREER_BOARD_PARTS];
    const char *why;

    if (read_rules(t, directory, parts, &why)) {
        source.validation = parts[0];
        source.caches = parts[1];
        t->rules = career_rules_compile(&source, &budget, t->pool, &why);
    }
    if (!t->rules) {
        complain(t->pool, "", why);
        return false;
    }
    t->layout = career_rules_layout(t->rules);
    apr_cpystrn(t->user.user_id, SOMEBODY, sizeof(t->user.user_id));
    t->user.role = "authenticated";
    t->user.aal = "aal1";
    return true;
}

static const career_json *read_json(apr_pool_t *pool, const char *path)
{
    FILE *file = fopen(path, "rb");
    char *bytes = apr_palloc(pool, PROFILE_MAX + 1);
    const career_json *json;
    const char *why;
    size_t len;

    if (!file) {
        complain(pool, path, strerror(errno));
        return NULL;
    }
    len = fread(bytes, 1, PROFILE_MAX + 1, file);
    fclose(file);
    if (len > PROFILE_MAX) {
        complain(pool, path, "larger than 1 MiB");
        return NULL;
    }
    json = career_json_parse(pool, bytes, len, &why);
    if (!json || json->type != CAREER_JSON_OBJECT) {
        complain(pool, path, json ? "an object is expected" : why);
        return NULL;
    }
    return json;
}

/* The documents of a save: previous is NULL for a new profile. */
typedef struct save {
    career_document *previous, *merged;
    career_violations *violations;
} save;

/* What is stored may be older than the rules: what they do not know of it is left out. */
static bool read_save(tool *t, const char *path, const char *previous_path, save *s)
{
    const career_json *body = path ? read_json(t->pool, path) : &career_json_empty_object;
    const career_json *before = previous_path ? read_json(t->pool, previous_path) : NULL;

    if (!body || (previous_path && !before))
        return false;
    s->violations = career_violations_make(t->pool);
    s->previous = before ? career_document_merge(t->pool, t->layout, NULL, before,
                                                 career_violations_make(t->pool))
                         : NULL;
    s->merged = career_document_merge(t->pool, t->layout, s->previous, body, s->violations);
    return true;
}

static void print_violation(tool *t, const career_violation *violation)
{
    career_text line = career_text_make(t->pool, 120);

    career_text_add_format(&line, "%s: %s: %s", violation->field, violation->code,
                           violation->message);
    for (const char *const *value = violation->allowed; value && *value; value++) {
        career_text_add_string(&line, value == violation->allowed ? " (" : ", ");
        career_text_add_string(&line, *value);
        if (!value[1])
            career_text_add_char(&line, ')');
    }
    say(t->pool, RED, "error", line.data);
}

static void print_recommendations(tool *t, const career_document *document)
{
    const career_json *list = career_rules_recommend(t->rules, t->pool, document);

    for (size_t i = 0; i < list->array.count; i++) {
        const career_json *item = list->array.items[i];

        say(t->pool, YELLOW, "advice",
            apr_psprintf(t->pool, "%s: %s (%d of %d)", career_json_get(item, "field")->string.data,
                         career_json_get(item, "message")->string.data,
                         (int)career_json_get(item, "have")->integer,
                         (int)career_json_get(item, "want")->integer));
    }
}

static int try_profile(tool *t, const char *path, const char *previous)
{
    save s;
    career_error *error;

    if (!read_save(t, path, previous, &s))
        return 1;
    error = career_rules_check(t->rules, t->pool, s.merged, s.previous, &t->user, apr_time_now(),
                               s.violations);
    if (error)
        return complain(t->pool, "", error->cause);
    for (size_t i = 0; i < s.violations->count; i++)
        print_violation(t, &s.violations->items[i]);
    if (s.violations->omitted)
        say(t->pool, RED, "error", apr_psprintf(t->pool, "and %zu more", s.violations->omitted));
    print_recommendations(t, s.merged);
    if (s.violations->count)
        return 1;
    say(t->pool, GREEN, "good", "a save of this profile is accepted");
    return 0;
}

static const char *const kinds[] = {[CAREER_TARGET_KEY] = "key",
                                    [CAREER_TARGET_GLOB] = "glob",
                                    [CAREER_TARGET_SET] = "set",
                                    [CAREER_TARGET_BUMP] = "bump"};

static bool is_user_id(const char *text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    size_t i;

    for (i = 0; text[i] && form[i]; i++)
        if (form[i] == '-' ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
            return false;
    return !text[i] && !form[i];
}

static int print_keys(tool *t, const char *user_id, const char *path, const char *previous)
{
    career_targets targets;
    career_error *error;
    save s;

    if (!read_save(t, path, previous, &s))
        return 1;
    for (size_t i = 0; user_id[i] && i + 1 < sizeof(t->user.user_id); i++)
        t->user.user_id[i] = (char)tolower((unsigned char)user_id[i]); /* as from a token */
    error = career_rules_targets(t->rules, t->pool, &t->user, s.merged, s.previous, 1, &targets);
    if (error)
        return complain(t->pool, "", error->cause);
    for (size_t i = 0; i < targets.count; i++)
        printf("%-5s%s\n", kinds[targets.items[i].kind],
               shown(t->pool, apr_pstrmemdup(t->pool, targets.items[i].text.data,
                                             targets.items[i].text.len)));
    return 0;
}

static int check(tool *t, const char *directory)
{
    size_t count;
    const char *const *notices = career_rules_notices(t->rules, t->pool, &count);

    for (size_t i = 0; i < count; i++)
        say(t->pool, YELLOW, "notice", notices[i]);
    say(t->pool, GREEN, "good",
        apr_psprintf(t->pool, "%s: %d fields, digest %.12s", directory, (int)t->layout->count,
                     career_rules_digest(t->rules)));
    return 0;
}

static int misuse(const char *what)
{
    if (*what)
        fprintf(stderr, "career-rules: %s\n", what);
    fputs(help, stderr);
    return 2;
}

static int run(tool *t, int argc, char **argv)
{
    const char *command = argv[1], *directory = argv[2];
    const char *third = argc > 3 ? argv[3] : NULL, *fourth = argc > 4 ? argv[4] : NULL;

    if (strcmp(command, "check") == 0 && argc == 3)
        return load(t, directory) ? check(t, directory) : 1;
    if (strcmp(command, "try") == 0 && (argc == 4 || argc == 5))
        return load(t, directory) ? try_profile(t, third, fourth) : 1;
    if (strcmp(command, "keys") == 0 && argc >= 4 && argc <= 6) {
        if (!is_user_id(third))
            return misuse("USER_ID is a UUID");
        return load(t, directory) ? print_keys(t, third, fourth, argc > 5 ? argv[5] : NULL) : 1;
    }
    return misuse("");
}

int main(int argc, char **argv)
{
    tool t = {0};
    int status;

    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(help, stdout);
        return 0;
    }
    if (argc < 3)
        return misuse("");
    apr_initialize();
    career_json_start();
    apr_pool_create(&t.pool, NULL);
    status = run(&t, argc, argv);
    if (t.rules)
        career_rules_release(t.rules);
    apr_terminate();
    return status;
}
