-- The outbox of cache invalidations not yet done, and the triggers that keep it and the versions,
-- whoever writes. May be applied again, and by several at once.

BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE;

SET LOCAL client_min_messages = warning;

DO $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('career_schema_migrations', 0));
    PERFORM set_config('search_path',
                       (SELECT quote_ident(n.nspname)
                          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                         WHERE c.oid = 'career_profiles'::regclass),
                       true);
END
$$;

-- A save comes to the outbox from its profile. Who applies this beside saves waits for them in that order, too, or each
-- would wait for the other.
LOCK TABLE career_profiles IN SHARE ROW EXCLUSIVE MODE;

-- At most one entry per user, the newest version: it stays bounded while no server runs. No foreign
-- key: a deleted profile has caches to clear, too.
CREATE TABLE IF NOT EXISTS career_cache_outbox (
    user_id  uuid PRIMARY KEY,
    version  bigint NOT NULL,
    due_at   timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);

-- Since when the user has had an entry: for the operator to see how long caches have been waiting.
ALTER TABLE career_cache_outbox
    ADD COLUMN IF NOT EXISTS since timestamptz NOT NULL DEFAULT clock_timestamp();

CREATE INDEX IF NOT EXISTS career_cache_outbox_due_at ON career_cache_outbox (due_at);

-- The functions run as their owner, so that no writer needs a right on the outbox or the sequence. Every name
-- in them is qualified, and nothing but pg_catalog is searched. The two that every save runs do without SET,
-- which is a fifth of their cost: they see the writer's search_path, so that each operator is qualified, too,
-- and neither IN nor IS DISTINCT FROM is used, which look for one there.
DO $migration$
DECLARE
    home text := current_schema();
BEGIN
    -- Before a row is written. TG_ARGV is empty where rows can be compared as they are; a table with
    -- json columns (which have no equality) or generated ones (which have no value yet here) names what to
    -- leave out of a comparison as jsonb.
    EXECUTE format($function$
        CREATE OR REPLACE FUNCTION %1$I.career_profiles_stamp() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER AS $body$
        BEGIN
            IF TG_OP OPERATOR(pg_catalog.=) 'UPDATE' THEN
                NEW.version := OLD.version;
                NEW.updated_at := OLD.updated_at;
                IF TG_NARGS OPERATOR(pg_catalog.=) 0 THEN
                    IF NEW OPERATOR(pg_catalog.*=) OLD THEN
                        RETURN NEW;
                    END IF;
                ELSIF (pg_catalog.to_jsonb(NEW) OPERATOR(pg_catalog.-) TG_ARGV)
                      OPERATOR(pg_catalog.=) (pg_catalog.to_jsonb(OLD) OPERATOR(pg_catalog.-) TG_ARGV) THEN
                    RETURN NEW;
                END IF;
            END IF;
            NEW.version := pg_catalog.nextval('%1$I.career_profiles_version_seq');
            NEW.updated_at := pg_catalog.clock_timestamp();
            RETURN NEW;
        END
        $body$
    $function$, home);

    -- After it. The process that committed has five seconds to clear the caches itself; then the
    -- entry is anybody's.
    EXECUTE format($function$
        CREATE OR REPLACE FUNCTION %1$I.career_cache_outbox_add(owner uuid, changed bigint)
        RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
            INSERT INTO %1$I.career_cache_outbox AS entry (user_id, version, due_at)
            VALUES (owner, changed, clock_timestamp() + interval '5 seconds')
            ON CONFLICT (user_id) DO UPDATE
                SET version = greatest(entry.version, excluded.version),
                    due_at = excluded.due_at,
                    attempts = 0
        $body$
    $function$, home);

    EXECUTE format($function$
        CREATE OR REPLACE FUNCTION %1$I.career_profiles_announce() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER AS $body$
        BEGIN
            IF TG_OP OPERATOR(pg_catalog.<>) 'DELETE' THEN
                -- A WHEN of the trigger would be parsed by every statement, at several times the cost.
                IF TG_OP OPERATOR(pg_catalog.=) 'UPDATE'
                   AND (NEW.version OPERATOR(pg_catalog.=) OLD.version
                        OR (NEW.version IS NULL AND OLD.version IS NULL)) THEN
                    RETURN NULL;
                END IF;
                INSERT INTO %1$I.career_cache_outbox AS entry (user_id, version, due_at)
                VALUES (NEW.user_id, NEW.version,
                        pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+) interval '5 seconds')
                ON CONFLICT (user_id) DO UPDATE
                    SET version = greatest(entry.version, excluded.version),
                        due_at = excluded.due_at,
                        attempts = 0;
                IF TG_OP OPERATOR(pg_catalog.=) 'INSERT'
                   OR coalesce(NEW.user_id OPERATOR(pg_catalog.=) OLD.user_id, true) THEN
                    RETURN NULL;
                END IF;
            END IF;
            PERFORM %1$I.career_cache_outbox_add(
                OLD.user_id, pg_catalog.nextval('%1$I.career_profiles_version_seq'));
            RETURN NULL;
        END
        $body$
    $function$, home);

    EXECUTE format($function$
        CREATE OR REPLACE FUNCTION %1$I.career_profiles_announce_truncate() RETURNS trigger
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
        BEGIN
            PERFORM %1$I.career_cache_outbox_add(
                        user_id, nextval('%1$I.career_profiles_version_seq'))
               FROM %1$I.career_profiles;
            RETURN NULL;
        END
        $body$
    $function$, home);

    -- The row that an entry speaks of, for whoever clears the caches: a login role that takes entries need
    -- not be one that sees profiles. Where row-level security is forced upon the owner, too, it fails,
    -- rather than to take a hidden row for a deleted one.
    EXECUTE format($function$
        CREATE OR REPLACE FUNCTION %1$I.career_cache_outbox_profile(uuid)
        RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp SET row_security = off AS $body$
            SELECT to_jsonb(p) FROM %1$I.career_profiles AS p
             WHERE p.user_id = $1
               AND EXISTS (SELECT FROM %1$I.career_cache_outbox AS e WHERE e.user_id = $1)
        $body$
    $function$, home);
END
$migration$;

-- The name sorts last: it judges the row as the application's own triggers leave it.
DO $$
DECLARE
    ignored text;
BEGIN
    SELECT string_agg(quote_literal(a.attname), ', ') INTO ignored
      FROM pg_attribute a
     WHERE a.attrelid = 'career_profiles'::regclass AND a.attgenerated <> '' AND NOT a.attisdropped;
    IF ignored IS NULL AND EXISTS (SELECT FROM pg_attribute a
                                    WHERE a.attrelid = 'career_profiles'::regclass
                                      AND a.atttypid IN ('json'::regtype, 'json[]'::regtype)
                                      AND NOT a.attisdropped) THEN
        ignored := quote_literal('version');
    END IF;
    EXECUTE format('CREATE OR REPLACE TRIGGER zz_career_profiles_stamp
                    BEFORE INSERT OR UPDATE ON career_profiles
                    FOR EACH ROW EXECUTE FUNCTION career_profiles_stamp(%s)', coalesce(ignored, ''));
    -- Code of the table's own types (a cast to json, the check of a domain) may rely on what is searched.
    IF ignored IS NOT NULL
       OR EXISTS (SELECT FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
                   WHERE a.attrelid = 'career_profiles'::regclass
                     AND a.attname IN ('version', 'updated_at') AND t.typtype <> 'b') THEN
        ALTER FUNCTION career_profiles_stamp() SET search_path = pg_catalog, pg_temp;
    END IF;
END
$$;

CREATE OR REPLACE TRIGGER career_profiles_announce AFTER INSERT OR DELETE ON career_profiles
    FOR EACH ROW EXECUTE FUNCTION career_profiles_announce();

CREATE OR REPLACE TRIGGER career_profiles_announce_update AFTER UPDATE ON career_profiles
    FOR EACH ROW EXECUTE FUNCTION career_profiles_announce();

CREATE OR REPLACE TRIGGER career_profiles_announce_truncate BEFORE TRUNCATE ON career_profiles
    FOR EACH STATEMENT EXECUTE FUNCTION career_profiles_announce_truncate();

-- Nobody but the owner, and whom the operator grants it to; not the client roles of a platform that
-- grants every new table to them.
DO $$
DECLARE
    client text;
BEGIN
    REVOKE ALL ON career_cache_outbox, career_schema_migrations FROM PUBLIC;
    REVOKE ALL ON FUNCTION career_cache_outbox_add(uuid, bigint), career_cache_outbox_profile(uuid),
        career_profiles_stamp(), career_profiles_announce(), career_profiles_announce_truncate()
        FROM PUBLIC;
    FOR client IN SELECT rolname FROM pg_roles WHERE rolname IN ('anon', 'authenticated') LOOP
        EXECUTE format('REVOKE ALL ON career_cache_outbox, career_schema_migrations FROM %I', client);
        EXECUTE format('REVOKE ALL ON SEQUENCE career_profiles_version_seq FROM %I', client);
        EXECUTE format('REVOKE ALL ON FUNCTION career_cache_outbox_add(uuid, bigint),
            career_cache_outbox_profile(uuid), career_profiles_stamp(), career_profiles_announce(),
            career_profiles_announce_truncate() FROM %I', client);
    END LOOP;
END
$$;

INSERT INTO career_schema_migrations (name) VALUES ('002_career_cache_outbox') ON CONFLICT DO NOTHING;

COMMIT;
