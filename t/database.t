# SPDX-License-Identifier: Apache-2.0
# Postgres away, slow, frozen, restarted, and asked by many at once. An answer always comes, it tells the truth,
# and no confirmed save is lost.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal header is_error is_saved);

# A request may wait longer than the longest pause between two attempts to connect, so that the first one after a
# restart need not be lucky.
my $stack = Career::Stack->new(postgres => 0,
    directives => { CareerDatabaseTimeout => 'connect=2s query=3s', CareerDatabasePool => 'wait=5s' });
my @own = map { "own$_" } 1 .. 32;
$stack->edit_rules('validation.lua', sub { s/(\bfields\s*=\s*\{)/$1 @{[ map { "$_ = field.text {}," } @own ]} / });
$stack->start;
my $pg = $stack->postgres;

sub a_user { my $user = uuid(); return ($user, token => token(sub => $user)) }
my ($user, @as) = a_user();
sub static { return $stack->request(GET => '/static.txt', token => undef)->{status} }
# Every child has a connection when many answers in a row are good.
sub everywhere { for (1 .. 12) { return 0 if $stack->get(@as)->{status} != 200 } return 1 }
sub outbox { return $pg->psql('SELECT count(*) FROM career_cache_outbox') }

expect_log(qr/CAREER0301: Postgres cannot be used/, qr/CAREER0001: .* 503 database_unavailable/,
    qr/CAREER0001: .* 503 overloaded/,
    qr/CAREER0303: a statement failed/, qr/CAREER0309: Postgres ended a connection/,
    qr/CAREER0307: the database refused a user/, qr/CAREER0306: /);

subtest 'down at the start' => sub {
    is static(), 200, 'the server starts';
    is_error($stack->get(@as), 503, 'database_unavailable', 'GET is 503');
    is_error($stack->put(minimal(), @as), 503, 'database_unavailable', 'PUT is 503');
    is_error($stack->get(token => undef), 401, 'no_token', 'what needs no database works');
    is_error($stack->put('{', @as), 400, 'invalid_json', 'likewise');
    is $stack->request(OPTIONS => '/api/profile/career')->{status}, 204, 'likewise';
    my @answers = parallel(map { sub { $stack->get(@as)->{status} } } 1 .. 24);
    is_deeply \@answers, [(503) x 24], 'many at once are told so too';
    wait_until { $stack->httpd->log =~ /CAREER0301/ } 'the log says what is wrong';
    $pg->start;
    $pg->migrate;
    wait_until { $stack->get(@as)->{status} == 404 } 'it recovers by itself';
    wait_until { $stack->put(minimal(), @as)->{status} =~ /^20/ } 'and saves';
};

subtest 'restarted between requests' => sub {
    wait_until { everywhere() } 'before';
    $pg->stop;
    $pg->start;
    is $stack->get(@as)->{status}, 200, 'the next GET succeeds';
    is_saved($stack->put({ budget => 'low' }, @as), 0, 'invalidated', 'and the next PUT');
    ok everywhere(), 'and those after';
    $pg->crash;
    $pg->start;
    is_saved($stack->put({ budget => 'high' }, @as), 0, 'invalidated', 'a PUT after a crash');
    for my $round (1 .. 3) {
        $pg->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'career'");
        is_saved($stack->put({ budget => $round % 2 ? 'low' : 'high' }, @as), 0, 'invalidated',
            'after the end of every backend');
    }
};

# Whoever takes an entry of the outbox falls asleep over it, so that a statement is on its way when its connection ends.
subtest 'a connection that ends in the middle of a statement' => sub {
    my $since = length $stack->httpd->log;
    wait_until { outbox() == 0 } 'nothing is left to be done';
    $pg->psql("UPDATE career_profiles SET company_name = 'By SQL' WHERE user_id = '$user';
        UPDATE career_cache_outbox SET due_at = now();" . q{
        CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(250); RETURN NEW; END $$;
        CREATE TRIGGER doze BEFORE UPDATE ON career_cache_outbox FOR EACH ROW EXECUTE FUNCTION doze()});
    my $killer = $pg->session;
    wait_until {
        $killer->do(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'career' AND wait_event = 'PgSleep';});
        substr($stack->httpd->log, $since) =~ /CAREER0309: .*: outbox, SQLSTATE 57P01: .*nothing after a restart/;
    } 'is told as what it is';
    $killer->close;
    $pg->psql('DROP TRIGGER doze ON career_cache_outbox; DROP FUNCTION doze()');
    unlike $stack->httpd->log, qr/CAREER0303: .*57P01/, 'and as nothing else';
    wait_until { outbox() == 0 && everywhere() } 'all goes on';
};

subtest 'frozen' => sub {
    my $busy = sub { parallel((map { sub { $stack->get(@as)->{json}{code} } } 1 .. 20),
        (map { sub { $stack->put({ budget => 'free-only' }, @as)->{json}{code} } } 1 .. 4), sub { static() }) };
    $pg->freeze;
    my @codes  = $busy->();
    my $static = pop @codes;
    is_deeply [grep { !/^(database_unavailable|overloaded)$/ } @codes], [], 'each request gets its 503'
        or diag "@codes";
    is $static, 200, 'a static file is served meanwhile';
    my $answer;
    wait_until { $answer = $stack->get(@as); ($answer->{json}{code} // '') eq 'database_unavailable' } 'the cause is found';
    is_error($answer, 503, 'database_unavailable', 'and told with the contract\'s error');
    $pg->thaw;
    wait_until { $stack->get(@as)->{status} == 200 } 'it recovers';
    wait_until { $stack->put({ budget => 'unlimited' }, @as)->{status} == 200 } 'for saves too';
    wait_until { outbox() == 0 } 'what was committed behind the clients\' backs has cleared its caches';
};

subtest 'a locked row' => sub {
    my ($other, @other) = a_user();
    is_saved($stack->put(minimal(), @other), 1, 'invalidated', 'a neighbour');
    my $lock = $pg->session;
    $lock->do("BEGIN; SELECT 1 FROM career_profiles WHERE user_id = '$user' FOR UPDATE;");
    my ($locked, @free) = parallel(sub { $stack->put({ budget => 'low' }, @as) },
        map { my $text = "text $_"; sub { $stack->put({ own1 => $text }, @other)->{status} } } 1 .. 6);
    $lock->do('ROLLBACK;');
    $lock->close;
    is_error($locked, 503, 'database_unavailable',
        'its own save waits in vain') unless $locked->{json}{code} eq 'overloaded';
    is_deeply \@free, [(200) x 6], 'the neighbour\'s do not wait for it';
    is $stack->get(@as)->{status}, 200, 'the row can be read';
    wait_until { $stack->put({ budget => 'moderate' }, @as)->{status} == 200 } 'and saved when the lock is gone';
};

subtest 'first saves of one user, all at once' => sub {
    for (1 .. 3) {
        my ($fresh, @fresh) = a_user();
        my @answers = parallel(map { my $field = $_; sub { $stack->put(minimal($field => "by $field"),
            @fresh)->{status} } } @own);
        is_deeply [sort @answers], [(200) x 31, 201], 'exactly one creates';
        my $data = $stack->get(@fresh)->{json}{data};
        is_deeply { map { $_ => $data->{$_} } @own }, { map { $_ => "by $_" } @own }, 'and nothing is lost';
    }
};

subtest 'writers of different fields, all at once' => sub {
    my ($fresh, @fresh) = a_user();
    is_saved($stack->put(minimal(), @fresh), 1, 'invalidated', 'a profile');
    for my $round (1 .. 3) {
        my @answers = parallel(map { my $field = $_; sub { $stack->put({ $field => "round $round" },
            @fresh)->{status} } } @own);
        is_deeply \@answers, [(200) x 32], 'each is saved';
        my $data = $stack->get(@fresh)->{json}{data};
        is_deeply [grep { ($data->{$_} // '') ne "round $round" } @own], [], 'and none is lost';
    }
    my $version = $pg->psql("SELECT version FROM career_profiles WHERE user_id = '$fresh'");
    my @same = parallel(map { sub { $stack->put({ budget => 'low' }, @fresh)->{json}{cache}{status} } } 1 .. 16);
    is scalar(grep { $_ ne 'unchanged' } @same), 1, 'of equal changes only one is a change';
};

subtest 'connections that break under load' => sub {
    my @users = map { [a_user()] } 1 .. 6;
    is $stack->put(minimal(), @$_[1, 2])->{status}, 201, 'a profile' for @users;
    my $writer = sub ($id, @token) {
        my $confirmed = 0;
        for my $n (1 .. 40) {
            my $answer = $stack->put({ own1 => "$n" }, @token);
            die "status $answer->{status}" if $answer->{status} !~ /^(200|503)$/;
            $confirmed = $n if $answer->{status} == 200;
        }
        return $confirmed;
    };
    my @confirmed = parallel((map { my @of = @$_; sub { $writer->(@of) } } @users),
        sub { $pg->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'career'"),
            select undef, undef, undef, 0.05
            for 1 .. 25; 0 });
    for my $index (0 .. $#users) {
        my ($id, @token) = @{ $users[$index] };
        wait_until { $stack->get(@token)->{status} == 200 } 'it can be read';
        cmp_ok $stack->get(@token)->{json}{data}{own1}, '>=', $confirmed[$index], 'no confirmed save is lost';
    }
    wait_until { outbox() == 0 } 'every commit has cleared its caches';
};

subtest 'databases that refuse' => sub {
    my $password = 'a-password-that-nobody-may-read';
    secret($password);
    $pg->psql("CREATE ROLE full LOGIN CONNECTION LIMIT 0; CREATE ROLE reader LOGIN; GRANT SELECT ON career_profiles TO reader;
        CREATE DATABASE bare");
    my %databases = (
        'full.test' => $stack->database(user => 'full'), 'reader.test' => $stack->database(user => 'reader'),
        'bare.test' => $stack->database(dbname => 'bare'), 'nobody.test' => $stack->database(user => 'nobody',
        password => $password),
        'nowhere.test' => '"host=/nonexistent user=career"', 'closed.test' => '"host=127.0.0.1 port=1 user=career"',
        'off.test' => $stack->database()
    );
    $stack->reconfigure(vhosts => [{ name => 'plain.test' }, map { { name => $_,
        directives => { CareerDatabase => $databases{$_},
        $_ eq 'off.test' ? (CareerDatabasePrepare => 'off') : () } } } sort keys %databases]);
    is_error($stack->get(@as, vhost => $_), 503, 'database_unavailable', $_)
        for qw(full.test nobody.test nowhere.test closed.test bare.test);
    is $stack->get(@as, vhost => 'reader.test')->{status}, 200, 'a role that may read reads';
    is_error($stack->put({ budget => 'low' }, @as, vhost => 'reader.test'), 403, 'forbidden',
        'and is refused when it writes');
    is $stack->put({ own2 => $_ }, @as, vhost => 'off.test')->{status}, 200, 'without named statements' for 'a' .. 'c';
    is $stack->get(@as, vhost => 'plain.test')->{status}, 200, 'a good host beside them';
};

done_testing;
