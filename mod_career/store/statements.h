/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every SQL text of the module, as constants made from the table of columns. No value is ever put into a
 * text; parameters carry no type, so that a column may be text or an enum, text[] or an array of an enum,
 * json or jsonb. For the files of this room only; no code.
 */
#ifndef CAREER_STATEMENTS_H
#define CAREER_STATEMENTS_H

#include "profile/columns.h"

/* The preprocessor cannot count: each column's place among the parameters stands here, and is checked. */
#define CAREER_PLACE_CURRENT_ROLE 1
#define CAREER_PLACE_SENIORITY 2
#define CAREER_PLACE_INDUSTRY 3
#define CAREER_PLACE_COMPANY_NAME 4
#define CAREER_PLACE_COMPANY_SIZE 5
#define CAREER_PLACE_PRIMARY_SKILLS 6
#define CAREER_PLACE_SKILLS_TO_LEARN 7
#define CAREER_PLACE_INTERESTS 8
#define CAREER_PLACE_SKILL_TAGS 9
#define CAREER_PLACE_CAREER_GOALS 10
#define CAREER_PLACE_TIMEFRAME 11
#define CAREER_PLACE_TARGET_PATH 12
#define CAREER_PLACE_LEARNING_STYLE 13
#define CAREER_PLACE_AVAILABLE_TIME 14
#define CAREER_PLACE_BUDGET 15
#define CAREER_PLACE_NETWORKING_GOALS 16
#define CAREER_PLACE_PREFERRED_EVENT_TYPES 17
#define CAREER_PLACE_EXTRA 18
#define CAREER_PLACE_USER_ID 19
/* A text may become null: a flag beside it tells whether it is sent. */
#define CAREER_PLACE_CURRENT_ROLE_SENT 20
#define CAREER_PLACE_SENIORITY_SENT 21
#define CAREER_PLACE_INDUSTRY_SENT 22
#define CAREER_PLACE_COMPANY_NAME_SENT 23
#define CAREER_PLACE_COMPANY_SIZE_SENT 24
#define CAREER_PLACE_TIMEFRAME_SENT 25
#define CAREER_PLACE_TARGET_PATH_SENT 26
#define CAREER_PLACE_AVAILABLE_TIME_SENT 27
#define CAREER_PLACE_BUDGET_SENT 28
#define CAREER_PLACE_VERSION 29

#define CAREER_X(name, json, sql, kind, required)                                                  \
    _Static_assert(CAREER_PLACE_##name == CAREER_COLUMN_##name + 1, "place of a column");
CAREER_COLUMNS(CAREER_X)
#undef CAREER_X
_Static_assert(CAREER_PLACE_EXTRA == CAREER_COLUMN_COUNT + 1, "place of extra");

/* Most saves change no list and make no text null: those need fewer places, the texts' in the order of the columns. */
#define CAREER_BRIEF_CURRENT_ROLE 1
#define CAREER_BRIEF_SENIORITY 2
#define CAREER_BRIEF_INDUSTRY 3
#define CAREER_BRIEF_COMPANY_NAME 4
#define CAREER_BRIEF_COMPANY_SIZE 5
#define CAREER_BRIEF_TIMEFRAME 6
#define CAREER_BRIEF_TARGET_PATH 7
#define CAREER_BRIEF_AVAILABLE_TIME 8
#define CAREER_BRIEF_BUDGET 9
#define CAREER_BRIEF_EXTRA 10
#define CAREER_BRIEF_USER_ID 11
#define CAREER_BRIEF_VERSION 12

#define CAREER_QUOTE(text) #text
#define CAREER_NUMBER(number) CAREER_QUOTE(number)
#define CAREER_DOLLAR(place) "$" CAREER_NUMBER(place)
#define CAREER_USER CAREER_DOLLAR(CAREER_PLACE_USER_ID) "::uuid"
#define CAREER_VERSION CAREER_DOLLAR(CAREER_PLACE_VERSION) "::bigint"

/* What a column becomes, without an operator or a function, which each execution would have to look up. A bare
 * parameter takes the type of the other branch, the column's. No list becomes null, so null is one that is not sent. */
#define CAREER_TEXT_BECOMES(name, sql)                                                             \
    "CASE WHEN " CAREER_DOLLAR(CAREER_PLACE_##name##_SENT) "::bool THEN " CAREER_DOLLAR(           \
        CAREER_PLACE_##name) " ELSE p." sql " END"
#define CAREER_TEXT_LIST_BECOMES(name, sql)                                                        \
    "coalesce(" CAREER_DOLLAR(CAREER_PLACE_##name) ", p." sql ")"
#define CAREER_RECORD_LIST_BECOMES(name, sql) CAREER_TEXT_LIST_BECOMES(name, sql)
#define CAREER_MERGED(sent) "coalesce(p.extra::jsonb || " sent ", " sent ", p.extra::jsonb)"
#define CAREER_EXTRA_BECOMES CAREER_MERGED(CAREER_DOLLAR(CAREER_PLACE_EXTRA) "::jsonb")

/* A row, as career_row_decode reads it. */
enum {
    CAREER_ROW_USER_ID,
    CAREER_ROW_VERSION,
    CAREER_ROW_UPDATED_AT,
    CAREER_ROW_COLUMNS,
    CAREER_ROW_EXTRA = CAREER_ROW_COLUMNS + CAREER_COLUMN_COUNT,
    CAREER_ROW_WIDTH
};

/* Columns go as they are: JSON of each would cost the server four times as much. Records may be kept as json, and jsonb
 * of it has no blanks of its own and no name twice. */
#define CAREER_TEXT_AS_SENT(sql) ", p." sql
#define CAREER_TEXT_LIST_AS_SENT(sql) ", p." sql
#define CAREER_RECORD_LIST_AS_SENT(sql) ", p." sql "::jsonb"
#define CAREER_X_ROW(name, json, sql, kind, required) CAREER_##kind##_AS_SENT(sql)
#define CAREER_SQL_ROW                                                                             \
    "p.user_id, p.version, date_part('epoch', p.updated_at::timestamptz)" CAREER_COLUMNS(          \
        CAREER_X_ROW) ", p.extra"

#define CAREER_X_SET(name, json, sql, kind, required)                                              \
    sql " = " CAREER_##kind##_BECOMES(name, sql) ", "
#define CAREER_SQL_UPDATE(guard)                                                                   \
    "UPDATE career_profiles p SET " CAREER_COLUMNS(CAREER_X_SET) "extra = " CAREER_EXTRA_BECOMES   \
                                                                 " WHERE p.user_id = " CAREER_USER \
                                                                 " AND " guard                     \
                                                                 " RETURNING " CAREER_SQL_ROW

/* The same of what is brief. */
#define CAREER_TEXT_BRIEFLY(name, sql)                                                             \
    sql " = coalesce(" CAREER_DOLLAR(CAREER_BRIEF_##name) ", p." sql "), "
#define CAREER_TEXT_LIST_BRIEFLY(name, sql) ""
#define CAREER_RECORD_LIST_BRIEFLY(name, sql) ""
#define CAREER_X_BRIEFLY(name, json, sql, kind, required) CAREER_##kind##_BRIEFLY(name, sql)
#define CAREER_BRIEF(place) CAREER_DOLLAR(CAREER_BRIEF_##place)
/* clang-format off */
#define CAREER_SQL_UPDATE_BRIEFLY                                                                  \
    "UPDATE career_profiles p SET " CAREER_COLUMNS(CAREER_X_BRIEFLY)                               \
    "extra = " CAREER_MERGED(CAREER_BRIEF(EXTRA) "::jsonb")                                        \
    " WHERE p.user_id = " CAREER_BRIEF(USER_ID) "::uuid"                                           \
    " AND p.version = " CAREER_BRIEF(VERSION) "::bigint"                                           \
    " RETURNING " CAREER_SQL_ROW
/* clang-format on */

#define CAREER_X_SAME(name, json, sql, kind, required)                                             \
    " AND to_jsonb(" CAREER_##kind##_BECOMES(name, sql) ") IS NOT DISTINCT FROM to_jsonb(p." sql ")"

/* The migrations of sql/ that this version knows, in their order. One that it does not know is of a later
 * version, which promises not to be in the way. */
#define CAREER_MIGRATIONS(X) X("001_career_profiles") X("002_career_cache_outbox")
#define CAREER_X_MIGRATION(name) ", ('" name "')"

/* What the statements below rely on, as (migration, table, kind, name). Without its triggers a table would take a
 * save, but neither move its version nor record what is to be cleared. */
#define CAREER_PROFILES "('001_career_profiles', 'career_profiles', "
#define CAREER_OUTBOX_TRIGGER "('002_career_cache_outbox', 'career_profiles', 'trigger', "
#define CAREER_X_NEEDED(name, json, sql, kind, required) ", " CAREER_PROFILES "'column', '" sql "')"
#define CAREER_SQL_NEEDED                                                                          \
    CAREER_PROFILES                                                                                \
    "'table', NULL), "                                                                             \
    "('002_career_cache_outbox', 'career_cache_outbox', 'table', NULL), "                          \
    "('002_career_cache_outbox', 'career_cache_outbox', 'column', 'since'), " CAREER_PROFILES      \
    "'column', 'user_id'), " CAREER_PROFILES "'column', 'version'), " CAREER_PROFILES              \
    "'column', 'updated_at'), " CAREER_PROFILES "'column', 'extra'), " CAREER_OUTBOX_TRIGGER       \
    "'zz_career_profiles_stamp'), " CAREER_OUTBOX_TRIGGER                                          \
    "'career_profiles_announce'), " CAREER_OUTBOX_TRIGGER "'career_profiles_announce_update'), "   \
    "('002_career_cache_outbox', 'career_profiles', 'function', "                                  \
    "'career_cache_outbox_profile(uuid)')" CAREER_COLUMNS(CAREER_X_NEEDED)

#define CAREER_SQL_SET(setting, value) "set_config('" setting "', " value ", true) IS NOT NULL"
#define CAREER_SQL_CLAIMS                                                                          \
    CAREER_SQL_SET("request.jwt.claims", "$1")                                                     \
    " AND " CAREER_SQL_SET("request.jwt.claim.sub", "$2") " AND " CAREER_SQL_SET("role", "$3")

/* clang-format off */
/*  name, how many parameters, SQL */
#define CAREER_STATEMENTS(X)                                                                       \
    /* the row of one user */                                                                      \
    X(READ, 1, "SELECT " CAREER_SQL_ROW " FROM career_profiles p WHERE p.user_id = $1::uuid")       \
    /* rows of several users; an array behind a sub-select is not looked into by the planner, which would else \
     * plan anew at every execution, at twice the cost of the read itself */                        \
    X(READ_ALL, 1, "SELECT " CAREER_SQL_ROW " FROM career_profiles p "                              \
                   "WHERE p.user_id = ANY((SELECT $1::uuid[])::uuid[])")                                \
    /* the row of one user, until the transaction ends */                                          \
    X(LOCK, 1, "SELECT " CAREER_SQL_ROW " FROM career_profiles p WHERE p.user_id = $1::uuid FOR UPDATE") \
    /* the claims, the user's id and the role: for the rest of the transaction the user is who asks. No setting is \
     * ever null; as conditions they are set in their order, and none of them is sent back */      \
    X(CLAIMS, 3, "SELECT WHERE " CAREER_SQL_CLAIMS)                                                \
    /* with how long the transaction waits for a lock, in milliseconds */                          \
    X(CLAIMS_IN_TIME, 4, "SELECT WHERE " CAREER_SQL_SET("lock_timeout", "$4") " AND " CAREER_SQL_CLAIMS) \
    /* a row with what every row must have; the rest is what the database defaults to. It notes in the \
     * transaction that it made one; returning the column makes sure that who made it may see it */ \
    X(INSERT, 4, "INSERT INTO career_profiles AS p (user_id, \"current_role\", seniority, industry) " \
                 "VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING "                                 \
                 "RETURNING set_config('career.made', p.user_id::text, true)")                     \
    /* the change, where the version still holds */                                                \
    X(UPDATE, 29, CAREER_SQL_UPDATE("p.version = " CAREER_VERSION))                                \
    /* likewise, of texts that do not become null, and of extra: a sixth less of the server's work */ \
    X(UPDATE_BRIEFLY, 12, CAREER_SQL_UPDATE_BRIEFLY)                                               \
    /* the change, where this transaction has made the row (xmin, manual 5.5) */                   \
    X(COMPLETE, 28, CAREER_SQL_UPDATE("p.xmin = pg_current_xact_id_if_assigned()::xid")            \
                    ", set_config('career.made', '', true)")                                       \
    /* fails where a row was made and not completed, because a policy hides it from the update */  \
    X(COMPLETED, 0, "SELECT 1 / (coalesce(current_setting('career.made', true), '') = '')::int")   \
    /* after a commit that may or may not have happened: the row, if it is as the change makes it */ \
    X(LANDED, 29, "SELECT " CAREER_SQL_ROW " FROM career_profiles p WHERE p.user_id = " CAREER_USER \
                  " AND p.version > " CAREER_VERSION CAREER_COLUMNS(CAREER_X_SAME)                 \
                  " AND " CAREER_EXTRA_BECOMES " IS NOT DISTINCT FROM p.extra::jsonb")             \
    /* that alone */                                                                               \
    X(LOCK_TIMEOUT, 1, "SELECT WHERE " CAREER_SQL_SET("lock_timeout", "$1"))                       \
    X(BEGIN, 0, "BEGIN")                                                                           \
    X(COMMIT, 0, "COMMIT")                                                                         \
    X(COMMIT_AND_CHAIN, 0, "COMMIT AND CHAIN")                                                     \
    X(ROLLBACK, 0, "ROLLBACK")                                                                     \
    /* for the rest of the transaction. The outbox is empty at one moment and long at the next: a plan made for the \
     * one, which reads it all, would be kept for the other */                                      \
    X(BY_INDEX, 0, "SELECT WHERE " CAREER_SQL_SET("enable_seqscan", "'off'"))                      \
    /* outbox entries that are due, leased to us, with the rows as they are now, which only a function of \
     * their owner's shows to a login role that row-level security keeps from them */               \
    X(TAKE, 2, "WITH due AS MATERIALIZED (SELECT o.user_id FROM career_cache_outbox o "            \
               "WHERE o.due_at <= clock_timestamp() ORDER BY o.due_at LIMIT $1::int "              \
               "FOR UPDATE SKIP LOCKED), "                                                         \
               "taken AS (UPDATE career_cache_outbox o SET due_at = clock_timestamp() + "          \
               "make_interval(secs => $2::int * (1 + random() / 10)), attempts = o.attempts + 1 "  \
               "FROM due WHERE o.user_id = due.user_id "                                           \
               "RETURNING o.user_id, o.version, o.attempts) "                                      \
               "SELECT taken.user_id::text, taken.version, taken.attempts - 1, " CAREER_SQL_ROW    \
               " FROM taken LEFT JOIN LATERAL jsonb_populate_record(NULL::career_profiles, "       \
               "career_cache_outbox_profile(taken.user_id)) p ON true")                            \
    /* entries no newer than what was served; one that a writer holds just now is about to be newer */ \
    X(REMOVE, 2, "DELETE FROM career_cache_outbox o WHERE o.ctid = ANY(ARRAY(SELECT e.ctid FROM "   \
                 "career_cache_outbox e JOIN unnest((SELECT $1::uuid[]), (SELECT $2::bigint[])) "   \
                 "AS served (user_id, version) ON e.user_id = served.user_id "                     \
                 "AND e.version <= served.version FOR UPDATE OF e SKIP LOCKED))")                   \
    /* a longer lease for entries as they were taken, in milliseconds from now; locked, they are known by their place */ \
    X(KEEP, 3, "UPDATE career_cache_outbox o SET due_at = clock_timestamp() + "                    \
               "make_interval(secs => kept.lease / 1000.0) FROM (SELECT e.ctid, k.lease FROM "     \
               "career_cache_outbox e JOIN unnest((SELECT $1::uuid[]), (SELECT $2::bigint[]), "    \
               "(SELECT $3::bigint[])) AS k (user_id, version, lease) ON e.user_id = k.user_id "   \
               "AND e.version = k.version FOR UPDATE OF e SKIP LOCKED) AS kept "                   \
               "WHERE o.ctid = kept.ctid")                                                         \
    /* how many there are, as far as it is worth counting, and for how long there has been one, in µs */ \
    X(COUNT_OUTBOX, 0, "SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(o.since)) * 1000000, 0)::bigint, " \
                "(SELECT (extract(epoch FROM min(f.due_at) - clock_timestamp()) * 1000000)::bigint " \
                "FROM career_cache_outbox f) "                                                     \
                "FROM (SELECT e.since FROM career_cache_outbox e LIMIT 100000) o")                 \
    /* what the columns can hold: labels of an enum, longest text */                               \
    X(CATALOG, 0, "SELECT a.attname::text, (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) " \
                  "FROM pg_enum e WHERE e.enumtypid IN (t.oid, t.typelem))::text, "                \
                  "CASE WHEN t.typname IN ('varchar', 'bpchar') THEN nullif(a.atttypmod, -1) - 4 END " \
                  "FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "                      \
                  "WHERE a.attrelid = 'career_profiles'::regclass AND a.attnum > 0 "               \
                  "AND NOT a.attisdropped")                                                        \
    /* the columns that a constraint speaks of */                                                  \
    X(CONSTRAINT, 1, "SELECT a.attname::text FROM pg_constraint c JOIN pg_attribute a "            \
                     "ON a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey) "                    \
                     "WHERE c.conrelid = 'career_profiles'::regclass AND c.conname = $1 "          \
                     "ORDER BY a.attnum")                                                          \
    /* fails where the column's type does not take the value: the type's own input judges it, domain and \
     * length, too. Of a name that is no column's it takes any, unless the row's type itself is in the way */ \
    X(TAKES, 2, "SELECT jsonb_populate_record(NULL::career_profiles, "                             \
                "jsonb_build_object(btrim($1::text, '\"'), $2::text)) IS NULL")                     \
    /* can the table be read? Plans and checks rights, reads nothing */                            \
    X(PROBE, 0, "SELECT 1 FROM career_profiles WHERE false")                                       \
    X(PROBE_OUTBOX, 0, "SELECT 1 FROM career_cache_outbox WHERE false")                            \
    /* the backend, and how many of its kind we may have: what the server keeps for superusers is not ours, \
     * and the role and the database may have limits of their own */                               \
    X(WHO, 0, "SELECT pg_backend_pid(), least("                                                    \
              "current_setting('max_connections')::int - "                                         \
              "current_setting('superuser_reserved_connections')::int, "                           \
              "(SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = session_user), "     \
              "(SELECT nullif(datconnlimit, -1) FROM pg_database "                                 \
              "WHERE datname = current_database()))")                                              \
    /* what sql/ makes and the database lacks (null: nothing), and may we see what was applied? */    \
    X(LACKS, 0, "SELECT string_agg(DISTINCT n.migration, ', ') || ' (no ' || string_agg(CASE "     \
                "WHEN to_regclass(n.home) IS NULL THEN 'table ' || n.home "                        \
                "WHEN n.kind = 'column' THEN 'column ' || n.home || '.' || n.name "                \
                "WHEN n.kind = 'function' THEN 'function ' || n.name "                             \
                "ELSE 'trigger ' || n.name END, ', ' ORDER BY n.kind <> 'table', n.migration, "    \
                "n.kind, n.home, n.name) || ')', "                                                 \
                "to_regclass('career_schema_migrations') IS NOT NULL AND "                         \
                "has_table_privilege('career_schema_migrations', 'SELECT') FROM (VALUES "          \
                CAREER_SQL_NEEDED ") AS n (migration, home, kind, name) WHERE CASE n.kind "        \
                "WHEN 'table' THEN to_regclass(n.home) IS NULL "                                   \
                "WHEN 'column' THEN to_regclass(n.home) IS NOT NULL AND NOT EXISTS (SELECT "       \
                "FROM pg_attribute a WHERE a.attrelid = to_regclass(n.home) "                      \
                "AND a.attname = btrim(n.name, '\"') AND NOT a.attisdropped) "                     \
                "WHEN 'function' THEN to_regclass(n.home) IS NOT NULL AND to_regprocedure(n.name) IS NULL "\
                "ELSE to_regclass(n.home) IS NOT NULL AND NOT EXISTS (SELECT FROM pg_trigger t "   \
                "WHERE t.tgrelid = to_regclass(n.home) AND t.tgname = n.name "                     \
                "AND t.tgenabled IN ('O', 'A')) END")                                              \
    /* the migrations that were not applied; null: none */                                         \
    X(APPLIED, 0, "SELECT string_agg(m.name, ', ' ORDER BY m.name) FROM (VALUES (NULL)"            \
                  CAREER_MIGRATIONS(CAREER_X_MIGRATION) ") AS m (name) WHERE m.name IS NOT NULL "  \
                  "AND NOT EXISTS (SELECT FROM career_schema_migrations s WHERE s.name = m.name)")
/* clang-format on */

typedef enum career_statement {
#define CAREER_X(name, parameters, sql) CAREER_STATEMENT_##name,
    CAREER_STATEMENTS(CAREER_X)
#undef CAREER_X
        CAREER_STATEMENT_COUNT,
    CAREER_STATEMENT_OPENING =
        CAREER_STATEMENT_WHO /* from here on: asked when a connection opens */
} career_statement;

#define CAREER_PARAMETERS_MAX 29

#endif
