-- A role for the module with the rights that it needs and no other. No migration: psql runs it once the
-- migrations are applied, as the tables' owner with the right to create roles; again does no harm, and takes
-- away what the role was granted on these tables by hand.
--
--     psql -v role=career_api -f sql/role.sql "$CONNINFO"
--     psql -c '\password career_api' "$CONNINFO"       (or a certificate, or peer on a unix socket)
--
--     -v outbox=no    it saves, and clears the caches of its own saves, but leaves what is in the outbox to
--                     another server: for hosts that face the internet beside one that does not
--     -v claims=authenticated
--                     with CareerDatabaseClaims on: it sees no profile itself, but may become that role (for
--                     several roles, GRANT the others to it)

\set ON_ERROR_STOP on
\if :{?role}
\else
    \set role career_api
\endif
\if :{?outbox}
\else
    \set outbox yes
\endif

\if :{?claims}
    \set own no
\else
    \set own yes
\endif

SELECT format('CREATE ROLE %I LOGIN NOINHERIT', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role')
\gexec

BEGIN;

SET LOCAL client_min_messages = warning;
SELECT set_config('search_path', quote_ident(n.nspname), true) AS "in"
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid = 'career_profiles'::regclass
\gset

REVOKE ALL ON career_profiles, career_cache_outbox, career_schema_migrations FROM :"role";
DROP POLICY IF EXISTS career_module ON career_profiles;
REVOKE ALL ON FUNCTION career_cache_outbox_profile(uuid) FROM :"role";
REVOKE ALL ON SEQUENCE career_profiles_version_seq FROM :"role";

SELECT format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), :'role'),
       format('GRANT USAGE ON SCHEMA %s TO %I', :'in', :'role')
\gexec

\if :own
-- Column by column: whatever else an existing table holds is none of the module's business. xmin tells it
-- which row its own transaction made.
GRANT SELECT (user_id, "current_role", seniority, industry, company_name, company_size, primary_skills,
              skills_to_learn, interests, skill_tags, career_goals, timeframe, target_path, learning_style,
              available_time, budget, networking_goals, preferred_event_types, extra, version, updated_at,
              xmin),
      INSERT (user_id, "current_role", seniority, industry),
      UPDATE ("current_role", seniority, industry, company_name, company_size, primary_skills,
              skills_to_learn, interests, skill_tags, career_goals, timeframe, target_path, learning_style,
              available_time, budget, networking_goals, preferred_event_types, extra)
   ON career_profiles TO :"role";

-- An existing table may number its rows.
SELECT format('GRANT USAGE ON SEQUENCE %s TO %I', s.oid::regclass, :'role')
  FROM pg_attrdef d
  JOIN pg_depend u ON u.classid = 'pg_attrdef'::regclass AND u.objid = d.oid
                  AND u.refclassid = 'pg_class'::regclass
  JOIN pg_class s ON s.oid = u.refobjid AND s.relkind = 'S'
 WHERE d.adrelid = 'career_profiles'::regclass
\gexec

-- The module checks the token and asks for that user's row. Where row-level security is on, this lets it.
CREATE POLICY career_module ON career_profiles TO :"role" USING (true) WITH CHECK (true);
\else
GRANT :"claims" TO :"role";
\endif

-- So that it can say which migration is missing.
GRANT SELECT ON career_schema_migrations TO :"role";

\if :outbox
GRANT SELECT, UPDATE (due_at, attempts), DELETE ON career_cache_outbox TO :"role";
GRANT EXECUTE ON FUNCTION career_cache_outbox_profile(uuid) TO :"role";
\endif

COMMIT;
