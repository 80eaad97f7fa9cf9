# SPDX-License-Identifier: Apache-2.0
# Row-level security as on Supabase: a login role that may see nothing itself, policies on auth.uid(), and what
# each request asks is asked as the token's role, with its claims, for one transaction.
use v5.36;
use Career::Test;
use Career::Contract  qw(minimal header is_error is_saved);
use Career::PgBouncer ();

my $stack = Career::Stack->new(directives => { CareerDatabasePool => 'connections=1 wait=10s',
    CareerDatabaseTimeout => 'query=10s', CareerInvalidateWait => '5s' });
my ($pg, $redis) = ($stack->postgres, $stack->redis);
my $bouncer = Career::PgBouncer->new(dir => $stack->dir . '/bouncer', postgres => $pg, users => ['web']);
my @own = map { "own$_" } 1 .. 8;
$stack->edit_rules('validation.lua', sub { s/(\bfields\s*=\s*\{)/$1 @{[ map { "$_ = field.text {}," } @own ]} / });
$stack->start_servers;
$bouncer->start;

# auth.uid() and auth.role() as Supabase defines them, and a witness of who wrote what.
$pg->psql(<<'SQL');
CREATE ROLE anon NOLOGIN; CREATE ROLE authenticated NOLOGIN; CREATE ROLE editor NOLOGIN; CREATE ROLE stranger NOLOGIN;
CREATE ROLE web LOGIN NOINHERIT;
GRANT authenticated, editor TO web;
CREATE SCHEMA auth;
GRANT USAGE ON SCHEMA auth TO PUBLIC;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
CREATE TABLE witness (at bigserial, event text, "table" text, who text, sub text, claims text);
CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO witness (event, "table", who, sub, claims) VALUES (TG_OP, TG_TABLE_NAME, current_user,
        current_setting('request.jwt.claim.sub', true), current_setting('request.jwt.claims', true));
    RETURN NULL;
END $$;
GRANT INSERT, SELECT ON witness TO PUBLIC;
GRANT USAGE ON SEQUENCE witness_at_seq TO PUBLIC;
CREATE TRIGGER witness AFTER INSERT OR UPDATE ON career_profiles FOR EACH ROW EXECUTE FUNCTION witness();
CREATE TRIGGER witness AFTER DELETE ON career_cache_outbox FOR EACH ROW EXECUTE FUNCTION witness();
SQL
my $policies = <<'SQL';
ALTER TABLE career_profiles ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE ON career_profiles TO authenticated, editor;
GRANT SELECT, UPDATE, DELETE ON career_cache_outbox TO web;
GRANT EXECUTE ON FUNCTION career_cache_outbox_profile(uuid) TO web;
CREATE POLICY own_select ON career_profiles FOR SELECT TO authenticated, editor USING (auth.uid() = user_id);
CREATE POLICY own_insert ON career_profiles FOR INSERT TO authenticated, editor WITH CHECK (auth.uid() = user_id
    AND auth.jwt() -> 'app_metadata' ->> 'banned' IS NULL);
CREATE POLICY own_update ON career_profiles FOR UPDATE TO authenticated, editor USING (auth.uid() = user_id);
SQL
$pg->psql($policies, user => 'career');

my %claims = (CareerDatabase => $stack->database(user => 'web'), CareerDatabaseClaims => 'on',
    CareerJwtRole => 'authenticated editor stranger missing');
my %through = (%claims, CareerDatabase => '"' . $bouncer->conninfo_for(user => 'web') . '"');
my %hosts = (
    'auto.test' => { %claims }, 'on.test' => { %claims, CareerDatabasePrepare => 'on' },
    'off.test' => { %claims, CareerDatabasePrepare => 'off' }, 'bounced.test' => { %through },
    'bounced-off.test' => { %through, CareerDatabasePrepare => 'off' },
    $bouncer->version >= 121 ? ('bounced-on.test' => { %through, CareerDatabasePrepare => 'on' }) : (),
    'bare.test' => { %claims, CareerDatabaseClaims => 'off' }
);
$stack->{with}{directives}{$_} = $claims{$_} for keys %claims;    # the main server asks the outbox, too
$stack->{with}{vhosts} = [map { { name => $_, directives => $hosts{$_},
    config => qq(<Location "/health">\nSetHandler career-health\nRequire all granted\n</Location>) } } sort keys %hosts];
$stack->httpd->start;

sub a_user ($host = 'auto.test', %claims) {
    my $user = uuid();
    return ($user, vhost => $host, token => token(sub => $user, %claims));
}
sub outbox { return $pg->psql('SELECT count(*) FROM career_cache_outbox') }
sub witnessed ($where) { return $pg->rows("SELECT who, sub, claims FROM witness WHERE $where ORDER BY at") }
sub version ($user) { return $pg->psql("SELECT version FROM career_profiles WHERE user_id = '$user'") }

subtest 'the login role by itself' => sub {
    like eval { $pg->psql('SELECT count(*) FROM career_profiles', user => 'web') } // $@, qr/permission denied/,
        'sees no profile';
    ok !eval { $pg->psql("SET ROLE anon", user => 'web') }, 'and is not just anybody';
    expect_log(qr/CAREER0307: the database refused a user: .*42501: permission denied for table career_profiles/);
    my ($user, @as) = a_user('bare.test');
    is_error($stack->get(@as), 403, 'forbidden', 'so that without claims nothing is served');
    is_error($stack->put(minimal(), @as), 403, 'forbidden', 'or saved');
    wait_until { $stack->httpd->log =~ /CAREER0307: .*grant select, insert and update on career_profiles/ }
        'the log says what to grant';
    unlike $stack->httpd->log, qr/CAREER0101/, 'and does not blame the token';
    is $stack->request(GET => '/health/ready', token => undef, vhost => 'auto.test')->{status}, 200,
        'a host with claims is ready all the same';
    is header($stack->get(@as), 'www-authenticate'), 'Bearer realm="career", error="insufficient_scope"',
        'another token may have the right';
};

for my $host (grep { $_ ne 'bare.test' } sort keys %hosts) {
    subtest "one's own profile, $host" => sub {
        my ($user, @as) = a_user($host, app_metadata => { text => "it's \"q\" \\ \x{fc}" });
        is_error($stack->get(@as), 404, 'profile_not_found', 'none yet');
        is_error($stack->patch({ budget => 'low' }, @as), 404, 'profile_not_found', 'likewise');
        $redis->command(SET => "recommendations:$user:a", 1);
        is_saved($stack->put(minimal(interests => ['a']), @as), 1, 'invalidated', 'made');
        is $redis->command(EXISTS => "recommendations:$user:a"), 0, 'its caches are cleared';
        my $read = $stack->get(@as);
        is_deeply $read->{json}{data}{interests}, ['a'], 'read';
        is_saved($stack->put({ budget => 'low' }, @as), 0, 'invalidated', 'changed');
        is_saved($stack->put({ budget => 'low' }, @as), 0, 'unchanged', 'a change that is none');
        is_saved($stack->patch({ budget => 'high' }, @as), 0, 'invalidated', 'patched');
        is_error($stack->put({ budget => 'low' }, @as, headers => { 'If-Match' => header($read, 'etag') }), 412,
            'precondition_failed', 'an old version');
        my @seen = witnessed(qq("table" = 'career_profiles' AND sub = '$user'));
        is_deeply [map { $_->[0] } @seen], [('authenticated') x @seen], 'all of it as the token\'s role';
        like $seen[0][2], qr/"sub":"$user"/, 'with the claims as JSON';
        wait_until { outbox() == 0 } 'the outbox is drained';
    };
}

subtest 'somebody else' => sub {
    my ($anna, @anna) = a_user();
    my ($ben,  @ben)  = a_user();
    is_saved($stack->put(minimal(companyName => 'Anna'), @anna), 1, 'invalidated', 'a profile');
    my $before = version($anna);
    is_error($stack->get(@ben), 404, 'profile_not_found', 'is not another\'s');
    is_saved($stack->put(minimal(companyName => 'Ben'), @ben), 1, 'invalidated', 'who has one of his own');
    is version($anna), $before, 'and leaves it alone';
    # However it comes about that the row is not the user's: what a policy hides is not there.
    $pg->psql("UPDATE career_profiles SET industry = 'x' WHERE user_id = '$ben'");
    $pg->psql('CREATE POLICY hidden ON career_profiles AS RESTRICTIVE FOR ALL TO authenticated
        USING (industry <> $$x$$)', user => 'career');
    $before = version($ben);
    is_error($stack->get(@ben), 404, 'profile_not_found', 'a row that a policy hides');
    is_error($stack->patch({ budget => 'low' }, @ben), 404, 'profile_not_found', 'likewise');
    expect_log(qr/CAREER0307: .*a policy withholds it/);
    is_error($stack->put(minimal(companyName => 'Bert'), @ben), 403, 'forbidden', 'and cannot be made again');
    is version($ben), $before, 'or changed';
    $pg->psql('DROP POLICY hidden ON career_profiles', user => 'career');
    is $stack->get(@ben)->{json}{data}{companyName}, 'Ben', 'until it shows it';
};

subtest 'what policies refuse' => sub {
    expect_log(qr/CAREER0307: .*row-level security policy/, qr/CAREER0307: .*may be inserted, but not updated/);
    my ($user, @as) = a_user('auto.test', app_metadata => { banned => 'yes' });
    is_error($stack->put(minimal(), @as), 403, 'forbidden', 'an insert');
    is $pg->psql("SELECT count(*) FROM career_profiles WHERE user_id = '$user'"), 0, 'that is none';
    is $pg->psql("SELECT count(*) FROM career_cache_outbox WHERE user_id = '$user'"), 0, 'and clears nothing';
    ($user, @as) = a_user();
    $pg->psql('DROP POLICY own_update ON career_profiles', user => 'career');
    is_error($stack->put(minimal(interests => ['a']), @as), 403, 'forbidden', 'an insert without updates');
    is $pg->psql("SELECT count(*) FROM career_profiles WHERE user_id = '$user'"), 0, 'leaves no half';
    $pg->psql("INSERT INTO career_profiles (user_id, \"current_role\", seniority, industry) VALUES ('$user', 'a', 'b',
        'c')");
    is $stack->get(@as)->{status}, 200, 'a row that may be read';
    is_error($stack->put({ seniority => 'senior' }, @as), 403, 'forbidden', 'and not changed');
    $pg->psql('CREATE POLICY own_update ON career_profiles FOR UPDATE TO authenticated, editor USING (auth.uid() = user_id)
        WITH CHECK (budget IS DISTINCT FROM $$high$$)', user => 'career');
    is_saved($stack->put({ seniority => 'senior' }, @as), 0, 'invalidated', 'with a policy it may');
    my $before = version($user);
    is_error($stack->put({ budget => 'high' }, @as), 403, 'forbidden', 'but not to everything');
    is version($user), $before, 'and nothing is written';
};

subtest 'roles' => sub {
    my ($user, @as) = a_user('auto.test', role => 'editor');
    is_saved($stack->put(minimal(), @as), 1, 'invalidated', 'another role of the list');
    is_deeply [(witnessed(qq(sub = '$user' AND "table" = 'career_profiles')))[0]->[0]], ['editor'], 'is the one that writes';
    expect_log(qr/CAREER0307: .*may not become the token's role, SQLSTATE 42501/,
        qr/CAREER0307: .*may not become the token's role, SQLSTATE 22023/);
    for my $role (qw(stranger missing)) {
        ($user, @as) = a_user('auto.test', role => $role);
        is_error($stack->get(@as), 403, 'forbidden', "$role is of the list, but not the database's to give");
        is_error($stack->put(minimal(), @as), 403, 'forbidden', 'for a save neither');
    }
    for my $role ('anon', 'postgres', 'web', 'none', 'authenticated; RESET ROLE', 'AUTHENTICATED', '') {
        ($user, @as) = a_user('auto.test', role => $role);
        is_error($stack->get(@as), 403, 'forbidden', "role '$role' is not of the list");
    }
    is_deeply [$pg->rows(q(SELECT DISTINCT who FROM witness WHERE "table" = 'career_profiles' AND sub <> '' ORDER BY 1))],
        [['authenticated'], ['editor']], 'nobody else wrote as a user';
    my ($good, $said) = $stack->configtest(vhosts => [{ name => 'none.test', directives => { %claims,
        CareerJwtRole => 'authenticated none' } }]);
    ok !$good, 'none, which would be the login role, cannot be configured';
    like $said, qr/CareerJwtRole: .*none/, 'and the message says so';
};

subtest 'nothing stays behind' => sub {
    my ($anna, @anna) = a_user();
    my ($ben,  @ben)  = a_user();
    for (1 .. 3) { $stack->put(minimal(companyName => "Company $_"), @anna) }
    is $stack->get(@anna)->{status}, 200, 'Anna\'s row';
    is_error($stack->get(@ben), 404, 'profile_not_found', 'is not there for the next on the connection');
    wait_until { outbox() == 0 } 'the outbox is drained';
    my @seen = $pg->rows(q(SELECT DISTINCT who, coalesce(sub, ''), coalesce(claims, '') FROM witness
        WHERE "table" = 'career_cache_outbox'));
    is_deeply \@seen, [['web', '', '']], 'always by the login role, with no claims set';
    is $pg->psql("SELECT has_table_privilege('authenticated', 'career_cache_outbox', 'SELECT, INSERT, UPDATE, DELETE')
        OR has_function_privilege('authenticated', 'career_cache_outbox_add(uuid, bigint)', 'EXECUTE')
        OR has_function_privilege('authenticated', 'career_cache_outbox_profile(uuid)', 'EXECUTE')
        OR has_sequence_privilege('authenticated', 'career_profiles_version_seq', 'USAGE, UPDATE')"), 'f',
        'on which the token\'s role has no right';
    is $bouncer->psql(q(SELECT current_user || coalesce(current_setting('request.jwt.claims', true), '')
        || coalesce(current_setting('request.jwt.claim.sub', true), '')
        || coalesce(current_setting('career.made', true), '')), user => 'web'), 'web',
        'and the pooler\'s one connection, which its clients share, keeps nothing';
};

subtest 'others write, too' => sub {
    my ($user, @as) = a_user();
    is_saved($stack->put(minimal(), @as), 1, 'invalidated', 'a profile');
    $stack->edit_rules('caches.lua', sub { $_ = 'return function(user, profile) return profile and
        { "company:" .. (profile.companyName or "none") } or { "deleted:" .. user.id } end' });
    my $clears = sub {
        $redis->command(SET => $_, 1) for 'company:A', 'company:none';
        $stack->put({ companyName => $_ }, @as) for 'A', undef;
        return !$redis->command(EXISTS => 'company:A') && !$redis->command(EXISTS => 'company:none');
    };
    wait_until { $stack->everywhere($clears) } 'the rules are in force, in every child, whichever looks into the outbox';
    $redis->command(SET => $_, 1) for 'company:SQL', "deleted:$user";
    $pg->psql("UPDATE career_profiles SET company_name = 'SQL' WHERE user_id = '$user'");
    wait_until { $redis->command(EXISTS => 'company:SQL') == 0 } 'a row that the login role cannot see is known to clear it';
    is $redis->command(EXISTS => "deleted:$user"), 1, 'and not taken for deleted';
    $pg->psql("DELETE FROM career_profiles WHERE user_id = '$user'");
    wait_until { $redis->command(EXISTS => "deleted:$user") == 0 } 'until it is';
};

subtest 'many users at once' => sub {
    my @users = map { [a_user($_ % 2 ? 'auto.test' : 'bounced.test', role => $_ % 3 ? 'authenticated' : 'editor')] } 1 .. 16;
    for my $round (1 .. 3) {
        my @answers = parallel(map { my ($user, @as) = @$_; sub {
            [$stack->put(minimal(companyName => "of $user", own1 => "$round"), @as)->{status},
                map { my $data = $stack->get(@as)->{json}{data}; "$data->{userId} $data->{companyName} $data->{own1}" } 1, 2]
        } } @users);
        is_deeply \@answers, [map { [$round == 1 ? 201 : 200, ("$_->[0] of $_->[0] $round") x 2] } @users],
            'each has a profile of its own, and sees it';
    }
    my %wrote = map { ("$_->[0] $_->[1]" => 1) } $pg->rows(q(SELECT who, sub FROM witness WHERE "table" = 'career_profiles'));
    is_deeply [grep { !$wrote{ (($_ + 1) % 3 ? 'authenticated' : 'editor') . " $users[$_][0]" } } 0 .. $#users], [],
        'each wrote as its own role';
    wait_until { outbox() == 0 } 'the outbox is drained';
};

subtest 'some of many are refused, or must wait' => sub {
    expect_log(qr/CAREER0307: .*row-level security policy/);
    my @users = map { [a_user($_ % 2 ? 'auto.test' : 'bounced.test')] } 1 .. 16;
    is $stack->put(minimal(), @$_[1 .. $#$_])->{status}, 201, 'a profile' for @users;
    my %refused = map { $_ => 1 } 4, 9;    # by the policy of above
    my $lock = $pg->session;
    for my $round (1 .. 4) {
        $lock->do("BEGIN; SELECT 1 FROM career_profiles WHERE user_id IN ('$users[6][0]', '$users[11][0]') FOR UPDATE;");
        my @saves = map { my ($n, undef, @as) = ($_, @{ $users[$_] });
            sub { $stack->put({ own1 => "$round", $refused{$n} ? (budget => 'high') : () }, @as)->{status} } } 0 .. $#users;
        my @answers = meanwhile(sub {
            wait_until { $pg->psql(q(SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock')) > 0 }
                'a save waits for a row that is locked';
            $lock->do('COMMIT;');
        }, @saves);
        is_deeply \@answers, [map { $refused{$_} ? 403 : 200 } 0 .. $#users], 'each has an answer of its own';
        my %saved = map { @$_ } $pg->rows(q(SELECT user_id, coalesce(extra ->> 'own1', '') FROM career_profiles));
        is_deeply [map { $saved{ $_->[0] } } @users], [map { $refused{$_} ? '' : $round } 0 .. $#users],
            'and nothing that was refused is saved, or else is lost';
    }
    $lock->close;
};

subtest 'many writers of one profile' => sub {
    my ($user, @as) = a_user();
    for my $round (1 .. 3) {
        my @answers = parallel(map { my $field = $_; sub { $stack->put(minimal($field => "$round"), @as)->{status} } } @own);
        is_deeply [sort @answers], [$round == 1 ? ((200) x 7, 201) : (200) x 8], 'all are served, the third try too';
        my $data = $stack->get(@as)->{json}{data};
        is_deeply [grep { $data->{$_} ne $round } @own], [], 'and none is lost';
    }
};

done_testing;
