/* SPDX-License-Identifier: Apache-2.0 */
/* What store/ promises, against a real Postgres: on the table of sql/ alone, and on a table that an application
 * made with enums, arrays of enums and json. */
#include "unit.h"

#include <pthread.h>
#include <sys/stat.h>

#include "base/pool.h"
#include "cutting_proxy.h"
#include "postgres_server.h"
#include "store/outbox.h"

#define OWN "own"           /* database: sql/ on nothing */
#define EXISTING "existing" /* database: sql/ on a table that was there */

static postgres_server server;
static bool running;
static career_store *own, *existing;

static const char existing_table[] =
    "CREATE TYPE level AS ENUM ('student', 'senior', 'staff');"
    "CREATE TYPE size AS ENUM ('startup', 'small');"
    "CREATE TYPE goal AS ENUM ('networking', 'specialization');"
    "CREATE DOMAIN known AS text CHECK (VALUE <> 'soon');"
    "CREATE TABLE profiles (id uuid PRIMARY KEY);"
    "CREATE TABLE career_profiles (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
    " user_id uuid NOT NULL UNIQUE REFERENCES profiles (id) DEFERRABLE INITIALLY DEFERRED,"
    " \"current_role\" text NOT NULL, seniority level NOT NULL, industry text NOT NULL,"
    " company_name text CHECK (length(trim(company_name)) BETWEEN 1 AND 120),"
    " company_size size DEFAULT 'small', primary_skills text[] NOT NULL DEFAULT '{}',"
    " skill_tags json DEFAULT '[]', career_goals goal[] NOT NULL DEFAULT '{}',"
    " target_path varchar(10), budget text DEFAULT 'moderate',"
    " timeframe known DEFAULT 'short-term', available_time integer,"
    " created_at timestamp DEFAULT now(), updated_at timestamp DEFAULT now());"
    "INSERT INTO profiles SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(i), 12, '0'))::uuid"
    " FROM generate_series(1, 4095) i;"
    "INSERT INTO career_profiles (user_id, \"current_role\", seniority, industry)"
    " VALUES ('00000000-0000-4000-8000-000000000fff', 'old', 'senior', 'tech');";

/* ------------------------------------------------------------------------------------------ tools */

static const char *user(int number)
{
    return apr_psprintf(pool, "00000000-0000-4000-8000-%012x", number);
}

/* A user nobody has used yet. */
static const char *new_user(void)
{
    static int number = 0x100;

    return user(number++);
}

static career_store *open_waiting(const char *folder, const char *database, unsigned connections,
                                  career_moment query, career_moment wait)
{
    career_store_config config = {
        .conninfo =
            apr_psprintf(pool, "host=%s port=5432 user=postgres dbname=%s", folder, database),
        .connections = connections,
        .queue = 512,
        .wait = wait,
        .idle = 60 * CAREER_SECOND,
        .lifetime = 1800 * CAREER_SECOND,
        .connect = 10 * CAREER_SECOND,
        .query = query,
        .prepare = CAREER_PREPARE_AUTO,
    };

    return career_store_create(&config, NULL);
}

/* Machines may be slow; what is tested here is not time. */
static career_store *open_store(const char *folder, const char *database, unsigned connections,
                                career_moment query)
{
    return open_waiting(folder, database, connections, query, 30 * CAREER_SECOND);
}

/* Who asks, as far as a store without claims looks. */
static const career_identity *as(apr_pool_t *in, const char *user_id)
{
    career_identity *identity = apr_pcalloc(in, sizeof(*identity));

    apr_cpystrn(identity->user_id, user_id, sizeof(identity->user_id));
    return identity;
}

static const career_json *json(apr_pool_t *in, const char *text)
{
    const char *why = "";
    const career_json *value = career_json_parse_value(in, text, strlen(text), &why);

    if (!value)
        abort();
    return value;
}

static career_change *change(apr_pool_t *in, career_column column, const char *text)
{
    career_change *made = apr_pcalloc(in, sizeof(*made));

    made->any = true;
    if (column == CAREER_COLUMN_EXTRA)
        made->extra = json(in, text);
    else
        made->columns[column] = json(in, text);
    return made;
}

static career_change *creation(apr_pool_t *in)
{
    career_change *made = change(in, CAREER_COLUMN_CURRENT_ROLE, "\"Developer\"");

    made->columns[CAREER_COLUMN_SENIORITY] = json(in, "\"senior\"");
    made->columns[CAREER_COLUMN_INDUSTRY] = json(in, "\"tech\"");
    return made;
}

static void succeed(const career_error *error)
{
    if (error)
        print_error("%s: %s\n", career_error_describe(error->id)->code, error->cause);
    assert_null(error);
}

static const career_row *read_row(career_store *store, const char *user_id)
{
    const career_row *row;

    succeed(career_store_read(store, pool, as(pool, user_id), career_store_deadline(store), &row));
    return row;
}

static career_error *try_write(career_store *store, const char *user_id, int64_t version,
                               const career_change *what, const career_row **row)
{
    return career_store_write(store, pool, as(pool, user_id), version, what,
                              career_store_deadline(store), row);
}

static const career_row *write_row(career_store *store, const char *user_id, int64_t version,
                                   const career_change *what)
{
    const career_row *row;

    succeed(try_write(store, user_id, version, what, &row));
    return row;
}

static const career_row *create(career_store *store, const char *user_id)
{
    const career_row *row = write_row(store, user_id, 0, creation(pool));

    assert_non_null(row);
    return row;
}

static void is(const career_row *row, career_column column, const char *text)
{
    career_slice value = column == CAREER_COLUMN_EXTRA ? row->extra : row->columns[column];

    if (text)
        assert_string_equal(apr_pstrmemdup(pool, value.data, value.len), text);
    else
        assert_null(value.data);
}

static const char *ask(const char *database, const char *format, ...)
{
    va_list args;
    const char *sql;

    va_start(args, format);
    sql = apr_pvsprintf(pool, format, args);
    va_end(args);
    return postgres_ask(&server, database, sql);
}

static const char *outbox_version(const char *database, const char *user_id)
{
    return ask(database, "SELECT version FROM career_cache_outbox WHERE user_id = '%s'", user_id);
}

static const career_violation *violation(const career_error *error, const char *field)
{
    assert_non_null(error);
    assert_int_equal(error->id, CAREER_ERROR_VALIDATION_FAILED);
    assert_non_null(error->details);
    for (size_t i = 0; i < error->details->count; i++)
        if (strcmp(error->details->items[i].field, field) == 0)
            return &error->details->items[i];
    print_error("no violation of %s, but of %s\n", field, error->details->items[0].field);
    fail();
    return NULL;
}

/* ------------------------------------------------------------------------------------------ tests */

static void test_create_and_merge(void **state)
{
    const char *anna = new_user();
    const career_row *row;
    career_change *what = creation(pool);

    (void)state;
    assert_null(read_row(own, anna));
    what->columns[CAREER_COLUMN_PRIMARY_SKILLS] =
        json(pool, "[\"a,b\",\"\\\"\\\\\",\"NULL\",\"\",\"{x}\",\"\xc3\xbc\"]");
    what->columns[CAREER_COLUMN_SKILL_TAGS] = json(pool, "[{\"skill\":\"C\",\"years\":2.5}]");
    what->extra = json(pool, "{\"a\":[1],\"b\":2}");
    row = write_row(own, anna, 0, what);
    assert_non_null(row);
    assert_string_equal(row->user_id, anna);
    assert_true(row->version > 0);
    assert_true(llabs(row->updated_at - apr_time_now()) < 600 * CAREER_SECOND);
    is(row, CAREER_COLUMN_CURRENT_ROLE, "\"Developer\"");
    is(row, CAREER_COLUMN_PRIMARY_SKILLS,
       "[\"a,b\",\"\\\"\\\\\",\"NULL\",\"\",\"{x}\",\"\xc3\xbc\"]");
    is(row, CAREER_COLUMN_SKILL_TAGS, "[{\"skill\": \"C\", \"years\": 2.5}]");
    is(row, CAREER_COLUMN_BUDGET, NULL);
    is(row, CAREER_COLUMN_INTERESTS, "[]");

    row = write_row(own, anna, row->version,
                    change(pool, CAREER_COLUMN_EXTRA, "{\"b\":3,\"c\":null}"));
    is(row, CAREER_COLUMN_EXTRA, "{\"a\": [1], \"b\": 3, \"c\": null}");
    row = write_row(own, anna, row->version, change(pool, CAREER_COLUMN_BUDGET, "\"low\""));
    is(row, CAREER_COLUMN_BUDGET, "\"low\"");
    is(row, CAREER_COLUMN_SKILL_TAGS, "[{\"skill\": \"C\", \"years\": 2.5}]");
    row = write_row(own, anna, row->version, change(pool, CAREER_COLUMN_BUDGET, "null"));
    is(row, CAREER_COLUMN_BUDGET, NULL);
    assert_int_equal(read_row(own, anna)->version, row->version);
    assert_string_equal(outbox_version(OWN, anna), apr_psprintf(pool, "%d", (int)row->version));
}

static void test_lost_races(void **state)
{
    const char *ben = new_user();
    const career_row *row = create(own, ben), *later;

    (void)state;
    assert_null(write_row(own, ben, 0, creation(pool)));
    later = write_row(own, ben, row->version, change(pool, CAREER_COLUMN_BUDGET, "\"low\""));
    assert_true(later->version > row->version);
    assert_null(write_row(own, ben, row->version, change(pool, CAREER_COLUMN_BUDGET, "\"high\"")));
    assert_null(write_row(own, new_user(), 5, change(pool, CAREER_COLUMN_BUDGET, "\"high\"")));
    is(read_row(own, ben), CAREER_COLUMN_BUDGET, "\"low\"");
}

static void test_existing_table(void **state)
{
    const char *cleo = new_user();
    const career_row *row = read_row(existing, user(0xfff));
    career_change *what = creation(pool);

    (void)state;
    is(row, CAREER_COLUMN_CURRENT_ROLE, "\"old\""); /* from before sql/ */
    is(row, CAREER_COLUMN_COMPANY_SIZE, "\"small\"");
    is(row, CAREER_COLUMN_INTERESTS, "[]");
    assert_true(row->version > 0);

    what->columns[CAREER_COLUMN_CAREER_GOALS] = json(pool, "[\"networking\",\"specialization\"]");
    what->columns[CAREER_COLUMN_SKILL_TAGS] = json(pool, "[{\"skill\":\"C\"}]");
    row = write_row(existing, cleo, 0, what);
    is(row, CAREER_COLUMN_CAREER_GOALS, "[\"networking\",\"specialization\"]");
    is(row, CAREER_COLUMN_SKILL_TAGS, "[{\"skill\": \"C\"}]");
    is(row, CAREER_COLUMN_COMPANY_SIZE, "\"small\""); /* the database's own default */
    is(row, CAREER_COLUMN_BUDGET, "\"moderate\"");
    row = write_row(existing, cleo, row->version, change(pool, CAREER_COLUMN_COMPANY_SIZE, "null"));
    is(row, CAREER_COLUMN_COMPANY_SIZE, NULL);
    assert_string_equal(ask(EXISTING,
                            "SELECT data_type FROM information_schema.columns WHERE "
                            "table_name = 'career_profiles' AND column_name = 'skill_tags'"),
                        "json");
    assert_true(postgres_migrate(&server, EXISTING)); /* again, over rows and triggers */
    assert_int_equal(read_row(existing, cleo)->version, row->version);
}

/* A row that came in while the triggers were switched off, into a version column of the application's own. */
static void test_row_without_version(void **state)
{
    const char *uma = new_user();

    (void)state;
    create(existing, uma);
    ask(EXISTING, "ALTER TABLE career_profiles ALTER COLUMN version DROP NOT NULL");
    ask(EXISTING, apr_psprintf(pool,
                               "SET session_replication_role = replica; "
                               "UPDATE career_profiles SET version = NULL WHERE user_id = '%s'",
                               uma));
    assert_int_equal(read_row(existing, uma)->version, 0);
    ask(EXISTING, apr_psprintf(pool, "DELETE FROM career_profiles WHERE user_id = '%s'", uma));
    ask(EXISTING, "ALTER TABLE career_profiles ALTER COLUMN version SET NOT NULL");
}

static void test_refused_values(void **state)
{
    const char *dora = new_user();
    const career_row *row = create(existing, dora), *none;
    const career_violation *found;
    career_change *what = change(pool, CAREER_COLUMN_SENIORITY, "\"cto\"");
    career_error *error;

    (void)state;
    what->columns[CAREER_COLUMN_CAREER_GOALS] = json(pool, "[\"networking\",\"nonsense\"]");
    what->columns[CAREER_COLUMN_TARGET_PATH] = json(pool, "\"12345678901\"");
    what->columns[CAREER_COLUMN_BUDGET] = json(pool, "\"low\"");
    error = try_write(existing, dora, row->version, what, &none);
    assert_int_equal(error->details->count, 3);
    found = violation(error, "seniority");
    assert_string_equal(found->code, "not_allowed");
    assert_string_equal(found->allowed[0], "student");
    assert_string_equal(found->allowed[2], "staff");
    assert_null(found->allowed[3]);
    assert_non_null(violation(error, "careerGoals[1]")->allowed);
    assert_string_equal(violation(error, "targetPath")->code, "too_long");
    assert_null(strstr(error->cause, "nonsense"));

    error = try_write(existing, dora, row->version,
                      change(pool, CAREER_COLUMN_COMPANY_NAME, "\" \""), &none);
    violation(error, "companyName");

    /* what no catalog tells: types that somebody else made */
    what = change(pool, CAREER_COLUMN_TIMEFRAME, "\"soon\"");
    what->columns[CAREER_COLUMN_AVAILABLE_TIME] = json(pool, "\"much\"");
    what->columns[CAREER_COLUMN_SENIORITY] = json(pool, "\"cto\"");
    what->columns[CAREER_COLUMN_BUDGET] = json(pool, "\"low\"");
    error = try_write(existing, dora, row->version, what, &none);
    assert_int_equal(error->details->count, 3);
    assert_string_equal(violation(error, "timeframe")->code, "not_allowed");
    assert_string_equal(violation(error, "availableTime")->code, "not_allowed");
    assert_non_null(violation(error, "seniority")->allowed);
    what->columns[CAREER_COLUMN_SENIORITY] = NULL;
    what->columns[CAREER_COLUMN_AVAILABLE_TIME] = NULL;
    error = try_write(existing, dora, row->version, what, &none); /* by the domain's check alone */
    assert_int_equal(error->details->count, 1);
    violation(error, "timeframe");
    error = try_write(existing, dora, row->version, change(pool, CAREER_COLUMN_INDUSTRY, "null"),
                      &none);
    assert_string_equal(violation(error, "industry")->code, "required");
    assert_int_equal(read_row(existing, dora)->version, row->version);

    error =
        try_write(existing, user(0xdead00), 0, creation(pool), &none); /* at the commit: deferred */
    assert_non_null(error);
    assert_int_equal(error->id, CAREER_ERROR_CONFLICT);
    assert_null(read_row(existing, user(0xdead00)));
    is(write_row(existing, dora, row->version, change(pool, CAREER_COLUMN_BUDGET, "\"low\"")),
       CAREER_COLUMN_BUDGET, "\"low\"");
}

static void test_others_write(void **state)
{
    const char *emil = new_user();
    const career_row *row = create(existing, emil);
    int64_t version = row->version;

    (void)state;
    ask(EXISTING, "DELETE FROM career_cache_outbox");
    ask(EXISTING,
        "UPDATE career_profiles SET industry = 'tech', skill_tags = '[ ]', version = 1,"
        " updated_at = '2001-01-01' WHERE user_id = '%s'",
        emil);
    assert_int_equal(read_row(existing, emil)->version, version);
    assert_string_equal(outbox_version(EXISTING, emil), "");
    ask(EXISTING,
        "UPDATE career_profiles SET skill_tags = '[{}]', version = 1 WHERE user_id = '%s'", emil);
    row = read_row(existing, emil);
    assert_true(row->version > version);
    assert_string_equal(outbox_version(EXISTING, emil),
                        apr_psprintf(pool, "%d", (int)row->version));
    assert_null(write_row(existing, emil, version, change(pool, CAREER_COLUMN_BUDGET, "\"low\"")));
    ask(EXISTING, "DELETE FROM career_profiles WHERE user_id = '%s'", emil);
    assert_true(atoi(outbox_version(EXISTING, emil)) > row->version);
    assert_null(read_row(existing, emil));
    assert_true(create(existing, emil)->version > atoi(outbox_version(EXISTING, emil)) - 2);
}

static const career_outbox_entry *entry_of(const career_outbox_entry *entries, size_t count,
                                           const char *user_id)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(entries[i].user_id, user_id) == 0)
            return &entries[i];
    return NULL;
}

static const char *minutes_left(const char *user_id)
{
    return ask(OWN,
               "SELECT round(extract(epoch FROM due_at - now()) / 60) FROM career_cache_outbox "
               "WHERE user_id = '%s'",
               user_id);
}

/* A lease is prolonged for the version that was taken, and no other; whoever takes it next knows that he is not
 * the first. */
static void test_leases(const char *user_id, int64_t version)
{
    career_outbox_kept kept[2];
    career_outbox_entry *entries;
    size_t count;

    for (int i = 0; i < 2; i++) {
        strcpy(kept[i].user_id, user_id);
        kept[i].version = version - i;
        kept[i].lease = (10 - i) * 60 * CAREER_SECOND;
    }
    career_outbox_keep(own, kept + 1, 1);
    career_outbox_keep(own, kept, 1);
    for (int i = 0; i < 1000 && strcmp(minutes_left(user_id), "10") != 0; i++)
        usleep(10000);
    assert_string_equal(minutes_left(user_id), "10");
    ask(OWN, "UPDATE career_cache_outbox SET due_at = now() - interval '1 minute'");
    succeed(career_outbox_take(own, pool, career_store_deadline(own), &entries, &count));
    assert_int_equal(entry_of(entries, count, user_id)->attempts, 1);
}

static void test_outbox(void **state)
{
    const char *fay = new_user(), *gus = new_user();
    const career_row *row;
    career_outbox_entry *entries;
    career_outbox_done done[2];
    size_t count;

    (void)state;
    create(own, fay);
    create(own, gus);
    ask(OWN, "DELETE FROM career_profiles WHERE user_id = '%s'", gus);
    succeed(career_outbox_take(own, pool, career_store_deadline(own), &entries, &count));
    assert_null(entry_of(entries, count, fay)); /* its owner has the first go */
    ask(OWN, "UPDATE career_cache_outbox SET due_at = now() - interval '1 minute'");
    succeed(career_outbox_take(own, pool, career_store_deadline(own), &entries, &count));
    assert_non_null(entry_of(entries, count, fay));
    assert_string_equal(entry_of(entries, count, fay)->row->user_id, fay);
    assert_int_equal(entry_of(entries, count, fay)->version, read_row(own, fay)->version);
    assert_non_null(entry_of(entries, count, gus));
    assert_null(entry_of(entries, count, gus)->row);

    strcpy(done[0].user_id, fay);
    done[0].version = entry_of(entries, count, fay)->version;
    strcpy(done[1].user_id, gus);
    done[1].version = entry_of(entries, count, gus)->version;
    succeed(career_outbox_take(own, pool, career_store_deadline(own), &entries, &count));
    assert_int_equal(count, 0); /* all leased */
    test_leases(fay, done[0].version);
    row = write_row(own, fay, done[0].version, change(pool, CAREER_COLUMN_BUDGET, "\"low\""));
    career_outbox_remove(own, done, 2);
    for (int i = 0; i < 1000 && *outbox_version(OWN, gus); i++)
        usleep(10000);
    assert_string_equal(outbox_version(OWN, gus), "");
    assert_string_equal(outbox_version(OWN, fay), apr_psprintf(pool, "%d", (int)row->version));
}

/* ------------------------------------------------------------------------------------------ decide */

typedef struct decision {
    const char *user_id;
    enum { WRITE, LEAVE, REFUSE, REFUSE_THE_SECOND_TIME } what;
    const char *meddle; /* SQL that somebody else runs meanwhile, once */
    atomic_int *arm;    /* of a proxy: what comes of the write is lost, once */
    atomic_int *asked;  /* counts the calls, or NULL */
    unsigned hopes;
} decision;

static const career_change *decide(void *context, apr_pool_t *in, const career_row *row,
                                   career_error **error)
{
    decision *d = context;
    int before = d->asked ? atomic_fetch_add(d->asked, 1) : 0;

    if (d->meddle)
        postgres_ask(&server, OWN, d->meddle);
    d->meddle = NULL;
    if (d->arm)
        atomic_store(d->arm, 1);
    d->arm = NULL;
    if (d->what == REFUSE || (d->what == REFUSE_THE_SECOND_TIME && before)) {
        *error = career_error_make(in, CAREER_ERROR_PRECONDITION_FAILED, "refused");
        return NULL;
    }
    if (d->what == LEAVE)
        return apr_pcalloc(in, sizeof(career_change));
    return row ? change(in, CAREER_COLUMN_BUDGET, "\"high\"") : creation(in);
}

static career_error *decide_at(career_store *store, decision d, const career_row **row,
                               const career_row **previous)
{
    apr_pool_t *job_pool = career_pool_create();

    return career_store_decide(store, pool, as(pool, d.user_id), job_pool, decide,
                               apr_pmemdup(job_pool, &d, sizeof(d)), d.hopes,
                               career_store_deadline(store), row, previous);
}

static career_error *run_decision(decision d, const career_row **row, const career_row **previous)
{
    return decide_at(own, d, row, previous);
}

/* With hopes as without: nobody can tell from what comes of it whether there was a lock. */
static void decide_with(unsigned hopes)
{
    const char *hal = new_user();
    const career_row *row, *previous;
    career_error *error;

    succeed(run_decision((decision){.user_id = hal, .hopes = hopes}, &row, &previous));
    assert_null(previous);
    is(row, CAREER_COLUMN_CURRENT_ROLE, "\"Developer\"");
    succeed(run_decision((decision){.user_id = hal, .hopes = hopes}, &row, &previous));
    assert_true(row->version > previous->version);
    is(previous, CAREER_COLUMN_BUDGET, NULL);
    is(row, CAREER_COLUMN_BUDGET, "\"high\"");
    succeed(
        run_decision((decision){.user_id = hal, .hopes = hopes, .what = LEAVE}, &row, &previous));
    assert_int_equal(row->version, previous->version);
    error =
        run_decision((decision){.user_id = hal, .hopes = hopes, .what = REFUSE}, &row, &previous);
    assert_non_null(error);
    assert_int_equal(error->id, CAREER_ERROR_PRECONDITION_FAILED);
    assert_string_equal(
        ask(OWN, "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%%'"), "0");
}

static void test_decide(void **state)
{
    (void)state;
    decide_with(0);
    decide_with(2);
}

/* Somebody else's profile of that user. */
static const char *insertion(const char *user_id)
{
    return apr_psprintf(pool,
                        "INSERT INTO career_profiles (user_id, \"current_role\", seniority, "
                        "industry) VALUES ('%s', 'x', 'y', 'z')",
                        user_id);
}

static void test_decide_finds_what_another_made(void **state)
{
    (void)state;
    for (unsigned hopes = 0; hopes <= 2;
         hopes++) { /* with one the lock follows the first race that is lost */
        const char *ida = new_user();
        const career_row *row, *previous;
        atomic_int asked = 0;

        succeed(run_decision(
            (decision){.user_id = ida, .meddle = insertion(ida), .asked = &asked, .hopes = hopes},
            &row, &previous));
        assert_non_null(previous);
        assert_int_equal(asked, 2);
        is(row, CAREER_COLUMN_CURRENT_ROLE, "\"x\"");
        is(row, CAREER_COLUMN_BUDGET, "\"high\"");
    }
}

static const career_change *decide_on_nonsense(void *context, apr_pool_t *in, const career_row *row,
                                               career_error **error)
{
    (void)context;
    (void)row;
    (void)error;
    return change(in, CAREER_COLUMN_SENIORITY, "\"nonsense\"");
}

static career_error *decide_on_nonsense_by(career_store *store, const char *user_id,
                                           career_moment deadline)
{
    const career_row *row, *previous;

    return career_store_decide(store, pool, as(pool, user_id), career_pool_create(),
                               decide_on_nonsense, NULL, 2, deadline, &row, &previous);
}

/* What is asked after a refusal, who borrowed the lane asks himself: it ends with his time, not with that of an
 * exchange. */
static void test_questions_have_the_time_of_the_request(void **state)
{
    const char *name = "who locks the labels", *quin = new_user();
    career_store *store = open_store(server.folder, EXISTING, 1, 60 * CAREER_SECOND);
    FILE *psql;
    char line[64] = "";

    (void)state;
    create(store, quin);
    assert_non_null(
        violation(decide_on_nonsense_by(store, quin, career_store_deadline(store)), "seniority")
            ->allowed); /* from now on the server knows without a look that there is no such label */
    psql = popen(apr_psprintf(pool,
                              "PGAPPNAME='%s' psql -qXAt -h %s -U postgres -d " EXISTING
                              " -c \"BEGIN; LOCK TABLE pg_enum IN ACCESS EXCLUSIVE MODE; "
                              "SELECT 'locked'\" -c \"SELECT pg_sleep(30)\" 2>&1",
                              name, server.folder),
                 "r");
    assert_non_null(fgets(line, sizeof(line), psql));
    assert_string_equal(line, "locked\n");
    usleep(100000); /* so that the lane rests, and is lent */
    decide_on_nonsense_by(store, quin, career_clock_now() + CAREER_SECOND);
    assert_string_equal(ask(OWN,
                            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                            "WHERE application_name = '%s'",
                            name),
                        "1");
    pclose(psql);
    assert_true(career_store_stop(store, career_clock_now() + 10 * CAREER_SECOND));
}

/* ------------------------------------------------------------------------------------------ many at once */

#define WRITERS 32

typedef struct writer {
    pthread_t thread;
    int number;
    const char *user_id;
    bool created, saved;
    career_error_id failure;
} writer;

/* Saves a field of its own, as a request would: from a fresh read until the write holds. */
static void *save(void *data)
{
    writer *self = data;
    apr_pool_t *mine = career_pool_create();
    career_moment deadline = career_clock_now() + 60 * CAREER_SECOND;
    career_error *error = NULL;

    while (!self->saved && !error) {
        const career_row *row, *saved = NULL;
        career_change *what;

        error = career_store_read(own, mine, as(mine, self->user_id), deadline, &row);
        if (error)
            break;
        what = row ? change(mine, CAREER_COLUMN_EXTRA, "{}") : creation(mine);
        what->extra =
            json(mine, apr_psprintf(mine, "{\"field%d\":%d}", self->number, self->number));
        error = career_store_write(own, mine, as(mine, self->user_id), row ? row->version : 0, what,
                                   deadline, &saved);
        self->saved = saved != NULL;
        self->created = self->saved && !row;
    }
    self->failure = error ? error->id : CAREER_ERROR_COUNT;
    apr_pool_destroy(mine);
    return NULL;
}

static const career_change *decide_field(void *context, apr_pool_t *in, const career_row *row,
                                         career_error **error)
{
    const int *number = context;
    career_change *what = row ? change(in, CAREER_COLUMN_EXTRA, "{}") : creation(in);

    (void)error;
    what->extra = json(in, apr_psprintf(in, "{\"field%d\":%d}", *number, *number));
    return what;
}

/* Likewise, as a request does that takes its judgement along. */
static void *save_by_decision(void *data)
{
    writer *self = data;
    apr_pool_t *mine = career_pool_create(), *job_pool = career_pool_create();
    const career_row *row, *previous;
    career_error *error =
        career_store_decide(own, mine, as(mine, self->user_id), job_pool, decide_field,
                            apr_pmemdup(job_pool, &self->number, sizeof(self->number)), 2,
                            career_clock_now() + 60 * CAREER_SECOND, &row, &previous);

    self->saved = !error;
    self->created = !error && !previous;
    self->failure = error ? error->id : CAREER_ERROR_COUNT;
    apr_pool_destroy(mine);
    return NULL;
}

/* Who made it, and all that was written into it, is there. */
static void many_writers_of_one_profile(void *(*how)(void *))
{
    const char *judy = new_user();
    writer writers[WRITERS];
    const career_row *row;
    int created = 0;

    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (writer){.number = i, .user_id = judy};
        assert_int_equal(pthread_create(&writers[i].thread, NULL, how, &writers[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(writers[i].thread, NULL);
        assert_int_equal(writers[i].failure, CAREER_ERROR_COUNT);
        created += writers[i].created;
    }
    assert_int_equal(created, 1);
    row = read_row(own, judy);
    for (int i = 0; i < WRITERS; i++) {
        const career_json *number =
            career_json_get(json(pool, row->extra.data), apr_psprintf(pool, "field%d", i));

        assert_non_null(number);
        assert_int_equal(number->integer, i);
    }
}

static void test_many_writers_of_one_profile(void **state)
{
    (void)state;
    many_writers_of_one_profile(save);
    many_writers_of_one_profile(save_by_decision);
}

static void test_neighbours_of_a_locked_row(void **state)
{
    writer writers[WRITERS];
    FILE *psql;
    char line[64] = "";
    const char *first = NULL;

    (void)state;
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (writer){.number = i, .user_id = new_user()};
        create(own, writers[i].user_id);
        first = first ? first : writers[i].user_id;
    }
    psql = popen(apr_psprintf(pool,
                              "psql -qXAt -h %s -U postgres -d " OWN " -c \"BEGIN; SELECT 'locked' "
                              "FROM career_profiles WHERE user_id = '%s' FOR UPDATE\" "
                              "-c \"SELECT pg_sleep(1)\" -c COMMIT 2>&1",
                              server.folder, first),
                 "r");
    assert_non_null(fgets(line, sizeof(line), psql));
    for (int i = 0; i < WRITERS; i++)
        pthread_create(&writers[i].thread, NULL, save, &writers[i]);
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(writers[i].thread, NULL);
        assert_true(writers[i].saved);
        is(read_row(own, writers[i].user_id), CAREER_COLUMN_EXTRA,
           apr_psprintf(pool, "{\"field%d\": %d}", i, i));
    }
    pclose(psql);
}

/* Writes that share a transaction with one that the database refuses. */
static void *save_or_fail(void *data)
{
    writer *self = data;
    apr_pool_t *mine = career_pool_create();
    career_change *what = creation(mine);
    const career_row *row;
    career_error *error;

    if (self->number % 4 == 0)
        what->columns[CAREER_COLUMN_SENIORITY] = json(mine, "\"nonsense\"");
    error = career_store_write(existing, mine, as(mine, self->user_id), 0, what,
                               career_store_deadline(existing), &row);
    self->saved = !error && row;
    self->failure = error ? error->id : CAREER_ERROR_COUNT;
    apr_pool_destroy(mine);
    return NULL;
}

static void test_neighbours_of_a_refused_value(void **state)
{
    writer writers[WRITERS];

    (void)state;
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (writer){.number = i, .user_id = new_user()};
        pthread_create(&writers[i].thread, NULL, save_or_fail, &writers[i]);
    }
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(writers[i].thread, NULL);
        assert_int_equal(writers[i].failure,
                         i % 4 ? CAREER_ERROR_COUNT : CAREER_ERROR_VALIDATION_FAILED);
        assert_int_equal(read_row(existing, writers[i].user_id) != NULL, i % 4 != 0);
    }
}

/* ------------------------------------------------------------------------------------------ trouble */

static void test_ended_sessions(void **state)
{
    const char *kim = new_user();
    const career_row *row = create(own, kim);

    (void)state;
    for (int i = 0; i < 5; i++) {
        ask(OWN,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mod_career'");
        row = write_row(own, kim, row->version,
                        change(pool, CAREER_COLUMN_EXTRA, apr_psprintf(pool, "{\"n\":%d}", i)));
        assert_non_null(row);
        ask(OWN,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mod_career'");
        assert_int_equal(read_row(own, kim)->version, row->version);
    }
}

/* A commit whose acknowledgement is lost: the write is found to have happened, and is not done twice. */
static void test_lost_acknowledgement(void **state)
{
    const char *lea = new_user(), *folder = apr_psprintf(pool, "%s/proxy", server.folder);
    static cutting_proxy proxy; /* its threads outlive the test */
    career_store *store;
    const career_row *row, *before;
    career_change *what = creation(pool);

    (void)state;
    mkdir(folder, 0700);
    assert_true(cutting_proxy_start(&proxy, folder, server.folder));
    store = open_store(folder, OWN, 1, 30 * CAREER_SECOND);
    assert_null(read_row(store, lea));
    atomic_store(&proxy.cut, 1);
    what->columns[CAREER_COLUMN_PRIMARY_SKILLS] = json(pool, "[\"C\"]");
    row = write_row(store, lea, 0, what);
    assert_non_null(row);
    is(row, CAREER_COLUMN_PRIMARY_SKILLS, "[\"C\"]");
    for (int i = 0; i < 5; i++) {
        before = row;
        atomic_store(&proxy.cut, 1);
        atomic_store(&proxy.speaks, i > 1);
        what = change(pool, CAREER_COLUMN_BUDGET, i % 2 ? "null" : "\"low\"");
        what->extra = json(pool, apr_psprintf(pool, "{\"n\":%d}", i));
        row = write_row(store, lea, before->version, what);
        assert_non_null(row);
        if (i) /* nobody else is about; the doubtful creation may have used a number up */
            assert_int_equal(row->version, before->version + 1);
    }
    atomic_store(&proxy.cut, 1); /* somebody else's version holds: nothing of ours has landed */
    assert_null(
        write_row(store, lea, before->version, change(pool, CAREER_COLUMN_BUDGET, "\"high\"")));
    assert_int_equal(atomic_load(&proxy.lost), 7);
    assert_true(career_store_stop(store, career_clock_now() + 10 * CAREER_SECOND));
}

/* A decision is made over the row that it saw: one whose commit happened unseen is not judged again by what it
 * wrote itself, which would no longer be what the client's precondition names. */
static void test_lost_decision(void **state)
{
    const char *users[] = {new_user(), new_user(), new_user(), new_user(),
                           new_user(), new_user(), new_user(), new_user()};
    const char *folder = apr_psprintf(pool, "%s/decide", server.folder);
    static cutting_proxy proxy;
    static atomic_int asked;
    const career_row *row, *previous, *before;
    career_store *store;

    (void)state;
    mkdir(folder, 0700);
    assert_true(cutting_proxy_start(&proxy, folder, server.folder));
    store = open_store(folder, OWN, 1, 30 * CAREER_SECOND);

    for (int i = 0; i < 16; i++) { /* it happened, and then it did not; a creation, and a change */
        decision d = {.user_id = users[i / 4 * 2 + i % 2],
                      .what = REFUSE_THE_SECOND_TIME,
                      .arm = i % 2 ? &proxy.drop : &proxy.cut,
                      .asked = &asked,
                      .hopes = i / 4 % 2 ? 2 : 0};

        atomic_store(&proxy.speaks, i >= 8);
        before = read_row(store, d.user_id);
        atomic_store(&asked, 0);
        succeed(decide_at(store, d, &row, &previous));
        assert_int_equal(atomic_load(&asked), 1);
        assert_int_equal(atomic_load(&proxy.lost), i + 1);
        assert_int_equal(previous ? previous->version : 0, before ? before->version : 0);
        is(row, CAREER_COLUMN_BUDGET, before ? "\"high\"" : NULL);
        assert_int_equal(read_row(store, d.user_id)->version, row->version);
    }
    assert_true(career_store_stop(store, career_clock_now() + 10 * CAREER_SECOND));
}

/* Nothing of it happened, and somebody else came first: it is made anew. */
static void test_lost_decision_and_race(void **state)
{
    const char *folder = apr_psprintf(pool, "%s/anew", server.folder);
    static cutting_proxy proxy;
    static atomic_int asked;
    const career_row *row, *previous;
    career_store *store;

    (void)state;
    mkdir(folder, 0700);
    assert_true(cutting_proxy_start(&proxy, folder, server.folder));
    store = open_store(folder, OWN, 1, 30 * CAREER_SECOND);
    for (unsigned hopes = 0; hopes <= 2; hopes++) {
        const char *ole = new_user();

        atomic_store(&asked, 0);
        succeed(decide_at(store,
                          (decision){.user_id = ole,
                                     .meddle = insertion(ole),
                                     .arm = &proxy.drop,
                                     .asked = &asked,
                                     .hopes = hopes},
                          &row, &previous));
        assert_int_equal(atomic_load(&proxy.lost), hopes + 1);
        assert_int_equal(atomic_load(&asked), 2);
        is(previous, CAREER_COLUMN_CURRENT_ROLE, "\"x\"");
        is(row, CAREER_COLUMN_CURRENT_ROLE, "\"x\"");
        is(row, CAREER_COLUMN_BUDGET, "\"high\"");
    }
    assert_true(career_store_stop(store, career_clock_now() + 10 * CAREER_SECOND));
}

static career_store *open_with_claims(const char *folder)
{
    career_store_config config = {
        .conninfo = apr_psprintf(pool, "host=%s port=5432 user=postgres dbname=%s", folder, OWN),
        .connections = 1,
        .queue = 16,
        .wait = 30 * CAREER_SECOND,
        .idle = 60 * CAREER_SECOND,
        .lifetime = 1800 * CAREER_SECOND,
        .connect = 10 * CAREER_SECOND,
        .query = 30 * CAREER_SECOND,
        .claims = true};

    return career_store_create(&config, NULL);
}

static career_identity *claimant(const char *user_id)
{
    career_identity *user = apr_pmemdup(pool, as(pool, user_id), sizeof(*user));

    user->role = "authenticated";
    user->payload = career_slice_of(apr_psprintf(pool, "{\"sub\":\"%s\"}", user_id));
    return user;
}

/* As a role that sees its own row alone, over connections that lose the acknowledgement of its commits. */
static void test_claims(void **state)
{
    const char *pat = new_user(), *folder = apr_psprintf(pool, "%s/claims", server.folder);
    static cutting_proxy proxy;
    career_identity *user = claimant(pat);
    const career_row *row, *none;
    career_store *store;
    career_error *error;

    (void)state;
    assert_string_not_equal(
        ask(OWN,
            "CREATE ROLE authenticated NOLOGIN; GRANT SELECT, INSERT, UPDATE ON career_profiles "
            "TO authenticated; ALTER TABLE career_profiles ENABLE ROW LEVEL SECURITY; "
            "CREATE POLICY own ON career_profiles TO authenticated USING "
            "(current_setting('request.jwt.claims')::json ->> 'sub' = user_id::text)"),
        "ERROR");
    mkdir(folder, 0700);
    assert_true(cutting_proxy_start(&proxy, folder, server.folder));
    store = open_with_claims(folder);
    succeed(career_store_read(store, pool, user, career_store_deadline(store), &none));
    assert_null(none);
    atomic_store(&proxy.cut, 1);
    succeed(career_store_write(store, pool, user, 0, creation(pool), career_store_deadline(store),
                               &row));
    assert_non_null(row);
    atomic_store(&proxy.cut, 1);
    succeed(career_store_write(store, pool, user, row->version,
                               change(pool, CAREER_COLUMN_BUDGET, "\"low\""),
                               career_store_deadline(store), &row));
    assert_non_null(row);
    is(row, CAREER_COLUMN_BUDGET, "\"low\"");
    assert_int_equal(atomic_load(&proxy.lost), 2);
    user->payload = career_slice_of("{\"sub\":\"00000000-0000-4000-8000-00000000dead\"}");
    succeed(career_store_read(store, pool, user, career_store_deadline(store), &none));
    assert_null(none);
    user->payload = (career_slice){NULL, 0}; /* nobody's: fails closed */
    error = career_store_read(store, pool, user, career_store_deadline(store), &none);
    assert_non_null(error);
    assert_int_equal(error->id, CAREER_ERROR_DATABASE_FORBIDDEN);
    assert_true(career_store_stop(store, career_clock_now() + 10 * CAREER_SECOND));
}

#define LINKS 6

static struct {
    career_store *store;
    cutting_proxy proxy;
    sem_t entered, gate;
    atomic_int asked;
} chain;

typedef struct link_of_chain {
    pthread_t thread;
    career_identity *user;
    career_store_decide_fn decide;
    atomic_int asked;
    career_error_id failure;
} link_of_chain;

/* Holds the lane until all the others wait. */
static const career_change *decide_at_the_gate(void *context, apr_pool_t *in, const career_row *row,
                                               career_error **error)
{
    (void)context;
    (void)row;
    (void)error;
    sem_post(&chain.entered);
    sem_wait(&chain.gate);
    return apr_pcalloc(in, sizeof(career_change));
}

/* The last of them loses what comes of all. */
static const career_change *decide_once(void *context, apr_pool_t *in, const career_row *row,
                                        career_error **error)
{
    link_of_chain *self = context;

    if (atomic_fetch_add(&chain.asked, 1) + 1 == LINKS)
        atomic_store(&chain.proxy.cut, 1);
    if (atomic_fetch_add(&self->asked, 1)) {
        *error = career_error_make(in, CAREER_ERROR_PRECONDITION_FAILED, "decided again");
        return NULL;
    }
    return row ? change(in, CAREER_COLUMN_BUDGET, "\"high\"") : creation(in);
}

static void *save_link(void *data)
{
    link_of_chain *self = data;
    apr_pool_t *mine = career_pool_create();
    const career_row *row, *previous;
    career_error *error =
        career_store_decide(chain.store, mine, self->user, career_pool_create(), self->decide, self,
                            2, career_store_deadline(chain.store), &row, &previous);

    self->failure = error ? error->id : CAREER_ERROR_COUNT;
    apr_pool_destroy(mine);
    return NULL;
}

static void start_link(link_of_chain *self, career_store_decide_fn how)
{
    *self = (link_of_chain){.user = claimant(new_user()), .decide = how};
    assert_int_equal(pthread_create(&self->thread, NULL, save_link, self), 0);
}

/* Saves with claims that wait together are sent together, and their commits may be lost together: whether the connection
 * just breaks, or says why as a pooler does, each is found to have happened. */
static void lost_chain(bool speaks)
{
    link_of_chain first, links[LINKS];

    atomic_store(&chain.proxy.speaks, speaks);
    atomic_store(&chain.proxy.lost, 0);
    atomic_store(&chain.asked, 0);
    start_link(&first, decide_at_the_gate);
    sem_wait(&chain.entered);
    for (int i = 0; i < LINKS; i++)
        start_link(&links[i], decide_once);
    usleep(200000); /* for them to come */
    sem_post(&chain.gate);
    pthread_join(first.thread, NULL);
    assert_int_equal(first.failure, CAREER_ERROR_COUNT);
    for (int i = 0; i < LINKS; i++) {
        pthread_join(links[i].thread, NULL);
        assert_int_equal(links[i].failure, CAREER_ERROR_COUNT);
        assert_int_equal(links[i].asked, 1);
        assert_non_null(read_row(own, links[i].user->user_id));
    }
    assert_int_equal(atomic_load(&chain.proxy.lost), 1);
}

static void test_lost_chain(void **state)
{
    const char *folder = apr_psprintf(pool, "%s/chain", server.folder);

    (void)state;
    sem_init(&chain.entered, 0, 0);
    sem_init(&chain.gate, 0, 0);
    mkdir(folder, 0700);
    assert_true(cutting_proxy_start(&chain.proxy, folder, server.folder));
    chain.store = open_with_claims(folder);
    lost_chain(false);
    lost_chain(true);
    assert_true(career_store_stop(chain.store, career_clock_now() + 10 * CAREER_SECOND));
}

static void test_other_hosts(void **state)
{
    career_store *store = open_store(apr_psprintf(pool, "/nonexistent,%s", server.folder), OWN, 1,
                                     30 * CAREER_SECOND);
    const char *moe = new_user();

    (void)state;
    create(store, moe);
    assert_non_null(read_row(store, moe));
    assert_true(career_store_stop(store, career_clock_now() + 10 * CAREER_SECOND));
}

/* A reason for each host, in their order, whichever was tried first or last. */
static void test_reasons_of_hosts(void **state)
{
    career_store *store =
        open_store(apr_psprintf(pool, "/nonexistent/a,%s,/nonexistent/b", server.folder),
                   "postgres", 1, 30 * CAREER_SECOND);
    const career_row *row;
    career_error *error =
        career_store_read(store, pool, as(pool, user(1)), career_store_deadline(store), &row);
    const char *first, *second, *third;

    (void)state;
    assert_non_null(error);
    assert_int_equal(error->id, CAREER_ERROR_DATABASE_UNAVAILABLE);
    first = strstr(error->cause, "/nonexistent/a/");
    second = strstr(error->cause, "not applied: ");
    third = strstr(error->cause, "/nonexistent/b/");
    assert_true(first && first < second && second < third);
    assert_true(career_store_stop(store, career_clock_now() + 10 * CAREER_SECOND));
}

static career_error_id code_of_read(career_store *store)
{
    const career_row *row;
    career_error *error =
        career_store_read(store, pool, as(pool, user(1)), career_store_deadline(store), &row);

    return error ? error->id : CAREER_ERROR_COUNT;
}

static void recover(career_store *store)
{
    career_moment until = career_clock_now() + 30 * CAREER_SECOND;

    while (code_of_read(store) != CAREER_ERROR_COUNT && career_clock_now() < until)
        usleep(20000);
    assert_int_equal(code_of_read(store), CAREER_ERROR_COUNT);
}

static void test_no_server(void **state)
{
    const char *nia = new_user();
    const career_row *row = create(own, nia), *none;
    career_error *error;

    (void)state;
    assert_true(postgres_server_stop(&server, "immediate"));
    for (int i = 0; i < 3; i++)
        assert_int_equal(code_of_read(own), CAREER_ERROR_DATABASE_UNAVAILABLE);
    error = try_write(own, nia, row->version, change(pool, CAREER_COLUMN_BUDGET, "\"low\""), &none);
    assert_non_null(error);
    assert_int_equal(error->id, CAREER_ERROR_DATABASE_UNAVAILABLE);
    assert_true(error->retry_after > 0);
    assert_true(postgres_server_start(&server));
    recover(own);
    assert_int_equal(read_row(own, nia)->version, row->version);
}

/* What nobody waits for, such as an entry to be removed, holds up nobody at a closed gate; and who waited there in
 * vain is told that the database is away, not that too many came. */
static void test_notes_at_the_gate(void **state)
{
    career_store *store = open_waiting(server.folder, OWN, 1, CAREER_SECOND, CAREER_SECOND / 4);
    career_outbox_done done = {.version = 1};
    career_moment until = career_clock_now() + 30 * CAREER_SECOND;

    (void)state;
    apr_cpystrn(done.user_id, user(1), sizeof(done.user_id));
    assert_true(postgres_server_stop(&server, "immediate"));
    while (code_of_read(store) != CAREER_ERROR_DATABASE_UNAVAILABLE && career_clock_now() < until)
        usleep(20000);
    for (int i = 0; i < 3; i++) {
        career_outbox_remove(store, &done, 1);
        assert_int_equal(code_of_read(store), CAREER_ERROR_DATABASE_UNAVAILABLE);
    }
    assert_true(postgres_server_start(&server));
    assert_true(career_store_stop(store, career_clock_now() + 20 * CAREER_SECOND));
}

static void test_frozen_server(void **state)
{
    career_store *store = open_store(server.folder, OWN, 2, CAREER_SECOND);

    (void)state;
    recover(store);
    assert_true(postgres_server_signal(&server, "STOP"));
    assert_int_equal(code_of_read(store), CAREER_ERROR_DATABASE_UNAVAILABLE);
    assert_true(postgres_server_signal(&server, "CONT"));
    recover(store);
    assert_true(career_store_stop(store, career_clock_now() + 20 * CAREER_SECOND));
}

static void test_missing_table(void **state)
{
    career_store *store = open_store(server.folder, "postgres", 1, 10 * CAREER_SECOND);
    const career_row *row;
    career_error *error =
        career_store_read(store, pool, as(pool, user(1)), career_store_deadline(store), &row);

    (void)state;
    assert_non_null(error);
    assert_int_equal(error->id, CAREER_ERROR_DATABASE_UNAVAILABLE);
    assert_non_null(strstr(error->cause, "career_profiles"));
    assert_true(career_store_stop(store, career_clock_now() + 10 * CAREER_SECOND));
}

static void test_giving_up(void **state)
{
    const career_row *row;
    career_error *error =
        career_store_read(own, pool, as(pool, user(1)), career_clock_now() - 1, &row);

    (void)state;
    assert_non_null(error);
    assert_int_equal(error->id, CAREER_ERROR_OVERLOADED);
    assert_null(row);
}

/* ------------------------------------------------------------------------------------------ frame */

static bool make_databases(void)
{
    postgres_ask(&server, "postgres", "CREATE DATABASE " OWN);
    postgres_ask(&server, "postgres", "CREATE DATABASE " EXISTING);
    return postgres_migrate(&server, OWN) &&
           strcmp(postgres_ask(&server, EXISTING, existing_table), "ERROR") != 0 &&
           postgres_migrate(&server, EXISTING);
}

static int set_up(void **state)
{
    if (pool_begin(state) != 0)
        return -1;
    running = postgres_server_make(&server);
    if (!running)
        return 0;
    if (!make_databases()) {
        print_error("sql/ does not apply\n");
        return -1;
    }
    own = open_store(server.folder, OWN, 2, 30 * CAREER_SECOND);
    existing = open_store(server.folder, EXISTING, 2, 30 * CAREER_SECOND);
    return own && existing ? 0 : -1;
}

static int tear_down(void **state)
{
    bool ended = true;

    (void)state;
    if (running)
        ended = career_store_stop(own, career_clock_now() + 10 * CAREER_SECOND) &&
                career_store_stop(existing, career_clock_now() + 10 * CAREER_SECOND);
    postgres_server_end(&server);
    apr_pool_destroy(pool);
    return ended ? 0 : -1;
}

static int need_server(void **state)
{
    (void)state;
    if (!running) {
        print_message("# no Postgres could be started\n");
        skip();
    }
    return 0;
}

#define T(function) cmocka_unit_test_setup(function, need_server)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_create_and_merge),
        T(test_lost_races),
        T(test_existing_table),
        T(test_row_without_version),
        T(test_refused_values),
        T(test_others_write),
        T(test_outbox),
        T(test_decide),
        T(test_decide_finds_what_another_made),
        T(test_questions_have_the_time_of_the_request),
        T(test_many_writers_of_one_profile),
        T(test_neighbours_of_a_locked_row),
        T(test_neighbours_of_a_refused_value),
        T(test_ended_sessions),
        T(test_lost_acknowledgement),
        T(test_lost_decision),
        T(test_lost_decision_and_race),
        T(test_claims),
        T(test_lost_chain),
        T(test_other_hosts),
        T(test_reasons_of_hosts),
        T(test_giving_up),
        T(test_missing_table),
        T(test_notes_at_the_gate),
        T(test_frozen_server),
        T(test_no_server),
    };

    signal(SIGPIPE, SIG_IGN);
    return UNIT_RUN(tests, set_up, tear_down);
}
