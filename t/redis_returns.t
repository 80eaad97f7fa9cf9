# SPDX-License-Identifier: Apache-2.0
# Redis goes, in each of the ways in which it can, and comes back: contract 4. While it is away a save is pending, and
# with its return everything is cleared. How long that took is told, and not judged: CAREER_OUTAGE=3 for outages of so
# many seconds, in which the pauses between attempts grow as long as they get. No child is told of its return that
# cannot write yet. Of both one child tells for all.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal is_saved);
use Career::Metrics qw(metric);
use Time::HiRes qw(sleep time);

use constant CHILDREN => 4;    # at most; two at least, so that one of them need not know what the other knows

my $outage = $ENV{CAREER_OUTAGE} // 0.3;

my $pages = join '', map { qq(<Location "/career/$_">\nSetHandler career-$_\nRequire all granted\n</Location>\n) }
    qw(status metrics);
my $stack = Career::Stack->new(directives => { CareerInvalidateAgain => 'off', CareerInvalidateWait => '100ms' },
    config => $pages, mpm => 'event', mpm_config => 'StartServers 2' . "\nServerLimit " . CHILDREN
    . "\nThreadsPerChild 8\nThreadLimit 8\nMaxRequestWorkers 32\nMinSpareThreads 1\nMaxSpareThreads 32");
my %caches = (
    everything => '{ "profile:{user_id}", "score:{user_id}:*", { set = "keys:{user_id}" },
        { key = "gen:{user_id}", bump = true } }',
    patterns => '{ "profile:{user_id}*", "score:{user_id}:*", "keys:{user_id}*", "member:{user_id}:*" }');
$stack->edit_rules('caches.lua', "return $caches{patterns}");
$stack->start;
my ($redis, $pg) = ($stack->redis, $stack->postgres);
expect_log(qr/CAREER0401: /, qr/CAREER0403: .*OOM /);

my @users = map { uuid() } 1 .. 6;
my %as = map { $_ => [token => token(sub => $_)] } @users;
$stack->put(minimal(), @{ $as{$_} }) for @users;

sub outbox { return $pg->psql('SELECT count(*) FROM career_cache_outbox') }
my $turn = 0;
sub change ($id) { return $stack->put({ companyName => 'No. ' . ++$turn }, @{ $as{$id} }) }
sub left (@keys) { return $redis->command(EXISTS => @keys) }

sub fill {
    my @keys;
    for my $id (@users) {
        my @members = map { "member:$id:$_" } 1 .. 10;
        my @some = (@members, "profile:$id", map { "score:$id:$_" } 1 .. 10);
        $redis->command(MSET => map { $_ => 1 } @some);
        $redis->command(SADD => "keys:$id", @members);
        push @keys, @some, "keys:$id";
    }
    return @keys;
}

sub status { return $stack->request(GET => '/career/status?json', token => undef)->{json}{hosts}[0] }
sub caches { return status()->{caches} }
sub concerns { return @{ status()->{concerns} } }
sub failures { return metric($stack, 'career_redis_failures_total', host => 'localhost') }

sub lines ($tag) { return scalar(() = $stack->httpd->log =~ /$tag: /g) }

# finds_out => 0: Redis serves, and what it cannot do is no outage
sub comes_back ($name, %case) {
    $case{says} //= 'cannot be used';
    subtest $name => sub {
        wait_until { outbox() == 0 && change($users[0])->{json}{cache}{status} eq 'invalidated' && caches()->{up} }
            'all is well';
        my @keys = fill();
        my ($failures, $lines) = (failures(), lines('CAREER0401'));
        $case{go}->();
        is_saved(change($_), 0, 'pending', 'a save') for (@users) x 4;
        is outbox(), scalar @users, 'each user has an entry';
        sleep $outage;
        if ($case{finds_out} // 1) {
            wait_until { !caches()->{up} } 'the status page says that Redis is away';
            cmp_ok failures() - $failures, '<=', CHILDREN, 'which each child finds out once';
        }
        wait_until { grep { /^Redis $case{says}/ } concerns() } 'and what that means';
        wait_until { (caches()->{error} // '') =~ $case{why} } 'and why' if $case{why};
        $case{meanwhile}->() if $case{meanwhile};
        $case{return}->();
        my $back = time;
        wait_until { outbox() == 0 } 'what waited is done';
        note sprintf '%s: drained %.2f s after the return', $name, time - $back;
        is left(@keys), 0, 'and nothing stale is left';
        wait_until { caches()->{up} } 'the status page says that it is back';
        wait_until { !defined caches()->{error} && !grep { /^Redis/ } concerns() } 'and of nothing that is wrong';
        cmp_ok lines('CAREER0401') - $lines, '<=', 1, 'one child at most said that it was away';
        cmp_ok lines('CAREER0402'), '<=', lines('CAREER0401'), 'and one that it is back';
    };
    return;
}

sub crash { $redis->command('SAVE'); return $redis->crash }

sub load {
    $redis->command(MSET => map { ("filler:$_" => 'x' x 1100) } 1 .. 3000);
    crash();
    return $redis->start_loading;
}

sub kill_children {
    expect_log(qr/AH00052: child pid \d+ exit signal Killed/);
    return kill KILL => $stack->httpd->children;
}

comes_back('for several children', go => \&crash, return => sub { $redis->start }, meanwhile => sub {
    wait_until {
        parallel(map { my $id = $_; sub { change($id) } } (@users) x 2);
        failures() >= 2;
    } 'at least two have found it away';
    is lines('CAREER0401'), 1, 'and one has said so';
});
wait_until { lines('CAREER0402') == 1 } 'one has said that it is back, too';

for my $kind (qw(patterns everything)) {
    if ($kind ne 'patterns') {
        $stack->edit_rules('caches.lua', "return $caches{$kind}");
        $stack->httpd->restart;    # no child has the rules of before
    }
    comes_back("$kind: down", go => \&crash, return => sub { $redis->start });
    comes_back("$kind: hung", go => sub { $redis->freeze }, return => sub { $redis->thaw });
    comes_back("$kind: read-only", why => qr/: READONLY /, go => sub { $redis->command(REPLICAOF => '127.0.0.1', 1) },
        return => sub { $redis->command(REPLICAOF => 'NO', 'ONE') });
    comes_back("$kind: loading", go => \&load, why => qr/: LOADING /,
        return => sub { $redis->end_loading });
    $redis->command('FLUSHALL');
    comes_back("$kind: down, and the children killed", go => \&crash, meanwhile => \&kill_children,
        return => sub { $redis->start });
}
comes_back('out of memory', finds_out => 0, says => 'refuses commands', why => qr/: OOM /,
    go => sub { $redis->command(CONFIG => SET => maxmemory => 1) },
    return => sub { $redis->command(CONFIG => SET => maxmemory => 0) });

done_testing;
