# SPDX-License-Identifier: Apache-2.0
# A primary and its streaming replica: the primary is killed, then frozen, then told to read only, and each time the
# replica takes over. Saves go on by themselves, nothing confirmed is lost, and httpd is never restarted.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal is_saved);
use Career::Place    qw(conninfo write_file);
use Career::Postgres ();
use Time::HiRes      qw(time sleep);

my $stack = Career::Stack->new(postgres => { tcp => 1 }, directives => { CareerDatabaseTimeout => 'connect=2s query=2s',
    CareerDatabasePool => 'wait=3s' });
$stack->edit_rules('validation.lua', sub { s/(\bfields\s*=\s*\{)/$1 own = field.integer {}, / });
my $primary = $stack->postgres;
$primary->start;
$primary->migrate;
my $standbys = 0;

sub replica_of ($leader, @with) {
    return $stack->also($leader->standby(dir => $stack->dir . '/standby' . ++$standbys, tcp => 1, @with))->start;
}

# The primary waits for its replica at each commit, so that what it confirms survives it.
sub follow ($leader, @with) {
    my $standby = replica_of($leader, @with);
    wait_until { $leader->psql('SELECT count(*) FROM pg_stat_replication WHERE state = $$streaming$$') }
        'the replica follows';
    $leader->psql('ALTER SYSTEM SET synchronous_standby_names = $$*$$');
    $leader->psql('SELECT pg_reload_conf()');
    wait_until { $leader->psql('SELECT count(*) FROM pg_stat_replication WHERE sync_state = $$sync$$') } 'in step';
    return $standby;
}

sub promote ($standby) {
    $standby->psql('ALTER SYSTEM RESET synchronous_standby_names');    # a copy of its leader's
    $standby->psql('SELECT pg_reload_conf()');
    return $standby->promote;
}

my $standby = follow($primary);
my @ports = ($primary->{port}, $standby->{port});
sub both { return '"' . conninfo(host => '127.0.0.1,127.0.0.1', port => join(',', @ports), user => 'career',
    dbname => 'career', target_session_attrs => 'read-write') . '"' }
$stack->{with}{directives}{CareerDatabase} = both();
$stack->{redis}->start;
$stack->httpd->start;
expect_log(qr/CAREER030[139]: /, qr/CAREER0001: .* 503 (?:database_unavailable|overloaded)/);

my @users = map { my $user = uuid(); [$user, token => token(sub => $user)] } 1 .. 6;
is_saved($stack->put(minimal(), @$_[1, 2]), 1, 'invalidated', 'a profile') for @users;

# Saves growing numbers until `done` is there and one has been saved after it.
sub keep_saving ($done, @token) {
    my ($last, $failed, $served, $end) = (0, 0, undef, time + 90);
    for (my $n = 1; time < $end; $n++) {
        my $over   = -e $done;
        my $answer = $stack->put({ own => $n }, @token);
        die "status $answer->{status}: $answer->{content}" if $answer->{status} !~ /^(200|503)$/;
        if ($answer->{status} == 200) { $last = $n }
        else                          { $failed++; sleep 0.02 }
        $served = time if $over && $answer->{status} == 200;
        last if $served;
    }
    return { last => $last, failed => $failed, served => $served };
}

# The replica takes over while the users save; `$end` is what befalls the primary.
sub take_over ($name, $end) {
    my $done = $stack->dir . "/done-$name";
    my $at;
    my $event = sub {
        sleep 0.3;
        $end->();
        sleep 1;
        promote($standby) or die "no promotion\n";
        $at = time;
        write_file($done, '');
    };
    my @come = meanwhile($event, map { my (undef, @token) = @$_; sub { keep_saving($done, @token) } } @users);
    ok !(grep { !$_->{served} } @come), 'every user saves again';
    my ($slowest) = sort { $b <=> $a } map { ($_->{served} // $at + 90) - $at } @come;
    note sprintf '%s: saves are served %.2f s after the promotion at the latest, %d answers were 503', $name,
        $slowest, eval { my $sum = 0; $sum += $_->{failed} for @come; $sum };
    for my $i (0 .. $#users) {
        my (undef, @token) = @{ $users[$i] };
        cmp_ok $stack->get(@token)->{json}{data}{own} // 0, '>=', $come[$i]{last}, 'no confirmed save is lost';
    }
    is_deeply [parallel(map { my (undef, @token) = @$_; sub { $stack->get(@token)->{status} } } (@users) x 6)],
        [(200) x 36], 'no connection is stuck';
    is $standby->psql(q{SELECT count(*) > 0 FROM pg_stat_activity WHERE usename = 'career'}), 't',
        'they are connections to the new primary';
    return;
}

my @children = $stack->httpd->children;
my $starts = () = $stack->httpd->log =~ /CAREER0004/g;

subtest 'the primary is killed' => sub {
    take_over('killed', sub { $primary->crash });
};

subtest 'the primary is frozen' => sub {
    $primary = $standby;
    $standby = follow($primary, port => $ports[0], fixed_port => 1);
    take_over('frozen', sub { $primary->freeze });
    $primary->crash;
};

subtest 'the primary only reads' => sub {
    $primary = $standby;
    $standby = replica_of($primary, port => $ports[1], fixed_port => 1);
    wait_until { $primary->psql('SELECT count(*) FROM pg_stat_replication WHERE state = $$streaming$$') } 'it follows';
    my $sync = 'SELECT pg_last_wal_replay_lsn() >= $$%s$$';
    take_over('demoted', sub {
        $primary->psql($_) for 'ALTER SYSTEM SET default_transaction_read_only = on', 'SELECT pg_reload_conf()';
        my $at = $primary->psql('SELECT pg_current_wal_lsn()');
        sleep 0.05 until $standby->psql(sprintf $sync, $at) eq 't';
    });
};

like $stack->httpd->log, qr/CAREER030[139]: .*read-only/, 'the log names a primary that only reads';
is scalar(() = $stack->httpd->log =~ /CAREER0004/g), $starts, 'httpd was never restarted';
my %now = map { $_ => 1 } $stack->httpd->children;    # more of them perhaps, for so many who wait
is_deeply [grep { !$now{$_} } @children], [], 'nor a child of it';
done_testing;
