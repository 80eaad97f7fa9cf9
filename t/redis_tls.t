# SPDX-License-Identifier: Apache-2.0
# Redis inside TLS: contract 6, rediss://. Whom the certificate does not vouch for is told nothing.
use v5.36;
use Career::Test;
use Career::Certificate ();
use Career::Contract qw(minimal is_saved);
use Career::Place qw(temp_dir);
use File::Path qw(remove_tree);
use IO::Select ();
use IO::Socket::INET;

my $dir = temp_dir();
END { remove_tree($dir) if $dir }
my $certificates = Career::Certificate->new("$dir/tls");
$certificates->issue(redis => 'DNS:localhost,IP:127.0.0.1');
$certificates->issue(elsewhere => 'DNS:redis.example');
$certificates->issue(nobody => 'DNS:localhost', self => 1);

my $stack = Career::Stack->new(redis => { tls => $certificates, password => 'correct-horse-battery' },
    env => { SSL_CERT_FILE => $certificates->certificate('ca') });
$stack->edit_rules('caches.lua', <<'LUA');
return { "score:{user_id}:*", "profile:{user_id}", { set = "keys:{user_id}" }, { key = "gen:{user_id}", bump = true } }
LUA
$stack->start;
my ($redis, $pg) = ($stack->redis, $stack->postgres);

sub outbox { return $pg->psql('SELECT count(*) FROM career_cache_outbox') }
sub left (@keys) { return grep { $redis->command(EXISTS => $_) } @keys }
my $turn = 0;
sub change { return $stack->put({ companyName => 'No. ' . ++$turn }) }

my $user = DEMO_USER;
$stack->put(minimal());

sub fill ($count) {
    my @keys = ("profile:$user", map { "score:$user:$_" } 1 .. $count);
    $redis->command(MSET => map { ($_, 'x' x 50) } @keys);
    my @members = map { "member:$_" } 1 .. $count;
    $redis->command(MSET => map { ($_, 1) } @members);
    $redis->command(SADD => "keys:$user", @members);
    return (@keys, @members, "keys:$user");
}

subtest 'a save clears' => sub {
    my @keys = fill(3000);    # more than a record of TLS holds, either way
    my $answer = change();
    is_saved($answer, 0, 'invalidated', 'a save');
    is $answer->{json}{cache}{keys}, scalar @keys, 'all of it is counted';
    is_deeply [left(@keys)], [], 'and gone';
    ok $redis->command(GET => "gen:$user"), 'the generation is there';
};

subtest 'a restart of Redis' => sub {
    $redis->stop;
    expect_log(qr/CAREER0401/);
    is change()->{json}{cache}{status}, 'pending', 'away: pending';
    $redis->start;
    wait_until { outbox() == 0 } 'back: done';
    is change()->{json}{cache}{status}, 'invalidated', 'and so it goes on';
};

subtest 'it hangs, and comes back' => sub {
    $redis->freeze;
    my @answers = map { change()->{json}{cache}{status} } 1 .. 2;
    is_deeply [grep { $_ ne 'pending' } @answers], [], 'pending';
    $redis->thaw;
    wait_until { outbox() == 0 } 'then done';
};

# The same httpd, another URL or another certificate: what was in Redis stays there, and the log says why.
sub refuses ($name, $pattern) {
    my @keys = fill(3);
    my $before = length $stack->httpd->log;
    is change()->{json}{cache}{status}, 'pending', "$name: a save is pending";
    wait_until { substr($stack->httpd->log, $before) =~ /CAREER0401.*$pattern/ } "$name: the log says why";
    is scalar left(@keys), scalar @keys, "$name: nothing was said to it";
    return;
}

sub serve_with ($certificate) {
    $redis->command('CONFIG', 'SET', 'tls-cert-file', $certificates->certificate($certificate), 'tls-key-file',
        $certificates->key($certificate));
    $redis->command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    $stack->reconfigure(directives => {});    # with new connections
    return;
}

subtest 'certificates that are refused' => sub {
    serve_with('elsewhere');
    refuses('another host', qr/hostname mismatch/i);
    serve_with('nobody');
    refuses('no authority', qr/self.signed certificate/i);
    serve_with('redis');
    wait_until { outbox() == 0 } 'the good one is taken again';
};

subtest 'an address is a name, too' => sub {
    $stack->reconfigure(directives => { CareerRedis => "rediss://:correct-horse-battery\@127.0.0.1:$redis->{port}" });
    my @keys = fill(3);
    is change()->{json}{cache}{status}, 'invalidated', '127.0.0.1 is in the certificate';
    $stack->reconfigure(directives => { CareerRedis => "rediss://:correct-horse-battery\@127.0.0.2:$redis->{port}" });
    $redis->command('CONFIG', 'SET', 'bind', '127.0.0.1 127.0.0.2');
    refuses('127.0.0.2', qr/IP address mismatch/i);
};

subtest 'no TLS at the other end' => sub {
    $stack->reconfigure(directives => { CareerRedis => "redis://:correct-horse-battery\@127.0.0.1:$redis->{port}" });
    refuses('plain to TLS', qr/./);
    my $plain = Career::Redis->new(dir => "$dir/plain")->start;
    $stack->reconfigure(directives => { CareerRedis => "rediss://localhost:$plain->{port}" });
    refuses('TLS to plain', qr/TLS: /);
    $plain->stop;
};

subtest 'silence' => sub {
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5, Proto => 'tcp') or die "listen: $!";
    $stack->reconfigure(directives => { CareerRedis => 'rediss://localhost:' . $listen->sockport });
    is change()->{json}{cache}{status}, 'pending', 'a handshake that does not go on: pending';
    ok(IO::Select->new($listen)->can_read(30), 'it was connected');
    my $connection = $listen->accept;
    IO::Select->new($connection)->can_read(30);
    sysread $connection, my $hello, 4096;
    like $hello, qr/localhost/, 'the name is told (SNI)';
    wait_until { $stack->httpd->log =~ /no handshake within the time limit/ } 'the limit of connecting holds';
};

done_testing;
