# SPDX-License-Identifier: Apache-2.0
# The migrations of sql/: applied twice, at once, on nothing and on a table that was there; what the server says of
# one that is missing; a database of the version before, and of the version after; and the role of sql/role.sql,
# which is all that the module needs.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal onboarding header is_error is_saved);
use Career::Place    qw(tree read_file);
use Career::Source   qw(macro_rows);

my $stack = Career::Stack->new(migrate => 0);
my $pg    = $stack->postgres;
my @files = sort map { s{.*/}{}r } glob quotemeta(tree()) . '/sql/[0-9]*.sql';
my @names = map { s/\.sql\z//r } @files;

sub a_user { my $user = uuid(); return ($user, token => token(sub => $user)) }
sub database ($name) { $pg->psql("CREATE DATABASE $name OWNER career"); return $name }
# The schema as text, without what differs from one dump to the next.
sub schema ($name) {
    my $dump = Career::Postgres::bin() . '/pg_dump';
    open my $in, '-|', $dump, '-s', '-d', $pg->conninfo_for(user => 'postgres', dbname => $name) or die "$dump: $!\n";
    return join '', grep { !/^(--|\\(un)?restrict)/ } readline $in;
}
sub applied ($name) { return join ' ', $pg->psql('SELECT name FROM career_schema_migrations ORDER BY name',
    database => $name) =~ /(\S+)/g }
sub apply_one ($file, $name, %with) {
    return $pg->psql(read_file(tree() . "/sql/$file"), user => 'career', database => $name, %with);
}
sub says ($tag) { return [$stack->httpd->log =~ /^.*(CAREER$tag: [^\n]*)/mg] }

# What an application may have had: enums, arrays of enums, a key of its own, columns that are none of ours.
my $existing = <<~'SQL';
    CREATE TYPE seniority_level AS ENUM ('junior', 'senior');
    CREATE TYPE career_goal_enum AS ENUM ('networking', 'specialization');
    CREATE TABLE career_profiles (id bigserial PRIMARY KEY, user_id uuid NOT NULL UNIQUE,
        "current_role" text NOT NULL, seniority seniority_level NOT NULL, industry text NOT NULL,
        career_goals career_goal_enum[] NOT NULL DEFAULT '{}', salary int DEFAULT 1,
        updated_at timestamptz NOT NULL DEFAULT now());
    ALTER TABLE career_profiles ENABLE ROW LEVEL SECURITY;
    INSERT INTO career_profiles (user_id, "current_role", seniority, industry)
        SELECT gen_random_uuid(), 'role ' || i, 'junior', 'Energy' FROM generate_series(1, 50) i;
    SQL

$stack->start_servers;

subtest 'the files' => sub {
    cmp_ok scalar @files, '>=', 2, 'there are some';
    like $files[$_], qr/\A@{[sprintf '%03d', $_ + 1]}_[a-z_]+\.sql\z/, "$files[$_] has the number that is its turn"
        for 0 .. $#files;
    for my $name (@names) {
        my $text = read_file(tree() . "/sql/$name.sql");
        like $text, qr/^BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE;$/m, "$name is one transaction";
        like $text, qr/pg_advisory_xact_lock\(hashtextextended\('career_schema_migrations', 0\)\)/, 'under the lock';
        like $text, qr/^INSERT INTO career_schema_migrations \(name\) VALUES \('$name'\) ON CONFLICT DO NOTHING;\n\nCOMMIT;\n\z/m,
            'and is recorded at its end';
    }
    is_deeply [map { $_->[0] } macro_rows('mod_career/store/statements.h', 'CAREER_MIGRATIONS')], \@names,
        'and the module knows them all';
};

subtest 'on nothing' => sub {
    database('fresh');
    my @results = parallel(map { sub { eval { $pg->migrate(database => 'fresh'); 1 } ? 'done' : $@ } } 1 .. 6);
    is_deeply \@results, [('done') x 6], 'six at once';
    is applied('fresh'), "@names", 'each is recorded once';
    my $before = schema('fresh');
    my $times  = $pg->psql('SELECT string_agg(applied_at::text, $$ $$ ORDER BY name) FROM career_schema_migrations',
        database => 'fresh');
    $pg->migrate(database => 'fresh');
    is schema('fresh'), $before, 'applied again they change nothing';
    is $pg->psql('SELECT string_agg(applied_at::text, $$ $$ ORDER BY name) FROM career_schema_migrations',
        database => 'fresh'), $times, 'and the record says when it was first';
};

subtest 'on a table that was there' => sub {
    database('older');
    $pg->psql($existing, user => 'career', database => 'older');
    my @results = parallel(map { sub { eval { $pg->migrate(database => 'older'); 1 } ? 'done' : $@ } } 1 .. 4);
    is_deeply \@results, [('done') x 4], 'four at once';
    is applied('older'), "@names", 'each is recorded';
    is $pg->psql('SELECT count(*), count(DISTINCT version), min(version) > 0, sum(salary), min(seniority::text)
        FROM career_profiles', database => 'older'), join("\x1f", 50, 50, 't', 50, 'junior'),
        'every row is there, with a version of its own';
    is $pg->psql('SELECT count(*) FROM career_cache_outbox', database => 'older'), 0, 'and nothing has to be cleared';
    my $before = schema('older');
    $pg->migrate(database => 'older');
    is schema('older'), $before, 'applied again they change nothing';
};

# Triggers as an older version made them: they do, and the files of this one bring them up to date.
subtest 'on what an older version made of them' => sub {
    database('aged');
    $pg->migrate(database => 'aged');
    $pg->psql(q{ALTER FUNCTION career_profiles_stamp() SET search_path = pg_catalog, pg_temp;
        ALTER FUNCTION career_profiles_announce() SET search_path = pg_catalog, pg_temp;
        CREATE OR REPLACE TRIGGER career_profiles_announce_update AFTER UPDATE ON career_profiles FOR EACH ROW
            WHEN (OLD.version IS DISTINCT FROM NEW.version) EXECUTE FUNCTION career_profiles_announce();
        INSERT INTO career_profiles (user_id, "current_role", seniority, industry) VALUES (gen_random_uuid(), 'a', 'b', 'c')},
        user => 'career', database => 'aged');
    isnt schema('aged'), schema('fresh'), 'they differ';
    my $version = sub { $pg->psql('SELECT version FROM career_profiles', database => 'aged') };
    my $before = $version->();
    $pg->migrate(database => 'aged');
    is schema('aged'), schema('fresh'), 'applied again they are as if they were new';
    is $version->(), $before, 'no row is touched';
    $pg->psql("UPDATE career_profiles SET industry = 'd'", database => 'aged');
    is $pg->psql('SELECT version FROM career_cache_outbox', database => 'aged'), $version->(), 'and a change is announced';
};

subtest 'where every transaction is serializable, or only reads' => sub {
    database('strict');
    $pg->psql('ALTER DATABASE strict SET default_transaction_isolation = serializable;
        ALTER DATABASE strict SET default_transaction_read_only = on');
    my @results = parallel(map { sub { eval { $pg->migrate(database => 'strict'); 1 } ? 'done' : $@ } } 1 .. 4);
    is_deeply \@results, [('done') x 4], 'four at once';
    is applied('strict'), "@names", 'each is recorded';
};

subtest 'a file that fails leaves nothing' => sub {
    database('broken');
    $pg->psql('CREATE TABLE career_profiles (user_id uuid); INSERT INTO career_profiles SELECT u FROM
        (SELECT gen_random_uuid() AS u) AS one, generate_series(1, 2)', user => 'career', database => 'broken');
    my $before = schema('broken');
    ok !eval { apply_one($files[0], 'broken'); 1 }, 'two profiles of one user';
    like $@, qr/could not create unique index/, 'it says why';
    is schema('broken'), $before, 'and has done nothing by half';
};

# A save has its row, and comes to the outbox only then: whoever applies a file must not have that and wait for the row.
subtest 'beside a save that is under way' => sub {
    database('busy');
    $pg->migrate(database => 'busy');
    $pg->psql(q{INSERT INTO career_profiles (user_id, "current_role", seniority, industry)
        VALUES (gen_random_uuid(), 'a', 'b', 'c')}, database => 'busy');
    for my $file (@files) {
        my $save = $pg->session(database => 'busy');
        $save->do("BEGIN; UPDATE career_profiles SET industry = 'x' WHERE false;");
        my $said;
        my ($applied) = meanwhile(sub {
            wait_until { $pg->psql(q{SELECT count(*) FROM pg_stat_activity WHERE datname = 'busy'
                AND wait_event_type = 'Lock'}) } "$file waits for the save";
            $said = $save->do("UPDATE career_profiles SET industry = 'of $file'; COMMIT;");
        }, sub { eval { apply_one($file, 'busy'); 1 } ? 'applied' : $@ });
        $save->close;
        is $said, '', 'which goes on';
        is $applied, 'applied', 'and so does the file';
        is $pg->psql('SELECT industry FROM career_profiles', database => 'busy'), "of $file", 'and both have what they wanted';
    }
};

# ------------------------------------------------------------------------------------------------- the server's look

expect_log(qr/CAREER0306: /, qr/CAREER0308: /, qr/CAREER0001: .* 503 database_unavailable/);
$stack->{with}{vhosts} = [map { { name => "$_.test", directives => { CareerDatabase => $stack->database(dbname => $_) } } }
    qw(fresh bare first hidden ahead)];
$pg->migrate;
database('bare');
database('first');
apply_one($files[0], 'first');
for my $name (qw(hidden ahead)) {
    database($name);
    $pg->migrate(database => $name);
}
$stack->httpd->start;

subtest 'migrations that are missing' => sub {
    my ($user, @as) = a_user();
    is_error($stack->get(@as, vhost => 'bare.test'), 503, 'database_unavailable', 'an empty database');
    wait_until { grep { /not applied: 001_career_profiles, 002_career_cache_outbox \(no table / } @{ says('0306') } }
        'the log says which are missing';
    is_error($stack->get(@as, vhost => 'first.test'), 503, 'database_unavailable', 'only the first is applied');
    my $second = qr/not applied: 002_career_cache_outbox \(no table career_cache_outbox/;
    wait_until { grep { /$second.*; apply the files of sql\/ in their order/ } @{ says('0306') } }
        'the log says which is missing, and the cure';
    $pg->migrate(database => 'first');
    wait_until { $stack->put(minimal(), @as, vhost => 'first.test')->{status} =~ /^20/ } 'which works by itself';
    is_deeply says('0308'), [], 'a database that has all is not spoken of';
};

# There the newest migration adds nothing that this version cannot do without; a database where it is not recorded
# stands for it. 001 and 002 are both needed, as the test above shows.
subtest 'the schema of the version before' => sub {
    $pg->psql("DELETE FROM career_schema_migrations WHERE name = '$names[-1]'", database => 'hidden');
    my @answers = parallel(map { sub { my (undef, @as) = a_user();
        return $stack->put(minimal(), @as, vhost => 'hidden.test')->{status} } } 1 .. 24);
    is_deeply \@answers, [(201) x 24], 'everything works';
    wait_until { @{ says('0308') } } 'the log names what is missing';
    like says('0308')->[0], qr/: $names[-1]; apply the files of sql\/ in their order/, 'with the cure';
    is_deeply [map { (a_user())[2] && $stack->get(token => token(sub => uuid()), vhost => 'hidden.test')->{status} } 1 .. 12],
        [(404) x 12], 'whichever child is asked';
    is scalar @{ says('0308') }, 1, 'once for all children';
};

# What a later version may add: tables, columns with defaults, functions, triggers of its own, a new name.
subtest 'the schema of the version after' => sub {
    $pg->psql(q{ALTER TABLE career_profiles ADD COLUMN headline text, ADD COLUMN rank int NOT NULL DEFAULT 7;
        ALTER TABLE career_cache_outbox ADD COLUMN second_at timestamptz, ADD COLUMN why text NOT NULL DEFAULT '';
        CREATE TABLE career_later (id int);
        INSERT INTO career_schema_migrations (name) VALUES ('003_of_a_later_version')}, user => 'career', database => 'ahead');
    my ($user, @as) = (a_user(), vhost => 'ahead.test');
    my $since = length $stack->httpd->log;
    $stack->redis->command(SET => "recommendations:$user:a", 1);
    is_saved($stack->put(onboarding(), @as), 1, 'invalidated', 'a profile is made');
    is_saved($stack->put({ budget => 'high' }, @as), 0, 'invalidated', 'and changed');
    is $stack->get(@as)->{json}{data}{budget}, 'high', 'and read';
    is $stack->redis->command(EXISTS => "recommendations:$user:a"), 0, 'and its caches are cleared';
    $pg->psql("UPDATE career_profiles SET industry = 'by hand', rank = 8 WHERE user_id = '$user'", database => 'ahead');
    wait_until { $pg->psql('SELECT count(*) FROM career_cache_outbox', database => 'ahead') == 0 } 'the outbox is emptied';
    unlike substr($stack->httpd->log, $since), qr/CAREER0308|CAREER0303|of_a_later/, 'and nothing is said';
};

# ------------------------------------------------------------------------------------------------- the role

sub make_role ($database, @with) {
    $pg->psql('', database => $database, arguments => ['-v', 'role=the "api"', @with, '-f', tree() . '/sql/role.sql']);
    return;
}

sub grants ($database) {
    return join "\n", map { "@$_" } $pg->rows(q{SELECT relname, coalesce(attname, '*'), string_agg(privilege_type, ' ' ORDER BY privilege_type)
        FROM (SELECT relname, NULL AS attname, (aclexplode(relacl)).* FROM pg_class WHERE relnamespace = 'public'::regnamespace
            UNION ALL SELECT relname, attname, (aclexplode(attacl)).* FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
        UNION ALL SELECT proname, NULL, (aclexplode(proacl)).* FROM pg_proc WHERE pronamespace = 'public'::regnamespace) AS g
        WHERE grantee = (SELECT oid FROM pg_roles WHERE rolname = 'the "api"') GROUP BY 1, 2 ORDER BY 1, 2}, database => $database);
}

sub everything ($host, $name) {
    my ($user, @as) = (a_user(), vhost => $host);
    is_error($stack->get(@as), 404, 'profile_not_found', "$name: no profile yet");
    $stack->redis->command(SET => "recommendations:$user:a", 1);
    is_saved($stack->put(minimal(industry => 'Energy'), @as), 1, 'invalidated', "$name: it is made");
    is $stack->redis->command(EXISTS => "recommendations:$user:a"), 0, "$name: and its caches are cleared";
    is_saved($stack->put({ primarySkills => ['C'], careerGoals => ['networking'], companyName => 'X' }, @as), 0,
        'invalidated', "$name: and changed");
    my @saved = parallel(map { my $field = $_; sub { $stack->put({ $field => ["by $field"] }, @as)->{status} } }
        ('primarySkills', 'skillsToLearn', 'interests') x 5);
    is_deeply \@saved, [(200) x 15], "$name: many writers, some of whom decide under a lock";
    my $data = $stack->get(@as)->{json}{data};
    is_deeply [map { @{ $data->{$_} } } qw(primarySkills skillsToLearn interests)],
        ['by primarySkills', 'by skillsToLearn', 'by interests'], "$name: none of whom is lost";
    is_error($stack->put({ seniority => 'vp' }, @as), 400, 'validation_failed', "$name: a value that the enum lacks")
        if $host =~ /older/;
    return ($user, @as);
}

my @databases = qw(fresh older);
make_role($_) for @databases;
$stack->reconfigure(vhosts => [map { { name => "$_.test",
    directives => { CareerDatabase => $stack->database(dbname => $_, user => 'the "api"') } } } @databases]);

subtest 'a role with no right too many' => sub {
    my @columns = map { $_->[2] =~ tr/"//dr } macro_rows('mod_career/profile/columns.h', 'CAREER_COLUMNS');
    cmp_ok scalar @columns, '>', 15, 'there are columns';
    my %first = map { $_ => 1 } 'user_id', @columns[0 .. 2];
    my %updated = map { $_ => 1 } @columns, 'extra';
    my @expected = map { my $column = $_; "career_profiles $column " . join ' ', $first{$column} ? 'INSERT' : (), 'SELECT',
        $updated{$column} ? 'UPDATE' : () } @columns, qw(user_id extra version updated_at xmin);
    push @expected, 'career_cache_outbox * DELETE SELECT', 'career_cache_outbox due_at UPDATE',
        'career_cache_outbox attempts UPDATE', 'career_schema_migrations * SELECT',
        'career_cache_outbox_profile * EXECUTE';
    my $text;
    for my $database (@databases) {
        $text = join "\n", sort @expected, $database eq 'older' ? 'career_profiles_id_seq * USAGE' : ();
        is grants($database), $text, "$database: what was granted";
        my ($user, @as) = everything("$database.test", $database);
        $pg->psql("UPDATE career_profiles SET industry = 'by hand' WHERE user_id = '$user'", database => $database);
        wait_until { $pg->psql('SELECT count(*) FROM career_cache_outbox', database => $database) == 0 }
            "$database: it does what others left in the outbox";
        make_role($database);
        is grants($database), $text, "$database: again is the same";
    }
    for my $forbidden ('DELETE FROM career_profiles', 'TRUNCATE career_profiles', 'SELECT salary FROM career_profiles',
        'UPDATE career_profiles SET version = 1', 'UPDATE career_profiles SET user_id = gen_random_uuid()',
        'INSERT INTO career_cache_outbox VALUES (gen_random_uuid(), 1, now())', 'UPDATE career_cache_outbox SET version = 1',
        'DELETE FROM career_schema_migrations', "SELECT nextval('career_profiles_version_seq')",
        'SELECT career_cache_outbox_add(gen_random_uuid(), 1)', 'CREATE TABLE mine (i int)') {
        ok !eval { $pg->psql($forbidden, user => 'the "api"', database => 'older'); 1 } && $@ =~ /permission denied/,
            "it may not: $forbidden" or diag $@;
    }
};

# Each right is needed: without it something says so.
subtest 'and none too few' => sub {
    expect_log(qr/CAREER0303: /, qr/CAREER0001: /, qr/CAREER0301: /, qr/CAREER0307: /);
    my ($user, @as) = (a_user(), vhost => 'fresh.test');
    is $stack->put(minimal(), @as)->{status}, 201, 'a profile';
    my $without = sub ($right, $request, $name) {
        $pg->psql(qq(REVOKE $right FROM "the ""api"""), database => 'fresh');
        my $status = $request->()->{status};
        $pg->psql(qq(GRANT $right TO "the ""api"""), database => 'fresh');
        is $status, 403, "without $name";
    };
    my $change = do { my $n; sub { $stack->put({ companyName => 'No. ' . ++$n }, @as) } };
    my $create = sub { $stack->put(minimal(), token => token(sub => uuid()), vhost => 'fresh.test') };
    my $read   = sub { $stack->get(@as) };
    $without->("SELECT ($_) ON career_profiles", $read, "reading $_") for qw(user_id version updated_at extra budget);
    $without->('SELECT (xmin) ON career_profiles', $create, 'reading xmin');
    $without->("INSERT ($_) ON career_profiles", $create, "inserting $_") for qw(user_id industry);
    $without->("UPDATE ($_) ON career_profiles", $change, "changing $_") for qw(extra company_name budget);
    $without->('USAGE ON SCHEMA public', sub { $pg->psql('REVOKE USAGE ON SCHEMA public FROM PUBLIC', database => 'fresh');
        my $answer = $change->();
        $pg->psql('GRANT USAGE ON SCHEMA public TO PUBLIC', database => 'fresh');
        return { status => $answer->{status} =~ /^(403|503)$/ ? 403 : $answer->{status} } }, 'the schema');
    wait_until { $change->()->{status} == 200 } 'and with all of them again it works';
};

subtest 'without rights on the outbox' => sub {
    make_role('fresh', '-v', 'outbox=no');
    unlike grants('fresh'), qr/outbox/, 'there are none';
    my ($user) = everything('fresh.test', 'it still saves and clears');
    cmp_ok $pg->psql('SELECT count(*) FROM career_cache_outbox', database => 'fresh'), '>', 0,
        'and what it may not remove stays';
    wait_until { $stack->httpd->log =~ /CAREER0303: a statement failed: outbox, SQLSTATE 42501/ } 'the log says so';
    $stack->reconfigure(vhosts => [{ name => 'fresh.test', directives => { CareerDatabase => $stack->database(dbname => 'fresh') } }]);
    wait_until { $pg->psql('SELECT count(*) FROM career_cache_outbox', database => 'fresh') == 0 }
        'for a server that may';
};

subtest 'a role that only becomes others' => sub {
    $pg->psql(q{CREATE ROLE authenticated NOLOGIN; GRANT USAGE ON SCHEMA public TO authenticated;
        GRANT SELECT, INSERT, UPDATE ON career_profiles TO authenticated; GRANT USAGE ON SEQUENCE career_profiles_id_seq TO authenticated;
        CREATE POLICY own ON career_profiles TO authenticated
            USING (user_id = current_setting('request.jwt.claim.sub', true)::uuid)}, database => 'older');
    make_role('older', '-v', 'claims=authenticated');
    unlike grants('older'), qr/career_profiles /, 'it has no right on the profiles';
    $stack->reconfigure(vhosts => [{ name => 'older.test', directives => { CareerDatabaseClaims => 'on',
        CareerDatabase => $stack->database(dbname => 'older', user => 'the "api"') } }]);
    my ($user) = everything('older.test', 'with CareerDatabaseClaims');
    $pg->psql("UPDATE career_profiles SET industry = 'by hand' WHERE user_id = '$user'", database => 'older');
    wait_until { $pg->psql('SELECT count(*) FROM career_cache_outbox', database => 'older') == 0 } 'and does the outbox';
};

done_testing;
