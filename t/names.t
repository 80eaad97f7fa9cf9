# SPDX-License-Identifier: Apache-2.0
# A resolver that does not answer. libpq and getaddrinfo wait for it, and no limit of ours reaches into them: the lane
# waits, but neither do the requests nor the end of a child. Postgres and Redis have names that get stuck.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal header is_saved);
use Career::Place    qw(build_dir write_file);
use File::Copy       qw(copy);

my $stack = Career::Stack->new(postgres => { tcp => 1 }, directives => { CareerDatabasePool => 'wait=2s',
    CareerDatabaseTimeout => 'connect=3s query=5s' });
my $pg     = $stack->postgres;
my $redis  = $stack->redis;
my $silent = $stack->dir . '/httpd/htdocs';
my $given  = $stack->{with}{directives};
$stack->start_servers;
$given->{CareerDatabase} = $stack->database(host => 'db.stuck.test');
$given->{CareerRedis}    = "redis://cache.stuck.test:$redis->{port}/0";
$stack->{with}{env}      = { SILENT_RESOLVER => $silent };
my $shim = $stack->dir . '/resolver.so';    # blanks divide what is preloaded, and there may be some in the tree's path
copy(build_dir() . '/t/resolver.so', $shim) or die "$shim: $!\n";
local $ENV{CAREER_PRELOAD} = join ' ', grep { defined } $ENV{CAREER_PRELOAD}, $shim;
$stack->httpd->start;

my @as = (token => token(sub => uuid()));
# An answer that has not come in many times the budget of 10 s counts as none.
my @patient = (timeout => 90);
sub silence ($name) { write_file("$silent/$name", '', 0644); return }
sub answer { unlink map { "$silent/$_" } qw(cache.stuck.test db.stuck.test one.slow.test); return }
sub part { $pg->psql(q(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'career')); return }
sub is_503 ($answer) { return $answer->{status} == 503 && header($answer, 'retry-after') =~ /^[1-9]/
    && $answer->{json}{code} =~ /^(?:database_unavailable|overloaded)$/ }

is_saved($stack->put(minimal(), @as), 1, 'invalidated', 'both names are found, and a profile');

subtest 'Redis cannot be found' => sub {
    expect_log(qr/CAREER0401: /);
    silence('cache.stuck.test');
    $redis->command(qw(CLIENT KILL TYPE normal));
    is_saved($stack->put({ budget => 'low' }, @as, @patient), 0, 'pending', 'a save waits as long as it may, and no longer');
    is $stack->get(@as, @patient)->{status}, 200, 'a read not at all';
};

subtest 'nor can Postgres' => sub {
    expect_log(qr/CAREER030[139]: /, qr/CAREER0001: .* 503 (?:database_unavailable|overloaded)/);
    silence('db.stuck.test');
    part();
    my @answers = parallel((map { sub { $stack->get(@as, @patient) } } 1 .. 12),
        (map { sub { $stack->put({ budget => 'high' }, @as, @patient) } } 1 .. 4),
        (map { sub { $stack->request(GET => '/static.txt', token => undef, @patient) } } 1 .. 4));
    my @static = splice @answers, -4;
    is_deeply [grep { !is_503($_) } @answers], [], 'each request is answered, with 503 and Retry-After';
    is_deeply [grep { $_->{status} != 200 } @static], [], 'static files are served all the while';
};

subtest 'a child ends while its lanes wait' => sub {
    my @before = $stack->httpd->children;
    $stack->httpd->graceful;
    wait_until { !grep { kill 0, $_ } @before } 'every child of before is gone, and none had to be killed';
    answer();
    wait_until { $stack->get(@as)->{status} == 200 } 'the new ones serve as soon as the resolver answers';
    wait_until { $pg->psql('SELECT count(*) FROM career_cache_outbox') == 0 } 'and clear what was left';
};

subtest 'a server that cannot be found in time, and another' => sub {
    silence('one.slow.test');
    $given->{CareerDatabase} = $stack->database(host => 'one.slow.test,127.0.0.1', port => "1,$pg->{port}");
    $stack->reconfigure;
    wait_until { $stack->get(@as, @patient)->{status} == 200 } 'what the first took is not held against the second';
    answer();
};

done_testing;
