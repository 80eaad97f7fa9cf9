/* SPDX-License-Identifier: Apache-2.0 */
/* Two files become a snapshot. */
#include "rules/compiled.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <apr_strings.h>

#include "base/pool.h"
#include "rules/hint.h"
#include "rules/nearest.h"

#define NAME_MAX_BYTES 64 /* of a field */
#define WORDS_MAX 500     /* bytes of a text of the operator's that clients get */

typedef struct compiler {
    apr_pool_t *pool; /* the snapshot's */
    career_rules *rules;
    const career_rules_source *source;
    const career_rules_budget *budget;
    const char *file;   /* being compiled */
    career_slice text;  /* of that file */
    career_meter meter; /* of what its kinds cost */
    const char *why;
} compiler;

/* ------------------------------------------------------------------------------------ faults */

/* Bytes of the character that the text begins with; 0: it is cut off or no UTF-8. */
static size_t character(const char *text)
{
    size_t left = strnlen(text, 4);

    for (size_t len = 1; len <= left; len++)
        if (career_utf8_valid(text, len))
            return len;
    return 0;
}

const char *career_rules_one_line(apr_pool_t *pool, const char *text)
{
    career_text line = career_text_make(pool, strlen(text));

    while (*text) {
        size_t len = character(text);

        if (len == 0 || (unsigned char)*text < 0x20 || *text == 0x7f)
            career_text_add_format(&line, "\\x%02x", (unsigned char)*text);
        else
            career_text_add(&line, text, len);
        text += len ? len : 1;
    }
    return line.data;
}

/* line 0: not known */
static bool fail(compiler *c, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail(compiler *c, int line, const char *format, ...)
{
    char where[16] = "";
    va_list args;

    if (line > 0)
        snprintf(where, sizeof(where), ":%d", line);
    va_start(args, format);
    c->why = apr_psprintf(c->pool, "%s/%s%s: %s", c->source->directory, c->file, where,
                          apr_pvsprintf(c->pool, format, args));
    va_end(args);
    return false;
}

/* What the sandbox says begins with file and line, if it knows them. */
static bool fail_in_script(compiler *c, const char *why)
{
    size_t len = strlen(c->file);
    const char *hint = career_hint(c->pool, why);

    if (hint)
        why = apr_pstrcat(c->pool, why, "; ", hint, NULL);
    if (strncmp(why, c->file, len) != 0 || why[len] != ':')
        return fail(c, 0, "%s", why);
    c->why = apr_psprintf(c->pool, "%s/%s", c->source->directory, why);
    return false;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Where plain tables are wrong Lua does not know the line any more: the line of a word, as a whole and outside
 * comments, at or after the offset *from, which moves behind it. 0 when there is none. */
static int find_word(career_slice text, const char *word, size_t *from)
{
    size_t len = strlen(word);
    int line = 1;

    for (size_t i = 0; i + len <= text.len; i++) {
        if (text.data[i] == '\n')
            line++;
        if (i + 1 < text.len && text.data[i] == '-' && text.data[i + 1] == '-') {
            while (i + 1 < text.len && text.data[i + 1] != '\n')
                i++;
        } else if (i >= *from && memcmp(text.data + i, word, len) == 0 &&
                   !(i > 0 && is_word(text.data[i - 1])) &&
                   !(i + len < text.len && is_word(text.data[i + len]))) {
            *from = i + len;
            return line;
        }
    }
    return 0;
}

/* The line of a word within a section, such as a name in `required`; of the section when it is not found. */
static int line_of(compiler *c, const char *section, const char *word)
{
    size_t at = 0;
    int line = section ? find_word(c->text, section, &at) : 0, inner;

    inner = word && *word ? find_word(c->text, word, &at) : 0;
    return inner ? inner : line;
}

/* ------------------------------------------------------------------------------------ fields */

static bool is_plain(const career_json *value, career_json_type type)
{
    return value->type == type && value != &career_sandbox_function && !career_kind_line(value);
}

/* An empty table comes out as an empty array. */
static bool is_table(const career_json *value)
{
    return is_plain(value, CAREER_JSON_OBJECT) ||
           (value->type == CAREER_JSON_ARRAY && value->array.count == 0);
}

static bool holds_text(const career_kind *kind)
{
    return kind->id == CAREER_IS_TEXT || kind->id == CAREER_IS_ONE_OF || kind->id == CAREER_IS_DATE;
}

/* What a column cannot hold, its rule must not allow. */
static bool check_column(compiler *c, const char *name, const career_kind *kind,
                         career_column column)
{
    switch (career_columns[column].kind) {
    case CAREER_KIND_TEXT:
        return holds_text(kind) ||
               fail(c, kind->line,
                    "fields.%s: its column holds a text: field.text, field.one_of or field.date",
                    name);
    case CAREER_KIND_TEXT_LIST:
        return (kind->id == CAREER_IS_LIST && holds_text(kind->item) && !kind->item->nullable) ||
               fail(c, kind->line,
                    "fields.%s: its column holds a list of texts: field.list of field.text, "
                    "field.one_of or field.date",
                    name);
    default:
        return (kind->id == CAREER_IS_LIST && kind->item->id == CAREER_IS_RECORD &&
                !kind->item->nullable) ||
               fail(
                   c, kind->line,
                   "fields.%s: its column holds a list of records: field.list { field.record { ... } }",
                   name);
    }
}

static bool is_field_name(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > NAME_MAX_BYTES || !isalpha((unsigned char)name[0]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_word(name[i]))
            return false;
    return true;
}

static bool check_name(compiler *c, const career_json_member *declared)
{
    const char *name = declared->name.data;
    int line = career_kind_line(declared->value);

    if (!line)
        line = line_of(c, "fields", name);
    if (career_field_is_read_only(declared->name))
        return fail(c, line, "fields.%s is read-only: it comes from the token and the database",
                    name);
    if (!is_field_name(name))
        return fail(c, line,
                    "fields[\"%.80s\"]: a name is a letter and then letters, digits and _, at most "
                    "%d in all",
                    name, NAME_MAX_BYTES);
    if (!career_kind_line(declared->value))
        return fail(c, line, "fields.%s is no kind; write one such as field.text { max = 80 }",
                    name);
    return true;
}

static const career_json *fallback_of(const career_kind *kind)
{
    if (kind->fallback)
        return kind->fallback;
    return kind->id == CAREER_IS_LIST ? &career_json_empty_array : &career_json_null;
}

typedef struct declared {
    career_field field;
    const career_kind *kind;
} declared;

static bool compile_field(compiler *c, const career_json_member *member, declared *made)
{
    const char *name = member->name.data;
    career_column column = career_column_find(member->name);
    career_fault fault;

    if (!check_name(c, member))
        return false;
    made->kind = career_kind_compile(
        c->pool, member->value, apr_pstrcat(c->pool, "fields.", name, NULL), &c->meter, &fault);
    if (!made->kind)
        return fail(c, fault.line, "%s", fault.text);
    if (column != CAREER_COLUMN_EXTRA && !check_column(c, name, made->kind, column))
        return false;
    made->field = career_field_make(c->pool, member->name, column, fallback_of(made->kind));
    return true;
}

static int by_place(const void *a, const void *b)
{
    const declared *x = a, *y = b;

    if (x->field.column != y->field.column)
        return x->field.column < y->field.column ? -1 : 1;
    return strcmp(x->field.name.data, y->field.name.data);
}

/* Part of every ETag: what clients see of the rules. */
static const char *layout_hash(compiler *c)
{
    const career_layout *layout = &c->rules->layout;
    career_slice *parts = apr_palloc(c->pool, (2 * layout->count + 1) * sizeof(*parts));

    for (size_t i = 0; i < layout->count; i++) {
        parts[2 * i] = layout->fields[i].name;
        parts[2 * i + 1] = layout->fields[i].fallback_text;
    }
    return apr_pstrndup(c->pool, career_text_digest(c->pool, parts, 2 * layout->count), 8);
}

static void lay_out(compiler *c, declared *fields, size_t count)
{
    career_field *laid = apr_palloc(c->pool, count * sizeof(*laid));
    career_rule *rules = apr_pcalloc(c->pool, count * sizeof(*rules));

    qsort(fields, count, sizeof(*fields), by_place);
    for (size_t i = 0; i < count; i++) {
        laid[i] = fields[i].field;
        rules[i].kind = fields[i].kind;
    }
    c->rules->layout = (career_layout){.count = count, .fields = laid};
    c->rules->rules = rules;
    c->rules->layout.hash = layout_hash(c);
}

/* Nothing is in the middle of anything: whoever asks the meter sees what it says. */
static void no_alarm(void *unused)
{
    (void)unused;
}

static bool compile_fields(compiler *c, const career_json *root)
{
    const career_json *fields = career_json_get(root, "fields");
    declared *made;

    if (!fields || !is_plain(fields, CAREER_JSON_OBJECT))
        return fail(c, line_of(c, "fields", NULL),
                    "it must return a table whose `fields` is a table of kinds: "
                    "return { fields = { currentRole = field.text {} } }");
    if (fields->object.count > CAREER_FIELDS_MAX)
        return fail(c, line_of(c, "fields", NULL), "there may be at most %d fields",
                    CAREER_FIELDS_MAX);
    made = apr_pcalloc(c->pool, fields->object.count * sizeof(*made));
    c->meter = (career_meter){.budget = *c->budget, .alarm = no_alarm};
    career_meter_start(&c->meter, CAREER_METER_LOAD);
    for (size_t i = 0; i < fields->object.count; i++)
        if (!compile_field(c, &fields->object.members[i], &made[i]))
            return false;
    lay_out(c, made, fields->object.count);
    return true;
}

/* ------------------------------------------------------------------------------------ lists of fields */

/* The rule of a field that a section names; NULL, and said so, when it is not declared. */
static career_rule *find_rule(compiler *c, const char *section, const char *name)
{
    const career_layout *layout = &c->rules->layout;
    int index = career_layout_find(layout, career_slice_of(name));
    const char **known;

    if (index >= 0)
        return (career_rule *)&c->rules->rules[index];
    known = apr_pcalloc(c->pool, (layout->count + 1) * sizeof(*known));
    for (size_t i = 0; i < layout->count; i++)
        known[i] = layout->fields[i].name.data;
    if (layout->count == 0)
        fail(c, line_of(c, section, name), "%s: there is no field \"%.80s\"", section, name);
    else
        fail(c, line_of(c, section, name), "%s: there is no field \"%.80s\"; did you mean \"%s\"?",
             section, name, career_nearest(name, known));
    return NULL;
}

static bool compile_required_name(compiler *c, const career_json *name)
{
    career_rule *rule;

    if (name->type != CAREER_JSON_STRING)
        return fail(c, line_of(c, "required", NULL), "required: a list of names of fields");
    rule = find_rule(c, "required", name->string.data);
    if (!rule)
        return false;
    if (rule->kind->nullable)
        return fail(c, rule->kind->line, "fields.%s is required, so it cannot be nullable",
                    name->string.data);
    rule->required = true;
    return true;
}

/* The database wants these, whatever operators think. */
static bool check_indispensable(compiler *c)
{
    for (int column = 0; column < CAREER_COLUMN_COUNT; column++) {
        const char *name = career_columns[column].json;
        int index = career_layout_find(&c->rules->layout, career_slice_of(name));

        if (!career_columns[column].required)
            continue;
        if (index < 0)
            return fail(c, line_of(c, "fields", NULL), "fields: %s cannot be left out", name);
        if (!c->rules->rules[index].required)
            return fail(c, line_of(c, "required", NULL), "required must name %s", name);
    }
    return true;
}

static bool compile_required(compiler *c, const career_json *root)
{
    const career_json *names = career_json_get(root, "required");

    if (names && names->type != CAREER_JSON_ARRAY)
        return fail(c, line_of(c, "required", NULL), "required: a list of names of fields");
    for (size_t i = 0; names && i < names->array.count; i++)
        if (!compile_required_name(c, names->array.items[i]))
            return false;
    return check_indispensable(c);
}

/* A minimum is a number, or { min = 3, message = "…" }. */
static bool compile_minimum(compiler *c, const career_json_member *member)
{
    const char *name = member->name.data;
    career_rule *rule = find_rule(c, "recommended", name);
    const career_json *minimum = member->value, *message = NULL;
    int line = line_of(c, "recommended", name);

    if (!rule)
        return false;
    if (is_plain(minimum, CAREER_JSON_OBJECT)) {
        message = career_json_get(minimum, "message");
        if (minimum->object.count != (message ? 2 : 1))
            return fail(c, line, "recommended.%s: a number, or { min = 3, message = \"...\" }",
                        name);
        minimum = career_json_get(minimum, "min");
    }
    if (!minimum || minimum->type != CAREER_JSON_INTEGER || minimum->integer < 1 ||
        (message && (message->type != CAREER_JSON_STRING || message->string.len > WORDS_MAX)))
        return fail(c, line, "recommended.%s: a number, or { min = 3, message = \"...\" }", name);
    if (minimum->integer > 1 && rule->kind->id != CAREER_IS_LIST)
        return fail(c, line, "recommended.%s: only a list can have more than 1", name);
    if (rule->kind->has_max && rule->kind->id == CAREER_IS_LIST &&
        (double)minimum->integer > rule->kind->max)
        return fail(c, line, "recommended.%s is more than the %.0f that the field may have", name,
                    rule->kind->max);
    rule->wanted = (double)minimum->integer;
    rule->wanted_message = message ? message->string.data : NULL;
    return true;
}

static bool compile_enhancement(compiler *c, const career_json_member *member)
{
    career_rule *rule = find_rule(c, "enhancements", member->name.data);

    if (!rule)
        return false;
    if (member->value->type != CAREER_JSON_STRING || member->value->string.len == 0 ||
        member->value->string.len > WORDS_MAX)
        return fail(c, line_of(c, "enhancements", member->name.data),
                    "enhancements.%s: a text of at most %d bytes that says what it is good for",
                    member->name.data, WORDS_MAX);
    rule->enhancement = member->value->string.data;
    return true;
}

static bool compile_section(compiler *c, const career_json *root, const char *section,
                            bool (*compile)(compiler *c, const career_json_member *member))
{
    const career_json *table = career_json_get(root, section);

    if (!table)
        return true;
    if (!is_table(table))
        return fail(c, line_of(c, section, NULL), "%s: a table by names of fields", section);
    if (table->type == CAREER_JSON_OBJECT)
        for (size_t i = 0; i < table->object.count; i++)
            if (!compile(c, &table->object.members[i]))
                return false;
    return true;
}

/* ------------------------------------------------------------------------------------ files */

static career_sandbox *run_file(compiler *c, const char *file, career_slice text,
                                const career_json **root)
{
    const career_script script = {file, text};
    career_sandbox *sandbox;
    const char *why;

    c->file = file;
    c->text = text;
    if (text.len > CAREER_RULES_FILE_MAX) {
        fail(c, 0, "it is larger than %d KiB", CAREER_RULES_FILE_MAX / 1024);
        return NULL;
    }
    sandbox = career_sandbox_open(&script, c->budget, c->pool, root, &why);
    if (!sandbox)
        fail_in_script(c, why);
    return sandbox;
}

static bool check_root(compiler *c, const career_json *root)
{
    static const char *const known[] = {"fields",       "required", "recommended",
                                        "enhancements", "validate", NULL};

    if (!is_plain(root, CAREER_JSON_OBJECT))
        return fail(c, line_of(c, NULL, "return"),
                    "it must return a table: return { fields = { ... }, required = { ... } }");
    for (size_t i = 0; i < root->object.count; i++) {
        const char *name = root->object.members[i].name.data;
        bool found = false;

        for (const char *const *at = known; *at; at++)
            found = found || strcmp(*at, name) == 0;
        if (!found)
            return fail(c, line_of(c, NULL, name), "there is no \"%.60s\"; did you mean \"%s\"?",
                        name, career_nearest(name, known));
    }
    return true;
}

static bool compile_root(compiler *c, const career_json *root)
{
    const career_json *validate = career_json_get(root, "validate");

    if (!check_root(c, root) || !compile_fields(c, root) || !compile_required(c, root) ||
        !compile_section(c, root, "recommended", compile_minimum) ||
        !compile_section(c, root, "enhancements", compile_enhancement))
        return false;
    if (validate && validate != &career_sandbox_function)
        return fail(c, line_of(c, "validate", NULL),
                    "validate must be a function(profile, previous, user)");
    return true;
}

/* The state in which a file was compiled serves the first call of its functions. These find user.claims by name,
 * or in a loop over all that user has. */
static void keep_functions(compiler *c, career_functions *functions, career_sandbox *sandbox)
{
    const career_script script = {c->file, c->text};

    career_functions_init(functions, c->pool, &script, c->budget);
    functions->claims =
        line_of(c, NULL, "claims") || line_of(c, NULL, "pairs") || line_of(c, NULL, "next");
    career_functions_give_back(functions, sandbox);
}

static bool compile_validation(compiler *c)
{
    const career_json *root;
    career_sandbox *sandbox = run_file(c, CAREER_VALIDATION_FILE, c->source->validation, &root);
    bool good = sandbox && compile_root(c, root);

    if (good && career_json_get(root, "validate"))
        keep_functions(c, &c->rules->validate, sandbox);
    else
        career_sandbox_close(sandbox);
    return good;
}

static bool compile_targets(compiler *c, const career_json *list)
{
    const char *entry = NULL, *why = NULL;
    size_t at = 0;

    if (career_templates_compile(c->pool, c->rules, list, &c->rules->targets, &entry, &why))
        return true;
    return fail(c, entry && *entry ? find_word(c->text, entry, &at) : 0, "%s", why);
}

static bool compile_caches(compiler *c)
{
    const career_json *list;
    career_sandbox *sandbox = run_file(c, CAREER_CACHES_FILE, c->source->caches, &list);
    bool good = sandbox;

    if (good && list == &career_sandbox_function) {
        keep_functions(c, &c->rules->caches, sandbox);
        return true;
    }
    good = good && compile_targets(c, list);
    career_sandbox_close(sandbox);
    return good;
}

/* ------------------------------------------------------------------------------------ snapshots */

static void destroy(career_snapshot *self)
{
    career_rules *rules = (career_rules *)self;

    career_functions_destroy(&rules->validate);
    career_functions_destroy(&rules->caches);
    apr_pool_destroy(rules->pool);
}

static career_rules *make(const career_rules_source *source)
{
    const career_slice texts[] = {source->validation, source->caches};
    apr_pool_t *pool = career_pool_create();
    career_rules *rules;

    if (!pool)
        return NULL;
    rules = apr_pcalloc(pool, sizeof(*rules));
    career_snapshot_init(&rules->snapshot, destroy);
    rules->pool = pool;
    rules->generation = source->generation;
    rules->digest = career_text_digest(pool, texts, 2);
    return rules;
}

career_rules *career_rules_compile(const career_rules_source *source,
                                   const career_rules_budget *budget, apr_pool_t *pool,
                                   const char **why)
{
    compiler c = {.source = source, .budget = budget, .rules = make(source)};

    *why = NULL;
    if (!c.rules) {
        *why = "out of memory";
        return NULL;
    }
    c.pool = c.rules->pool;
    if (compile_validation(&c) && compile_caches(&c))
        return c.rules;
    *why = career_rules_one_line(pool, c.why);
    career_rules_release(c.rules);
    return NULL;
}

const career_layout *career_rules_layout(const career_rules *rules)
{
    return &rules->layout;
}

uint64_t career_rules_generation(const career_rules *rules)
{
    return rules->generation;
}

const char *career_rules_digest(const career_rules *rules)
{
    return rules->digest;
}
