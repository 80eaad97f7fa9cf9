/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiler of rules and the judge, held against t/reference/rules.lua: thousands of made-up saves under
 * hundreds of made-up sets of rules, for each of which that slow reference says what is wrong, what is
 * recommended and what is kept. The seed is printed; CAREER_SEED=n repeats a run, CAREER_SETS=n makes it longer.
 */
#include <stdlib.h>
#include <unistd.h>

#include "rules_rig.h"

#define SETS 200
#define SAVES 50 /* under each */

/* One save, as the reference printed it. */
typedef struct expected {
    const char *previous, *body, *errors, *advice,
        *kept; /* the last two NULL: something is wrong */
} expected;

static FILE *reference;
static unsigned saves, accepted, with_previous;

static int by_string(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Items that stand in another order are the same. */
static const char *sorted(const char **items, size_t count)
{
    career_text text = career_text_make(pool, 64);

    qsort(items, count, sizeof(*items), by_string);
    for (size_t i = 0; i < count; i++)
        career_text_add_format(&text, "%s; ", items[i]);
    return text.data;
}

/* What the reference divides by tabs: `each` words make an item. */
static const char *items_of(const char *line, unsigned each)
{
    const char *items[1000];
    size_t count = 0;
    char *rest, *word = apr_strtok(apr_pstrdup(pool, line), "\t", &rest);

    for (unsigned i = 0; word; word = apr_strtok(NULL, "\t", &rest), i++) {
        if (i % each == 0)
            items[count++] = word;
        else
            items[count - 1] = apr_pstrcat(pool, items[count - 1], " ", word, NULL);
        assert_true(count < sizeof(items) / sizeof(*items));
    }
    return sorted(items, count);
}

static const char *found(const career_violations *violations)
{
    const char **items = apr_palloc(pool, (violations->count + 1) * sizeof(*items));

    for (size_t i = 0; i < violations->count; i++) {
        items[i] =
            apr_pstrcat(pool, violations->items[i].field, " ", violations->items[i].code, NULL);
        assert_true(violations->items[i].message[0] != '\0');
    }
    return sorted(items, violations->count);
}

static const char *recommended(const career_document *document)
{
    const career_json *list = career_rules_recommend(rules, pool, document);
    const char **items = apr_palloc(pool, (list->array.count + 1) * sizeof(*items));

    for (size_t i = 0; i < list->array.count; i++) {
        const career_json *one = list->array.items[i];

        items[i] = apr_psprintf(pool, "%s %d %d", career_json_get(one, "field")->string.data,
                                (int)career_json_get(one, "have")->integer,
                                (int)career_json_get(one, "want")->integer);
    }
    return sorted(items, list->array.count);
}

static const char *text_of(const career_json *value)
{
    career_text text = career_text_make(pool, 256);

    career_json_write(&text, value);
    return text.data;
}

/* Nothing of a stored profile was sent with this save. */
static const career_document *stored(const char *json)
{
    const career_layout *layout = career_rules_layout(rules);
    career_document *document;

    if (!*json)
        return NULL;
    document =
        career_document_merge(pool, layout, NULL, rig_json(json), career_violations_make(pool));
    memset(document->sent, 0, layout->count * sizeof(*document->sent));
    return document;
}

static void assert_same(const expected *e, const char *what, const char *here, const char *there)
{
    if (strcmp(here, there) != 0)
        fail_msg("%s differ\n  stored: %s\n  sent: %s\n  here: %s\n  reference: %s", what,
                 e->previous, e->body, here, there);
}

static void compare(const expected *e)
{
    rig_save save = rig_check(e->body, stored(e->previous));
    const career_json *kept;

    assert_null(save.error);
    if (save.violations->omitted == 0) /* more than a hundred are not listed */
        assert_same(e, "errors", found(save.violations), items_of(e->errors, 2));
    saves++;
    with_previous += *e->previous != '\0';
    if (!e->kept)
        return;
    accepted++;
    assert_same(e, "recommendations", recommended(save.document), items_of(e->advice, 1));
    kept = career_document_json(pool, save.document);
    if (!career_json_equal(kept, rig_json(e->kept)))
        assert_same(e, "profiles", text_of(kept), e->kept);
}

/* The next line, without its end; NULL at the end of all. */
static char *next_line(void)
{
    static char *line;
    static size_t room;
    ssize_t len = getline(&line, &room, reference);

    if (len <= 0)
        return NULL;
    line[len - 1] = '\0';
    return apr_pstrdup(pool, line);
}

static void compile(const char *text)
{
    if (!rig_compile(text, "return {}"))
        fail_msg("rules that ought to be good: %s\n  %s", why, text);
}

/* Lines come as R (P D E (A S)?)*; each save ends where the next begins. */
static void compare_all(void)
{
    const char *text = "";
    expected e = {NULL, NULL, NULL, NULL, NULL};
    char *line;

    for (line = next_line(); line; line = next_line()) {
        if ((line[0] == 'R' || line[0] == 'P') && e.body)
            compare(&e);
        if (line[0] == 'R') {
            text = line + 2;
            e = (expected){NULL, NULL, NULL, NULL, NULL};
            compile(text);
        } else if (line[0] == 'P') {
            e = (expected){.previous = line + 2};
        } else if (line[0] == 'D') {
            e.body = line + 2;
        } else if (line[0] == 'E') {
            e.errors = line + 2;
        } else if (line[0] == 'A') {
            e.advice = line + 2;
        } else if (line[0] == 'S') {
            e.kept = line + 2;
        } else {
            fail_msg("the reference says: %s", line);
        }
    }
    if (e.body)
        compare(&e);
}

static int number_of(const char *name, int otherwise)
{
    const char *text = getenv(name);

    return text ? atoi(text) : otherwise;
}

static void test_agrees_with_the_reference(void **state)
{
    int seed = number_of("CAREER_SEED", (int)((apr_time_now() / 1000) % 1000000007));
    int sets = number_of("CAREER_SETS", SETS);

    (void)state;
    print_message("CAREER_SEED=%d\n", seed);
    reference = popen(apr_psprintf(pool,
                                   "exec $(command -v lua5.4 || command -v lua) "
                                   "t/reference/rules.lua %d %d %d",
                                   seed, sets, SAVES),
                      "r");
    assert_non_null(reference);
    compare_all();
    assert_int_equal(pclose(reference), 0);
    print_message("%u saves, %u accepted, %u on a stored profile\n", saves, accepted,
                  with_previous);
    assert_int_equal(saves, sets * SAVES);
    assert_in_range(accepted, saves / 20, saves - saves / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_agrees_with_the_reference),
    };

    return UNIT_RUN(tests, NULL, NULL);
}
