# SPDX-License-Identifier: Apache-2.0
# A private Redis Sentinel: a redis-server in that mode, which keeps its knowledge in its configuration file.
package Career::Sentinel;
use v5.36;

use parent 'Career::Redis';
use Career::Place qw(as_root server_user write_file);

# dir; master: a Career::Redis; name: what it is called; quorum; password: wants one itself; tls: as its master's
sub new ($class, %self) {
    my $self = Career::Redis::new($class, name => 'main', quorum => 2, %self);
    my $master = delete $self->{master};
    my @lines = ("sentinel monitor $self->{name} 127.0.0.1 $master->{port} $self->{quorum}",
        "sentinel down-after-milliseconds $self->{name} 1000", "sentinel failover-timeout $self->{name} 4000");
    push @lines, 'tls-replication yes' if $self->{tls};
    push @lines, "sentinel auth-pass $self->{name} $master->{password}" if $master->{password};
    $self->{file} = "$self->{dir}/data/sentinel.conf";
    write_file($self->{file}, join "\n", @lines, '');
    chown scalar getpwnam(server_user()), -1, $self->{file} if as_root();
    return $self;
}

sub _settings ($self) {
    my @tls = $self->{tls} ? $self->_tls_settings : ('--port', $self->{port});
    return ($self->{file}, '--sentinel', @tls, '--bind', '127.0.0.1', '--unixsocket', $self->{socket}, '--dir',
        "$self->{dir}/data", $self->{password} ? ('--requirepass', $self->{password}) : ());
}

# Since Redis 7 it may be told to look around more often than every ten seconds; and that a machine which kept it
# waiting for two is no reason to do nothing for thirty (TILT).
sub start ($self) {
    $self->SUPER::start;
    my %often = ('info-period' => 500, 'ask-period' => 300, 'ping-period' => 300, 'publish-period' => 500,
        'tilt-trigger' => 60_000, 'tilt-period' => 1000);
    eval { $self->command(SENTINEL => 'DEBUG', $_, $often{$_}) } for sort keys %often;
    return $self;
}

# What it knows of its master, as a hash.
sub knows ($self) { return { @{ $self->command(SENTINEL => 'MASTER', $self->{name}) } } }

# The port of whom it takes for the master.
sub master_port ($self) { return $self->command(SENTINEL => 'GET-MASTER-ADDR-BY-NAME', $self->{name})->[1] }

1;
