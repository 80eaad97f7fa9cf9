# SPDX-License-Identifier: Apache-2.0
# Harm at a random message between httpd and Postgres, or httpd and Redis, while profiles are saved: connections are
# cut before or after it has passed, children are killed at it. Whatever was committed is cleared in the end.
# CAREER_ROUNDS=200 for more of it, CAREER_SEED=… for the same again.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal);
use Career::Proxy;
use Time::HiRes qw(sleep);

my $rounds = $ENV{CAREER_ROUNDS} // 40;
my $seed   = $ENV{CAREER_SEED} // int rand 1e9;
srand $seed;
note "CAREER_SEED=$seed";
alarm 300 + 5 * $rounds;

# Two children, so that there is one left when the other is killed.
my $stack = Career::Stack->new(directives => { CareerInvalidateAgain => '500ms', CareerInvalidateWait => '200ms' },
    mpm => 'event', mpm_config => "StartServers 2\nServerLimit 2\nThreadsPerChild 8\nThreadLimit 8\nMaxRequestWorkers 16\n"
    . "MinSpareThreads 1\nMaxSpareThreads 16");
mkdir $stack->dir . '/proxy', 0755;
chmod 0755, $stack->dir . '/proxy';
my %path = (redis => $stack->dir . '/proxy/redis', postgres => $stack->dir . '/proxy/.s.PGSQL.5432');
$stack->edit_rules('caches.lua', <<'LUA');
return {
  "profile:{user_id}",
  "recommendations:{user_id}:*",
  { set = "index:{user_id}" },
  { key = "gen:{user_id}", bump = true },
}
LUA
$stack->start_servers;
my ($redis, $pg) = ($stack->redis, $stack->postgres);
my $proxy = Career::Proxy->new($path{redis} => $redis->{socket}, $path{postgres} => "$pg->{socket}/.s.PGSQL.5432");
$stack->{with}{directives}{CareerRedis} = qq("unix:$path{redis}");
$stack->{with}{directives}{CareerDatabase} = '"' . $pg->conninfo_for(host => $stack->dir . '/proxy') =~ s/(["\\])/\\$1/gr . '"';
$stack->httpd->start;
expect_log(qr/CAREER0301: /, qr/CAREER030[39]: /, qr/CAREER0401: /, qr/CAREER0001: .* 50[03] /,
    qr/AH00052: child pid \d+ exit signal Killed/);

sub keys_of ($id) { return ("profile:$id", map({ "recommendations:$id:$_" } 1 .. 3), map { "member:$id:$_" } 1 .. 3) }

sub seed ($id) {
    $redis->command(SET => $_, 'old') for keys_of($id);
    $redis->command(SADD => "index:$id", map { "member:$id:$_" } 1 .. 3);
    return;
}

my %versions;    # user → the version when the keys were set
my %kinds;
for my $round (1 .. $rounds) {
    my $id = uuid();
    my @as = (token => token(sub => $id), timeout => 30);
    my $n  = 0;
    until ($stack->put(minimal(), @as)->{status} =~ /^20/) { ++$n > 50 and BAIL_OUT('nothing can be saved'); sleep 0.2 }
    $versions{$id} = $pg->psql("SELECT version FROM career_profiles WHERE user_id = '$id'");
    seed($id);
    my $route = rand() < 0.6 ? 'redis' : 'postgres';
    my $kills = rand() < 0.15;
    $proxy->arm(route => $path{$route}, n => 1 + int rand 12, after => rand() < 0.5,
        kill => $kills ? [($stack->httpd->children)[0]] : []);
    eval { $stack->put({ companyName => "No. $round" }, @as) };    # whatever it says
    eval { $stack->put({ companyName => "Number $round" }, @as) } if rand() < 0.3;
    sleep rand 0.2;
    my $fired = $proxy->disarm;
    $kinds{ $fired ? $route . ($kills ? ', killed' : ', cut') : 'none' }++;
}
diag explain \%kinds if $ENV{CAREER_ROUNDS};

sub stale {
    my %now = map { @$_ } $pg->rows('SELECT user_id, version FROM career_profiles');
    return map { my $id = $_; map { "$id: $_" } grep { $redis->command(EXISTS => $_) } keys_of($id) }
        grep { $now{$_} ne $versions{$_} } keys %versions;
}

cmp_ok $kinds{none} // 0, '<', $rounds, 'harm was done';
wait_until { $pg->psql('SELECT count(*) FROM career_cache_outbox') == 0 } 'the outbox is emptied', 120;
is_deeply [stale()], [], 'no entry is stale';
my %now = map { @$_ } $pg->rows('SELECT user_id, version FROM career_profiles');
is_deeply [grep { ($redis->command(GET => "gen:$_") // 0) < $now{$_} } keys %now], [], 'no generation is old';
cmp_ok scalar(grep { $now{$_} ne $versions{$_} } keys %versions), '>', $rounds / 4, 'and much was saved';
done_testing;
$proxy->stop;
