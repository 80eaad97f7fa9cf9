# SPDX-License-Identifier: Apache-2.0
# A private Redis Sentinel: a redis-server in that mode, which keeps its knowledge in its configuration file.
package Career::Sentinel;
use v5.36;

use parent 'Career::Redis';
use Career::Place qw(as_root server_user write_file);

# dir; master: a Career::Redis; name: what it is called; quorum; own_password: wants one itself, the master's
sub new ($class, %self) {
    my $self = Career::Redis::new($class, name => 'main', quorum => 2, %self);
    my $master = delete $self->{master};
    my @lines = ("sentinel monitor $self->{name} 127.0.0.1 $master->{port} $self->{quorum}",
        "sentinel down-after-milliseconds $self->{name} 1000", "sentinel failover-timeout $self->{name} 4000");
    push @lines, "sentinel auth-pass $self->{name} $master->{password}" if $master->{password};
    $self->{file} = "$self->{dir}/data/sentinel.conf";
    write_file($self->{file}, join "\n", @lines, '');
    chown scalar getpwnam(server_user()), -1, $self->{file} if as_root();
    return $self;
}

sub _settings ($self) {
    return ($self->{file}, '--sentinel', '--port', $self->{port}, '--bind', '127.0.0.1', '--unixsocket',
        $self->{socket}, '--dir', "$self->{dir}/data", $self->{password} ? ('--requirepass', $self->{password}) : ());
}

# What it knows of its master, as a hash.
sub knows ($self) { return { @{ $self->command(SENTINEL => 'MASTER', $self->{name}) } } }

# The port of whom it takes for the master.
sub master_port ($self) { return $self->command(SENTINEL => 'GET-MASTER-ADDR-BY-NAME', $self->{name})->[1] }

1;
