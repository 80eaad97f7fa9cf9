# SPDX-License-Identifier: Apache-2.0
# Clients that go away while Postgres is asked for them: a save is decided by its commit and clears its caches, whether or
# not anybody waits for the answer, and the connection serves the next one as if nothing had been.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal is_saved wire);
use Socket           qw(SOL_SOCKET SO_LINGER);

my $stack = Career::Stack->start(mpm => 'event',
    mpm_config => "StartServers 1\nServerLimit 1\nThreadsPerChild 8\nThreadLimit 8\nMaxRequestWorkers 8\nMinSpareThreads 1\nMaxSpareThreads 8",
    directives => { CareerDatabasePool => 'connections=1 wait=10s idle=1h', CareerDatabaseTimeout => 'query=10s',
    CareerInvalidateAgain => 'off' });
my ($pg, $redis) = ($stack->postgres, $stack->redis);

my $user  = uuid();
my @as    = (token => token(sub => $user));
my @lines = ("Authorization: Bearer $as[1]", 'Content-Type: application/json');
is_saved($stack->put(minimal(), @as), 1, 'invalidated', 'a profile');

sub backends ($where = 'true') { return map { $_->[0] } $pg->rows("SELECT pid FROM pg_stat_activity
    WHERE usename = 'career' AND $where ORDER BY pid") }
sub outbox { return $pg->psql('SELECT count(*) FROM career_cache_outbox') }

# Sends the request and goes, as soon as the statement of a profile waits for what the session has locked: with a
# goodbye, or without (RST).
sub leave ($lock, $rude, $bytes) {
    my $session = $pg->session;
    $session->do("BEGIN; $lock;");
    my $socket = $stack->connect;
    print {$socket} $bytes;
    $socket->flush;
    wait_until { backends(q{wait_event_type = 'Lock'}) } 'it waits in Postgres';
    setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0 if $rude;
    close $socket;
    $session->do('ROLLBACK;');
    $session->close;
    return;
}

wait_until { outbox() == 0 } 'nothing is left to be done';
my @before = backends();
is scalar @before, 1, 'there is one connection';

for my $rude (0, 1) {
    my $how = $rude ? 'without a goodbye' : 'with a goodbye';
    subtest "a save, $how" => sub {
        $redis->command(SET => "recommendations:$user:$rude", 1);
        leave("SELECT 1 FROM career_profiles WHERE user_id = '$user' FOR UPDATE", $rude,
            wire(PUT => headers => \@lines, body => qq({"companyName":"Gone $rude"})));
        wait_until { $stack->get(@as)->{json}{data}{companyName} eq "Gone $rude" } 'it is saved';
        wait_until { !$redis->command(EXISTS => "recommendations:$user:$rude") } 'and has cleared its caches';
        wait_until { outbox() == 0 } 'and its entry';
    };
    subtest "a read, $how" => sub {
        leave('LOCK TABLE career_profiles', $rude, wire(GET => headers => \@lines));
        is $stack->get(@as)->{status}, 200, 'the next one is served';
    };
    subtest "a read in the middle of what others ask, $how" => sub {
        my $session = $pg->session;
        $session->do('BEGIN; LOCK TABLE career_profiles;');
        my @others = meanwhile(sub {
            wait_until { backends(q{wait_event_type = 'Lock'}) } 'they wait in Postgres';
            my @gone = map { my $socket = $stack->connect; print {$socket} wire(GET => headers => \@lines);
                $socket->flush; $socket } 1 .. 3;
            for my $socket (@gone) {
                setsockopt $socket, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0 if $rude;
                close $socket;
            }
            $session->do('ROLLBACK;');
        }, (sub { $stack->get(@as)->{status} }) x 3);
        $session->close;
        is_deeply \@others, [(200) x 3], 'who has stayed is served';
    };
    is_deeply [backends()], \@before, "$how: the connection is the same as before";
    is_deeply [backends(q{state <> 'idle'})], [], 'and nothing is left open in it';
}

done_testing;
