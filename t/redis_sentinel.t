# SPDX-License-Identifier: Apache-2.0
# A master that sentinels know: contract 6, redis+sentinel://. It dies, it hangs, it is deposed; saves go on, and
# what could not be cleared meanwhile is cleared on the next one.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal is_saved);
use Career::Place qw(temp_dir);
use Career::Sentinel ();
use File::Path qw(remove_tree);

my $dir = temp_dir();
my ($password, @data, @sentinels) = ('the-password-of-redis');
END { $_->stop for @sentinels, @data; remove_tree($dir) if $dir }

my %data = (password => $password, settings => ['--masterauth', $password, '--repl-diskless-sync-delay', 0]);
push @data, Career::Redis->new(%data, dir => "$dir/first")->start;
push @data, Career::Redis->new(%data, dir => "$dir/second")->start;
$data[1]->command(REPLICAOF => '127.0.0.1', $data[0]{port});
@sentinels = map { Career::Sentinel->new(dir => "$dir/sentinel$_", master => $data[0])->start } 0 .. 2;

sub ready {
    return !grep { my $it = eval { $_->knows };
        !$it || $it->{'num-other-sentinels'} != 2 || $it->{'num-slaves'} < 1 || $it->{flags} ne 'master' } @sentinels;
}
sub replicates { return $_[0]->command(INFO => 'replication') =~ /role:slave.*master_link_status:up/s }
wait_until { ready() && replicates($data[1]) } 'three sentinels, a master and its replica know each other';

my $hosts = join ',', map { "127.0.0.1:$_->{port}" } @sentinels;
sub url ($name = 'main') { return qq("redis+sentinel://:$password\@$hosts/$name/2") }
my $stack = Career::Stack->new(redis => 0,
    config => qq(<Location "/career/status">\nSetHandler career-status\nRequire all granted\n</Location>),
    directives => { CareerRedis => url(), CareerInvalidateAgain => 'off' });
secret($password);
$stack->edit_rules('caches.lua', <<'LUA');
return { "score:{user_id}:*", "profile:{user_id}", { set = "keys:{user_id}" }, { key = "gen:{user_id}", bump = true } }
LUA
$stack->start;
my $pg = $stack->postgres;
expect_log(qr/CAREER0401/);

# Why Redis cannot be used, as the status page has it: the log holds some of it back.
sub cause { return $stack->request(GET => '/career/status?json', token => undef)->{json}{hosts}[0]{caches}{error} // '' }
sub outbox { return $pg->psql('SELECT count(*) FROM career_cache_outbox') }
my $turn = 0;
sub change { return $stack->put({ companyName => 'No. ' . ++$turn })->{json}{cache}{status} }

my $user = DEMO_USER;
$stack->put(minimal());
my @keys = ("profile:$user", map({ "score:$user:$_" } 1 .. 20), map({ "member:$_" } 1 .. 20), "keys:$user");

# on the master that is, and on the other when this returns
sub fill ($master) {
    $master->command(SELECT => 2);
    $master->command(SET => $_, 1) for grep { !/^keys/ } @keys;
    $master->command(SADD => "keys:$user", grep { /^member/ } @keys);
    return $master->command(WAIT => 1, 20000);
}

sub left ($on) {
    $on->command(SELECT => 2);
    return scalar grep { $on->command(EXISTS => $_) } @keys;
}

subtest 'a save clears' => sub {
    fill($data[0]);
    is_saved(my $answer = $stack->put({ companyName => 'Acme' }), 0, 'invalidated', 'a save');
    is $answer->{json}{cache}{keys}, scalar @keys, 'all of it is counted';
    is left($data[0]), 0, 'and gone from the master';
    wait_until { left($data[1]) == 0 } 'and from its replica';
    ok $data[0]->command(GET => "gen:$user"), 'the generation is there';
};

# The named server is the master from now on; entries wait until it is.
sub promoted ($new, $name) {
    wait_until { outbox() == 0 } "$name: what waited in the outbox is done";
    is left($new), 0, "$name: on the new master nothing is left";
    is $new->command('ROLE')->[0], 'master', "$name: which it is";
    wait_until { change() eq 'invalidated' } "$name: saves go on";
    return;
}

subtest 'the master dies' => sub {
    is fill($data[0]), 1, 'its replica has what it had';
    $data[0]->crash;
    is change(), 'pending', 'a save is pending';
    is outbox(), 1, 'and its entry waits';
    promoted($data[1], 'after the failover');
    $data[0]->start;
    wait_until { replicates($data[0]) && ready() } 'the old one comes back as a replica', 150;
};

subtest 'the master hangs' => sub {
    is fill($data[1]), 1, 'its replica has what it had';
    $data[1]->freeze;
    is change(), 'pending', 'a save is pending';
    promoted($data[0], 'after the failover');
    $data[1]->thaw;
    wait_until { replicates($data[1]) && ready() } 'the old one comes back as a replica', 150;
};

# A sentinel gives a switch up, if it finds no good replica at that moment.
sub switched {
    return replicates($data[0]) if $sentinels[0]->master_port == $data[1]{port};
    eval { $sentinels[0]->command(SENTINEL => 'FAILOVER', 'main') } if $sentinels[0]->knows->{flags} eq 'master';
    return 0;
}

# A switch that loses nothing, while saves go on.
subtest 'the master is deposed' => sub {
    fill($data[0]);
    my %status;
    wait_until { $status{ change() }++; switched() } 'they change places';
    note join ', ', map { "$_: $status{$_}" } sort keys %status;
    promoted($data[1], 'after the switch');
    wait_until { ready() } 'all is calm again';
};

# Not by way of a sentinel: nobody has told us, and a connection may outlive it.
subtest 'the master is made a replica' => sub {
    is fill($data[1]), 1, 'both have it';
    $data[1]->command(REPLICAOF => '127.0.0.1', $data[0]{port});
    isnt change(), 'invalidated', 'one that refuses to be written to is no master';
    $data[1]->command(REPLICAOF => 'NO', 'ONE');
    wait_until { outbox() == 0 } 'it is one again';
    is left($data[1]), 0, 'and nothing is left';
    wait_until { ready() && replicates($data[0]) } 'all is calm again';
};

subtest 'sentinels come and go' => sub {
    $sentinels[$_]->freeze for 0, 1;
    $data[1]->command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    wait_until { change() eq 'invalidated' } 'two that are silent hide the third for a moment only';
    $sentinels[2]->stop;
    wait_until { change() eq 'invalidated' } 'a child that has a connection needs no sentinel';
    $data[1]->command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    wait_until { change() eq 'pending' } 'without a connection, and without sentinels: pending';
    wait_until { cause() =~ /sentinel 127\.0\.0\.1 port|connecting to 127\.0\.0\.1 port/ } 'the status page says so';
    $sentinels[$_]->thaw for 0, 1;
    $sentinels[2]->start;
    wait_until { outbox() == 0 } 'they are back: done';
};

subtest 'a master that no sentinel knows' => sub {
    $stack->reconfigure(directives => { CareerRedis => url('nobody'), CareerInvalidateAgain => 'off' });
    is change(), 'pending', 'pending';
    wait_until { cause() =~ /does not know that master/ } 'the status page says so';
};

done_testing;
