# SPDX-License-Identifier: Apache-2.0
# Sentinels that keep to themselves: inside TLS (rediss+sentinel://), and with a password of their own, which must be
# the master's. One that wants another, or that nobody vouches for, is not believed.
use v5.36;
use Career::Test;
use Career::Certificate ();
use Career::Contract qw(minimal is_saved);
use Career::Place qw(temp_dir);
use Career::Sentinel ();
use File::Path qw(remove_tree);

my $dir = temp_dir();
my ($password, @servers) = ('the-password-of-redis');
END { $_->stop for reverse @servers; remove_tree($dir) if $dir }

my $certificates = Career::Certificate->new("$dir/tls")->issue(redis => 'IP:127.0.0.1');
$certificates->issue(elsewhere => 'DNS:redis.example');
sub sentinel ($name, $master, %with) {
    push @servers, Career::Sentinel->new(dir => "$dir/$name", master => $master, quorum => 1, %with)->start;
    return $servers[-1];
}
sub redis ($name, %with) {
    push @servers, Career::Redis->new(dir => "$dir/$name", password => $password, %with)->start;
    return $servers[-1];
}

my @page = (config => qq(<Location "/career/status">\nSetHandler career-status\nRequire all granted\n</Location>));
my $stack = Career::Stack->new(redis => 0, @page, env => { SSL_CERT_FILE => $certificates->certificate('ca') });
$stack->{with}{directives} = { CareerRedis => 'none' };
$stack->edit_rules('caches.lua', 'return { "score:{user_id}:*", "profile:{user_id}", { set = "keys:{user_id}" } }');
$stack->start;
secret($password);
$stack->put(minimal());

my $user = DEMO_USER;
my @keys = ("profile:$user", map({ "score:$user:$_" } 1 .. 20), map({ "member:$_" } 1 .. 20), "keys:$user");
my $turn = 0;
sub change { return $stack->put({ companyName => 'No. ' . ++$turn }) }
sub outbox { return $stack->postgres->psql('SELECT count(*) FROM career_cache_outbox') }
sub cause { return $stack->request(GET => '/career/status?json', token => undef)->{json}{hosts}[0]{caches}{error} // '' }
sub left ($redis) { return scalar grep { $redis->command(EXISTS => $_) } @keys }

sub fill ($redis) {
    $redis->command(MSET => map { $_ => 1 } grep { !/^keys/ } @keys);
    $redis->command(SADD => "keys:$user", grep { /^member/ } @keys);
    return;
}

sub ask ($scheme, @sentinels) {
    my $hosts = join ',', map { "127.0.0.1:$_->{port}" } @sentinels;
    $stack->reconfigure(directives => { CareerRedis => qq("$scheme+sentinel://:$password\@$hosts/main"),
        CareerInvalidateAgain => 'off' });
    return;
}

sub clears ($redis, $name) {
    fill($redis);
    is_saved(my $answer = change(), 0, 'invalidated', "$name: a save");
    is $answer->{json}{cache}{keys}, scalar @keys, "$name: all of it is counted";
    is left($redis), 0, "$name: and gone";
    return;
}

sub refuses ($redis, $why, $name) {
    fill($redis);
    is_saved(change(), 0, 'pending', "$name: a save");
    wait_until { cause() =~ $why } "$name: the status page says why" or diag cause();
    is left($redis), scalar @keys, "$name: nothing was cleared";
    return;
}

# It comes back at the same place.
sub returns ($redis, $name) {
    $redis->crash;
    is_saved(change(), 0, 'pending', "$name: away");
    $redis->start;
    wait_until { outbox() == 0 } "$name: back, and what waited is done";
    return;
}

subtest 'a password of its own' => sub {
    my $redis = redis('plain');
    my $own = sentinel('own', $redis, password => $password);
    my $other = sentinel('other', $redis, password => 'another-password');
    ask('redis', $own);
    clears($redis, 'the same');
    expect_log(qr/CAREER0401/);
    ask('redis', $other);
    refuses($redis, qr/the sentinel 127\.0\.0\.1 port $other->{port}: .*(?:WRONGPASS|invalid)/, 'another');
    ask('redis', $other, $own);
    wait_until { outbox() == 0 } 'among several one will do';
    returns($redis, 'the master');
};

subtest 'inside TLS' => sub {
    my @tls = (tls => $certificates, settings => ['--tls-replication', 'yes']);
    my $redis = redis('tls', @tls);
    my $inside = sentinel('inside', $redis, tls => $certificates, password => $password);
    my $elsewhere = sentinel('elsewhere', $redis, tls => $certificates, certificate => 'elsewhere');
    my $outside = sentinel('outside', $redis);
    ask('rediss', $inside);
    clears($redis, 'sentinel and master');
    returns($redis, 'the master');
    ask('rediss', $elsewhere);
    refuses($redis, qr/127\.0\.0\.1 port $elsewhere->{port}.*mismatch/i, 'a certificate of another host');
    ask('rediss', $outside);
    refuses($redis, qr/127\.0\.0\.1 port $outside->{port}.*TLS/, 'a sentinel without TLS');
    ask('rediss', $outside, $elsewhere, $inside);
    wait_until { outbox() == 0 } 'among several one will do';
    is left($redis), 0, 'and nothing is left';
};

done_testing;
