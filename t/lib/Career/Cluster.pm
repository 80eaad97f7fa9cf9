# SPDX-License-Identifier: Apache-2.0
# A private Redis Cluster of masters only, on loopback: its nodes, which of them has a key, and slots that move.
package Career::Cluster;
use v5.36;

use Career::Redis ();
use Time::HiRes   qw(sleep time);

use constant SLOTS => 16384;

# dir; nodes: how many; spare: how many more that begin without a slot; further options go to every Career::Redis
sub new ($class, %self) {
    my $self = bless { nodes => 3, spare => 0, %self }, $class;
    mkdir $self->{dir};
    chmod 0711, $self->{dir};
    my %node = %$self;
    delete @node{qw(nodes spare dir)};
    my @settings = ('--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-node-timeout', 15_000);
    $self->{list} = [map { Career::Redis->new(%node, dir => "$self->{dir}/$_",
        settings => [@settings, @{ $node{settings} // [] }]) } 1 .. $self->{nodes} + $self->{spare}];
    return $self;
}

sub nodes ($self) { return @{ $self->{list} } }
sub node ($self, $n) { return $self->{list}[$n] }

sub start ($self) {
    my @nodes = $self->nodes;
    for my $n (0 .. $#nodes) {
        $nodes[$n]->start;
        $nodes[$n]->command(CLUSTER => 'SET-CONFIG-EPOCH', $n + 1);
        next if $n >= $self->{nodes};
        my ($first, $last) = map { int($_ * SLOTS / $self->{nodes}) } $n, $n + 1;
        $nodes[$n]->command(CLUSTER => 'ADDSLOTS', $first .. $last - 1);
    }
    $nodes[0]->command(CLUSTER => 'MEET', '127.0.0.1', $_->{port}) for @nodes[1 .. $#nodes];
    return $self->wait_ok;
}

# Until every node knows every other and finds the cluster whole.
sub wait_ok ($self) {
    my $end = time + 60;
    for my $node ($self->nodes) {
        until (eval { $self->_finds_it_whole($node) }) {
            die "the cluster was not ready within a minute\n" if time > $end;
            sleep 0.05;
        }
    }
    return $self;
}

sub _finds_it_whole ($self, $node) {
    my @lines = split /\n/, $node->command(CLUSTER => 'NODES');
    return @lines == $self->nodes && !(grep { /fail|handshake|disconnected/ } @lines)
        && $node->command(CLUSTER => 'INFO') =~ /cluster_state:ok/;
}

sub stop ($self) { return !grep { !$_->stop } $self->nodes }

# for CareerRedis
sub url ($self) {
    my ($one) = $self->nodes;
    my $password = $one->{password} ? ":$one->{password}\@" : '';
    return ($one->{tls} ? 'rediss' : 'redis') . "+cluster://$password" . join ',', map { "127.0.0.1:$_->{port}" }
        $self->nodes;
}

sub slot ($self, $key) { return $self->node(0)->command(CLUSTER => 'KEYSLOT', $key) }
# The slot of a key and the number of the node that has it.
sub where ($self, $key) {
    my ($slot, @list) = ($self->slot($key), $self->nodes);
    for my $n (0 .. $#list) { return ($slot, $n) if eval { $list[$n]->command(EXISTS => $key); 1 } || $@ =~ /^redis: ASK / }
    die "no node has the slot $slot\n";
}

sub id ($self, $n) { return $self->node($n)->command(CLUSTER => 'MYID') }

# A command about the key that is its second word, wherever that is.
sub command ($self, @words) {
    my $node = $self->node(0);
    my $asking;
    for (1 .. 100) {
        $node->command('ASKING') if $asking;
        my $reply = eval { [$node->command(@words)] };
        return $reply->[0] if $reply;
        my ($kind, $slot, $port) = $@ =~ /^redis: (MOVED|ASK) (\d+) .*:(\d+)$/;
        die $@ unless $kind || $@ =~ /TRYAGAIN/;
        $asking = $kind && $kind eq 'ASK';
        $node = (grep { $_->{port} == $port } $self->nodes)[0] // $self->_named($node, $kind, $slot, $words[1]) if $kind;
    }
    die "@words: sent from node to node\n";
}

# Asked over its unix socket, a node that listens for TLS only names others by the port 0 (Redis 8).
sub _named ($self, $node, $kind, $slot, $key) {
    return $self->node(($self->where($key))[1]) if $kind eq 'MOVED';
    my ($id) = $node->command(CLUSTER => 'NODES') =~ /\[$slot->-(\w+)\]/ or die "slot $slot goes nowhere\n";
    return (grep { $_->command(CLUSTER => 'MYID') eq $id } $self->nodes)[0];
}

# The first half of moving a slot: some of its keys may have gone already.
sub begin_move ($self, $slot, $from, $to, $keys = 0) {
    $self->node($to)->command(CLUSTER => 'SETSLOT', $slot, 'IMPORTING', $self->id($from));
    $self->node($from)->command(CLUSTER => 'SETSLOT', $slot, 'MIGRATING', $self->id($to));
    return $self->move_keys($slot, $from, $to, $keys);
}

sub move_keys ($self, $slot, $from, $to, $count) {
    return 0 unless $count;
    my @keys = @{ $self->node($from)->command(CLUSTER => 'GETKEYSINSLOT', $slot, $count) };
    my $password = $self->node($to)->{password};
    $self->node($from)->command(MIGRATE => '127.0.0.1', $self->node($to)->{port}, '', 0, 10000,
        $password ? (AUTH => $password) : (), KEYS => @keys) if @keys;
    return scalar @keys;
}

# The second half: the rest of the keys, and then who has the slot. Others than the two learn of it by and by.
sub end_move ($self, $slot, $from, $to) {
    1 while $self->move_keys($slot, $from, $to, 100);
    $self->node($_)->command(CLUSTER => 'SETSLOT', $slot, 'NODE', $self->id($to)) for $to, $from;
    my $end = time + 60;
    until ($self->_agrees) {
        die "the nodes did not agree on slot $slot within a minute\n" if time > $end;
        sleep 0.005;
    }
    return;
}

# Does every node know the epoch of every other, and no two have the same? A cluster in which slots change hands
# faster than the news of it travels loses keys.
sub _agrees ($self) {
    my %seen;
    for my $node ($self->nodes) {
        my %epoch = $node->command(CLUSTER => 'NODES') =~ /^(\w+) (?:\S+ ){5}(\d+)/mg;
        my %once = reverse %epoch;
        return 0 if keys %once != keys %epoch;
        $seen{ join ' ', map { "$_=$epoch{$_}" } sort keys %epoch } = 1;
    }
    return keys %seen == 1;
}

sub move ($self, $slot, $from, $to) {
    $self->begin_move($slot, $from, $to);
    $self->end_move($slot, $from, $to);
    return;
}

# A new connection to every node, for a process that was forked.
sub reconnect ($self) { delete $_->{connection} for $self->nodes; return $self }

1;
