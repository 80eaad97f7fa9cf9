# SPDX-License-Identifier: Apache-2.0
# A real PgBouncer in transaction mode before Postgres, whose one connection all children share: nothing is left in
# it, nothing leaks through it, and everything works as without it.
use v5.36;
use Career::Test;
use Career::Contract  qw(minimal header is_error is_saved);
use Career::PgBouncer ();

my $stack = Career::Stack->new(directives => { CareerDatabasePool => 'wait=4s', CareerInvalidateWait => '5s' });
my ($pg, $redis) = ($stack->postgres, $stack->redis);
my $bouncer = $stack->also(Career::PgBouncer->new(dir => $stack->dir . '/bouncer', postgres => $pg));
sub through (%with) { return '"' . $bouncer->conninfo_for(%with) . '"' }
my $names_pass = $bouncer->version >= 121;    # it can carry named statements since then

$stack->edit_rules('validation.lua', sub { s/(\bfields\s*=\s*\{)/$1 own = field.text {}, / });
$stack->{with}{directives}{CareerDatabase} = through();
$stack->{with}{vhosts} = [
    { name => 'plain.test' },
    map { { name => "$_.test", directives => { CareerDatabasePrepare => $_ } } } qw(off on)
];
$stack->start_servers;
$bouncer->start;
$stack->httpd->start;

sub a_user { my $user = uuid(); return ($user, token => token(sub => $user)) }
sub set (@keys) { $redis->command(SET => $_, 1) for @keys; return @keys }
sub left (@keys) { return grep { $redis->command(EXISTS => $_) } @keys }
sub outbox { return $pg->psql('SELECT count(*) FROM career_cache_outbox') }
# What is set in a connection of the pool and would be so for whoever gets it next; PgBouncer itself looks after
# what clients declare as they connect.
sub named { return $bouncer->psql('SELECT count(*) FROM pg_prepared_statements WHERE name LIKE $$career%$$') }
sub state_left { return $bouncer->psql(q{SELECT string_agg(name || '=' || setting, ' ') FROM pg_settings
    WHERE source = 'session' AND name NOT IN ('application_name', 'client_encoding', 'DateStyle', 'IntervalStyle',
    'TimeZone', 'standard_conforming_strings', 'search_path', 'default_transaction_read_only', 'in_hot_standby')})
    . $bouncer->psql('SELECT current_user || session_user || coalesce(current_setting($$request.jwt.claims$$, true), $$$$)') }

sub everything ($host) {
    my ($user, @as) = (a_user(), vhost => $host);
    is_error($stack->get(@as), 404, 'profile_not_found', 'no profile yet');
    my @keys = set("recommendations:$user:a");
    my $made = $stack->put(minimal(), @as);
    is_saved($made, 1, 'invalidated', 'it is made');
    is_deeply [left(@keys)], [], 'and its caches are cleared';
    is_saved($stack->put({ primarySkills => ['C', 'a,"b'], own => 'mine' }, @as), 0, 'invalidated', 'and changed');
    is_saved($stack->put({ own => 'mine' }, @as), 0, 'unchanged', 'and left alone');
    is_error($stack->put({ own => 'x' }, @as, headers => { 'If-Match' => header($made, 'etag') }), 412,
        'precondition_failed', 'a version of yesterday');
    is $stack->get(@as)->{json}{data}{own}, 'mine', 'and read';
    my @saved = parallel(map { my $field = $_; sub { $stack->put({ $field => ["by $field"] }, @as)->{status} } }
        ('primarySkills', 'skillsToLearn', 'interests') x 4);
    is_deeply \@saved, [(200) x 12], 'many writers of one profile, some of whom decide under a lock';
    my $data = $stack->get(@as)->{json}{data};
    is_deeply [map { @{ $data->{$_} } } qw(primarySkills skillsToLearn interests)],
        ['by primarySkills', 'by skillsToLearn', 'by interests'], 'none of whom is lost';
    my @others = parallel(map { sub { my (undef, @token) = a_user(); join ' ', map { $_->{status} }
        $stack->put(minimal(), @token, vhost => $host), $stack->get(@token, vhost => $host) } } 1 .. 12);
    is_deeply \@others, [('201 200') x 12], 'many users at once';
    wait_until { outbox() == 0 } 'the outbox is emptied';
    return;
}

for my $host (qw(plain.test off.test)) {
    subtest $host => sub {
        everything($host);
        is named(), 0, 'no named statement is left behind';
        is state_left(), 'careercareer', 'no setting and no role either';
    };
}

subtest 'the outbox, asked through it' => sub {
    my ($user, @as) = a_user();
    is_saved($stack->put(minimal(), @as), 1, 'invalidated', 'a profile');
    my @keys = set("recommendations:$user:b");
    $pg->psql("UPDATE career_profiles SET company_name = 'By SQL' WHERE user_id = '$user'");
    wait_until { !left(@keys) } 'a change in SQL clears';
    wait_until { outbox() == 0 } 'and its entry goes';
};

subtest 'what the log says of it' => sub {
    is scalar(() = $stack->httpd->log =~ /CAREER0304/g), 1, 'the fall back, once for all children';
    unlike $bouncer->log, qr/unsupported|startup param/, 'nothing was asked of PgBouncer that it does not know';
    unlike $stack->httpd->log, qr/CAREER0305/, 'its connections are not compared with those of Postgres';
};

subtest 'CareerDatabasePrepare on' => sub {
    if ($names_pass) {
        everything('on.test');
    } else {
        my (undef, @as) = a_user();
        expect_log(qr/CAREER0301: .*a pooler refuses named statements; CareerDatabasePrepare is on/,
            qr/CAREER0001: .* 503 database_unavailable/, qr/CAREER030[39]: /);
        wait_until { parallel((sub { $stack->get(@as, vhost => 'on.test')->{status} }) x 8);
            $stack->httpd->log =~ /CAREER0301: .*CareerDatabasePrepare is on/ } 'does not fall back, and says why';
        is $stack->get(@as)->{status}, 404, 'the other hosts go on';
    }
};

subtest 'it comes and goes' => sub {
    my ($user, @as) = a_user();
    expect_log(qr/CAREER030[139]: /, qr/CAREER0001: .* 503 (?:database_unavailable|overloaded)/);
    is_saved($stack->put(minimal(), @as), 1, 'invalidated', 'before');
    for my $n (1 .. 3) {
        $bouncer->stop;
        $bouncer->start;
        is_saved($stack->put({ own => "round $n" }, @as), 0, 'invalidated', 'the next save after a restart');
        $pg->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'career'");
        is_saved($stack->put({ own => "again $n" }, @as), 0, 'invalidated', 'and when Postgres ends what it shares');
    }
    $bouncer->psql('PAUSE', database => 'pgbouncer');
    my $answer = $stack->get(@as);    # or overloaded, where the lanes wait for it with something else
    is_error($answer, 503, $answer->{json}{code} eq 'overloaded' ? 'overloaded' : 'database_unavailable', 'while it pauses');
    $bouncer->psql('RESUME', database => 'pgbouncer');
    wait_until { $stack->get(@as)->{status} == 200 } 'and after';
    wait_until { $stack->put({ own => 'last' }, @as)->{status} == 200 } 'likewise';
    wait_until { outbox() == 0 } 'the outbox is emptied';
};

ok $bouncer->stop, 'PgBouncer ends';
done_testing;
