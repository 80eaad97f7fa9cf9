-- The career profiles: a table of its own on an empty database, or what is missing added to a table
-- that an application already has (its columns may be enums and arrays of enums; none is changed).
-- May be applied again, and by several at once. Needs the right to create in the schema and, for an
-- existing table, its ownership.

BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE;

SET LOCAL client_min_messages = warning;

-- One at a time; and everything goes where the table is, or where a new one would be.
DO $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('career_schema_migrations', 0));
    PERFORM set_config('search_path',
                       coalesce((SELECT quote_ident(n.nspname)
                                   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                                  WHERE c.oid = to_regclass('career_profiles')),
                                quote_ident(current_schema())),
                       true);
END
$$;

CREATE TABLE IF NOT EXISTS career_schema_migrations (
    name       text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- Never reused: a version names one state of one row for ever, across deletion and creation.
CREATE SEQUENCE IF NOT EXISTS career_profiles_version_seq AS bigint;

DO $$
DECLARE
    client text;
BEGIN
    IF to_regclass('career_profiles') IS NOT NULL THEN
        RETURN;
    END IF;
    -- What a value may be stands in the rules file, so that an operator may add one with no migration:
    -- the lists of values are plain text here.
    CREATE TABLE career_profiles (
        user_id               uuid PRIMARY KEY,
        "current_role"        text NOT NULL,
        seniority             text NOT NULL,
        industry              text NOT NULL,
        company_name          text,
        company_size          text,
        primary_skills        text[] NOT NULL DEFAULT '{}',
        skills_to_learn       text[] NOT NULL DEFAULT '{}',
        interests             text[] NOT NULL DEFAULT '{}',
        skill_tags            jsonb NOT NULL DEFAULT '[]',
        career_goals          text[] NOT NULL DEFAULT '{}',
        timeframe             text,
        target_path           text,
        learning_style        text[] NOT NULL DEFAULT '{}',
        available_time        text,
        budget                text,
        networking_goals      text[] NOT NULL DEFAULT '{}',
        preferred_event_types text[] NOT NULL DEFAULT '{}',
        extra                 jsonb NOT NULL DEFAULT '{}',
        version               bigint NOT NULL DEFAULT 0,
        created_at            timestamptz NOT NULL DEFAULT now(),
        updated_at            timestamptz NOT NULL DEFAULT now()
    );
    -- Some platforms grant every new table to their client roles. Who wants them here grants it, with
    -- row-level security.
    FOR client IN SELECT rolname FROM pg_roles WHERE rolname IN ('anon', 'authenticated') LOOP
        EXECUTE format('REVOKE ALL ON career_profiles FROM %I', client);
    END LOOP;
END
$$;

-- An existing table gets what it lacks. A volatile default fills the old rows without firing the
-- application's own triggers; afterwards the trigger of 002 sets the version, so that no writer needs
-- a right on the sequence.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_attribute
                    WHERE attrelid = 'career_profiles'::regclass AND attname = 'version'
                      AND NOT attisdropped) THEN
        ALTER TABLE career_profiles
            ADD COLUMN version bigint NOT NULL DEFAULT nextval('career_profiles_version_seq');
        ALTER TABLE career_profiles ALTER COLUMN version SET DEFAULT 0;
    END IF;
END
$$;

ALTER TABLE career_profiles
    ADD COLUMN IF NOT EXISTS company_name          text,
    ADD COLUMN IF NOT EXISTS company_size          text,
    ADD COLUMN IF NOT EXISTS primary_skills        text[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS skills_to_learn       text[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS interests             text[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS skill_tags            jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN IF NOT EXISTS career_goals          text[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS timeframe             text,
    ADD COLUMN IF NOT EXISTS target_path           text,
    ADD COLUMN IF NOT EXISTS learning_style        text[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS available_time        text,
    ADD COLUMN IF NOT EXISTS budget                text,
    ADD COLUMN IF NOT EXISTS networking_goals      text[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS preferred_event_types text[] NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS extra                 jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS created_at            timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS updated_at            timestamptz NOT NULL DEFAULT now();

-- A version column that was there before: above all it holds, and for the rows that hold none.
DO $$
BEGIN
    PERFORM setval('career_profiles_version_seq', top.version)
       FROM (SELECT max(version) AS version FROM career_profiles) AS top,
            career_profiles_version_seq AS sequence
      WHERE top.version > sequence.last_value;
END
$$;

UPDATE career_profiles SET version = nextval('career_profiles_version_seq')
 WHERE version IS NULL OR version <= 0;

-- One profile per user. A table whose user_id is not unique yet gets the index; it fails where there are
-- two profiles of one user, and says so.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_index i
                    WHERE i.indrelid = 'career_profiles'::regclass
                      AND i.indisunique AND i.indisvalid AND i.indimmediate
                      AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = 1
                      AND i.indkey[0] = (SELECT attnum FROM pg_attribute
                                          WHERE attrelid = i.indrelid AND attname = 'user_id')) THEN
        CREATE UNIQUE INDEX career_profiles_user_id_unique ON career_profiles (user_id);
    END IF;
END
$$;

INSERT INTO career_schema_migrations (name) VALUES ('001_career_profiles') ON CONFLICT DO NOTHING;

COMMIT;
