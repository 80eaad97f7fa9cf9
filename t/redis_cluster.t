# SPDX-License-Identifier: Apache-2.0
# A Redis Cluster: contract 6, redis+cluster://. Keys, sets and generations on any node, slots that move while they
# are cleared, nodes that go. In the end nothing stale is left anywhere.
use v5.36;
use Career::Test;
use Career::Cluster ();
use Career::Contract qw(minimal is_saved);
use Career::Place qw(temp_dir);
use File::Path qw(remove_tree);
use List::Util qw(sum);
use Time::HiRes qw(sleep);

my $dir = temp_dir();
my $owner = $$;
my $cluster = Career::Cluster->new(dir => "$dir/cluster", spare => 1, durable => 1, password => 'a-secret-of-the-cluster');
END { if ($$ == $owner) { $cluster->stop; remove_tree($dir) } }
$cluster->start;
my @nodes = $cluster->nodes;

my $stack = Career::Stack->new(redis => 0, directives => { CareerRedis => '"' . $cluster->url . '"',
    CareerInvalidateAgain => 'off' });    # or a second pass would do what the first left undone
secret('a-secret-of-the-cluster');
$stack->edit_rules('caches.lua', <<'LUA');
return { "score:{user_id}:*", "\\{{user_id}}:tagged", "profile:{user_id}", "a:{user_id}", "b:{user_id}",
         { set = "keys:{user_id}" }, { set = "more:{user_id}" }, { key = "gen:{user_id}", bump = true } }
LUA
$stack->start;
my $pg = $stack->postgres;

sub outbox { return $pg->psql('SELECT count(*) FROM career_cache_outbox') }
sub set (@keys) { $cluster->command(SET => $_, 1) for @keys; return @keys }
sub left (@keys) { return grep { $cluster->command(EXISTS => $_) } @keys }
sub everything { return sum(map { $_->command('DBSIZE') } @nodes) }
my $turn = 0;
sub change (@as) { return $stack->put({ companyName => 'No. ' . ++$turn }, @as) }

my $user = uuid();
my @as = (token => token(sub => $user));
$stack->put(minimal(), @as);

# What a save of that user must clear: keys on every node.
sub fill ($id, $count) {
    my @keys = set("{$id}:tagged", map({ "$_:$id" } qw(profile a b)), map({ "score:$id:$_" } 1 .. $count));
    for my $index ("keys:$id", "more:$id") {
        my @members = set(map { "member:$index:$_" } 1 .. $count);
        $cluster->command(SADD => $index, @members);
        push @keys, @members, $index;
    }
    return @keys;
}

subtest 'keys, globs, sets and generations on any node' => sub {
    my @gone = fill($user, 60);
    my @stay = set(map { "foreign:$_" } 1 .. 60);
    my $answer = change(@as);
    is_saved($answer, 0, 'invalidated', 'a save');
    is $answer->{json}{cache}{keys}, scalar @gone, 'all of it is counted';
    is_deeply [left(@gone)], [], 'and gone';
    is scalar left(@stay), 60, 'the rest stays';
    my $version = $pg->psql("SELECT version FROM career_profiles WHERE user_id = '$user'");
    is $cluster->command(GET => "gen:$user"), $version, 'the generation is that of the row';
    is sum(map { $_->calls('keys') } @nodes), 0, 'nobody was asked for KEYS';
    cmp_ok $_->calls('scan'), '>', 0, "node $_->{port} was swept" for @nodes[0 .. 2];
};

subtest 'a set larger than a batch' => sub {
    my @members = set(map { "member:$_" } 1 .. 3000);
    $cluster->command(SADD => "keys:$user", @members);
    is change(@as)->{json}{cache}{keys}, 3001, 'members and set are counted';
    is_deeply [left(@members, "keys:$user")], [], 'and gone';
};

# Where its slot is now, and where it could be
sub places ($key) {
    my ($slot, $from) = $cluster->where($key);
    return ($slot, $from, ($from + 1) % 3);
}

subtest 'a slot that has moved (MOVED)' => sub {
    my @keys = fill($user, 20);
    $cluster->move(places("$_:$user")) for qw(profile a keys gen);
    my $answer = change(@as);
    is $answer->{json}{cache}{status}, 'invalidated', 'a save follows at once';
    is_deeply [left(@keys)], [], 'everything is gone';
};

subtest 'a slot that is moving (ASK)' => sub {
    my @keys = fill($user, 20);
    my @moves = map { [places("$_:$user")] } qw(profile b more gen);
    $cluster->begin_move(@$_, 1) for @moves;
    my $answer = change(@as);
    is $answer->{json}{cache}{status}, 'invalidated', 'a save asks both';
    is_deeply [left(@keys)], [], 'everything is gone';
    my @other = fill($user, 20);
    is change(@as)->{json}{cache}{status}, 'invalidated', 'and once more';
    is_deeply [left(@other)], [], 'everything is gone';
    $cluster->end_move(@$_) for @moves;
};

subtest 'a master that has no slot yet' => sub {
    my ($slot, $from) = places("score:$user:1");
    my @keys = map { "score:$user:$_" } 1 .. 400;
    my ($in) = grep { $cluster->slot($_) == $slot } @keys;
    my $others = $nodes[$from]->command(CLUSTER => COUNTKEYSINSLOT => $slot);    # foreign ones, as chance has it
    set($in);
    $cluster->begin_move($slot, $from, 3, 100);
    is $nodes[3]->command('DBSIZE'), $others + 1, 'it has a key all the same';
    is change(@as)->{json}{cache}{status}, 'invalidated', 'a save';
    is $nodes[3]->command('DBSIZE'), $others, 'it was swept, too';
    $cluster->end_move($slot, $from, 3);
};

# Slots move to and fro all the while: every key is set, by a writer who follows them, before a save that must clear
# it. Whatever a save answers, nothing of it is left when the outbox is empty.
subtest 'resharding while saves go on' => sub {
    my @users = map { uuid() } 1 .. 4;
    my %as = map { $_ => [token => token(sub => $_)] } @users;
    $stack->put(minimal(), @{ $as{$_} }) for @users;
    set(map { "foreign:$_" } 1 .. 3000);
    my @slots = map { my $id = $_; map { [places("$_:$id")] } qw(profile a b keys more gen) } @users;
    push @slots, map { my $id = $_; map { [places("score:$id:$_")] } 1 .. 8 } @users;
    my %once;
    @slots = grep { !$once{ $_->[0] }++ } @slots;
    pipe my $stopped, my $stop or die "pipe: $!";
    my $pid = fork // die "fork: $!";
    if ($pid == 0) {
        close $stop;
        $cluster->reconnect;
        my $moved = eval { move_until($stopped, \@slots) };
        print STDERR "# the mover: $@" if $@;
        POSIX::_exit($moved ? 0 : 1);
    }
    close $stopped;
    my @all;
    my %status;
    for my $round (1 .. 12) {
        for my $id (@users) {
            push @all, fill($id, 8);
            $status{ change(@{ $as{$id} })->{json}{cache}{status} }++;
        }
    }
    close $stop;
    waitpid $pid, 0;
    is $?, 0, 'slots moved all the while, and the mover had no trouble';
    wait_until { outbox() == 0 } 'everything is settled';
    note join ', ', map { "$_: $status{$_}" } sort keys %status;
    my %all = map { $_ => 1 } @all;
    is_deeply [left(sort keys %all)], [], 'nothing stale is left';
};

sub move_until ($stopped, $slots) {
    my $select = IO::Select->new($stopped);
    my $moved = 0;
    while (!$select->can_read(0)) {
        my $one = $slots->[rand @$slots];
        my ($slot, $from, $to) = @$one;
        $cluster->begin_move($slot, $from, $to, 1);
        sleep rand 0.02;
        $cluster->end_move($slot, $from, $to);
        @$one[1, 2] = ($to, $from);
        $moved++;
    }
    return $moved;
}

subtest 'a node that goes and comes back' => sub {
    expect_log(qr/CAREER0401/);
    my @keys = fill($user, 20);
    $nodes[1]->crash;
    is change(@as)->{json}{cache}{status}, 'pending', 'a save is pending';
    is outbox(), 1, 'its entry waits';
    is change(@as)->{json}{cache}{status}, 'pending', 'so is the next';
    $nodes[1]->start;
    wait_until { outbox() == 0 } 'then it is done';
    $cluster->wait_ok;
    is_deeply [left(@keys)], [], 'nothing is left';
    wait_until { change(@as)->{json}{cache}{status} eq 'invalidated' } 'and so it goes on';
};

done_testing;
