# SPDX-License-Identifier: Apache-2.0
# A Postgres that stops in its tracks, every process of it: connections stay open and nothing answers. The site
# goes on, each request gets its 503, and the first one after the thaw is served.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal header is_error is_saved);
use Time::HiRes      qw(time sleep);

# A request may wait long here, so that a slow machine does not turn away the first one after the thaw.
my $stack = Career::Stack->start(directives => { CareerDatabasePool => 'wait=3s',
    CareerDatabaseTimeout => 'connect=2s query=2s' });
my $pg = $stack->postgres;
my $budget = 3 + 2 + 2;

sub a_user { my $user = uuid(); return ($user, token => token(sub => $user)) }
my ($user, @as) = a_user();
# An answer that has not come in several times the budget counts as none.
sub timed ($code) { my $start = time; my $answer = $code->(timeout => 6 * $budget); return [$answer->{status},
    $answer->{json}{code} // '', header($answer, 'retry-after'), time - $start] }
sub longest (@answers) { return sprintf '%.2f s', (sort { $a <=> $b } map { $_->[3] } @answers)[-1] }
sub static (%with) { return $stack->request(GET => '/static.txt', token => undef, %with) }
sub everywhere { for (1 .. 12) { return 0 if $stack->get(@as)->{status} != 200 } return 1 }
sub stuck { return $pg->psql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'career' AND state <> 'idle'") }

expect_log(qr/CAREER0301: /, qr/CAREER0001: .* 503 (?:database_unavailable|overloaded)/);
is_saved($stack->put(minimal(), @as), 1, 'invalidated', 'a profile');
ok everywhere(), 'each child has a connection';

for my $round ('with connections open', 'again') {
    subtest "frozen, $round" => sub {
        $pg->freeze;
        my @answers = parallel(
            (map { sub { timed(sub (@with) { $stack->get(@as, @with) }) } } 1 .. 16),
            (map { sub { timed(sub (@with) { $stack->put({ budget => 'low' }, @as, @with) }) } } 1 .. 8),
            (map { sub { timed(sub (@with) { $stack->get(@as, @with) }); timed(sub (@with) { $stack->get(@as, @with) }) } }
                1 .. 8),
            sub { my @all = map { sleep 0.05; timed(sub (@with) { static(@with) }) } 1 .. 40; return \@all });
        my @static = @{ pop @answers };
        is_deeply [grep { $_->[0] != 503 || $_->[1] !~ /^(database_unavailable|overloaded)$/ || $_->[2] !~ /^[1-9]/ }
            @answers], [], 'each request is answered, with 503 and Retry-After' or diag explain \@answers;
        is_deeply [grep { $_->[0] != 200 } @static], [], 'static files are served all the while';
        note sprintf 'the longest of %d requests took %s of %d s allowed, the longest of %d static files %s',
            scalar @answers, longest(@answers), $budget, scalar @static, longest(@static);
        $pg->thaw;
        my $first = $stack->get(@as);
        is $first->{status}, 200, 'the first request after the thaw succeeds' or diag $first->{content}, $stack->tail;
        is $stack->put({ companyName => "After $round" }, @as)->{status}, 200, 'and so does the first save';
        ok everywhere(), 'and every child serves';
        wait_until { stuck() == 0 } 'nothing is left that runs or waits in Postgres';
        wait_until { $pg->psql('SELECT count(*) FROM career_cache_outbox') == 0 }
            'what was committed behind a client\'s back has cleared its caches';
    };
}

subtest 'a statement that takes too long' => sub {
    $pg->psql(q{CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF NEW.company_name LIKE 'slow%' THEN PERFORM pg_sleep(250); END IF; RETURN NEW; END $$;
        CREATE TRIGGER a_dawdle BEFORE UPDATE ON career_profiles FOR EACH ROW EXECUTE FUNCTION dawdle()});
    my $running = sub { $pg->psql(q{SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'}) };
    my @users = map { [a_user()] } 1 .. 3;
    is $stack->put(minimal(), @$_[1, 2])->{status}, 201, 'a profile' for @users;
    my @answers = parallel(map { my (undef, @token) = @$_; sub { $stack->put({ companyName => 'slow' }, @token) } } @users);
    is_error($_, 503, 'database_unavailable', 'is given up') for @answers;
    wait_until { $running->() == 0 } 'and cancelled on the server';
    is $stack->put({ companyName => 'quick' }, @$_[1, 2])->{status}, 200, 'the same user is served' for @users;
    is $stack->get(@$_[1, 2])->{json}{data}{companyName}, 'quick', 'and nothing of it was written' for @users;
    wait_until { stuck() == 0 } 'nothing is left';
};

done_testing;
