# SPDX-License-Identifier: Apache-2.0
# A relay before servers on unix sockets that can do harm at a chosen message: a process of its own, which counts
# what passes in either direction once it is armed, and then cuts that connection, or first kills somebody.
package Career::Proxy;
use v5.36;

use IO::Select;
use IO::Socket::UNIX;
use POSIX ();

# routes: { path to listen at => path of the server }
sub new ($class, %routes) {
    pipe my $from, my $orders or die "pipe: $!\n";
    pipe my $news, my $to     or die "pipe: $!\n";
    my %listeners = map { ($_ => _listen($_)) } sort keys %routes;
    defined(my $pid = fork) or die "fork: $!\n";
    if ($pid == 0) {
        @SIG{qw(INT TERM HUP)} = ('DEFAULT') x 3;
        $SIG{PIPE} = 'IGNORE';
        close $_ for $orders, $news;
        eval { _serve(\%routes, \%listeners, $from, $to) };
        POSIX::_exit(0);
    }
    close $_ for $from, $to, values %listeners;
    $_->autoflush(1) for $orders;
    return bless { pid => $pid, owner => $$, orders => $orders, news => $news }, $class;
}

sub _listen ($path) {
    my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 64) // die "$path: $!\n";
    chmod 0777, $path;
    return $listener;
}

# At the n-th message from now on through that route: cut its connection before or after it has passed; kill => pids
# that die with it.
sub arm ($self, %what) {
    return $self->_order(join ' ', 'arm', @what{qw(route n)}, $what{after} ? 1 : 0, @{ $what{kill} // [] });
}

# No harm any more; true when some was done since it was armed.
sub disarm ($self) { return $self->_order('disarm') }

sub _order ($self, $line) {
    print { $self->{orders} } "$line\n";
    my $answer = readline $self->{news};
    return ($answer // '') =~ /yes/;
}

sub stop ($self) {
    return unless $self->{pid} && $$ == $self->{owner};
    close $self->{orders};    # that is the end for it
    local $?;
    waitpid delete $self->{pid}, 0;
    return;
}
sub DESTROY ($self) { return $self->stop }

# ------------------------------------------------------------------------------------------------- the process

sub _serve ($routes, $listeners, $from, $to) {
    my (%other, %route_of, $armed, $fired);
    my $select = IO::Select->new($from, values %$listeners);
    my %listening = map { (fileno $listeners->{$_} => $_) } keys %$listeners;
    my $close = sub ($socket) {
        my $peer = delete $other{ fileno $socket };
        delete $other{ fileno $peer } if $peer;
        for my $one (grep { defined } $socket, $peer) { $select->remove($one); close $one }
    };
    while (1) {
        for my $ready ($select->can_read) {
            if ($ready == $from) {
                sysread($from, my $line, 4096) or return;
                my ($word, @more) = split ' ', $line;
                syswrite $to, ($fired ? "yes\n" : "no\n");
                $fired = 0;
                $armed = $word eq 'arm' ? { route => shift @more, n => shift @more, after => shift @more,
                    kill => [@more] } : undef;
            } elsif (!defined fileno $ready) {    # closed in this round, with its peer
                next;
            } elsif (my $path = $listening{ fileno $ready }) {
                my $client = $ready->accept // next;
                my $server = IO::Socket::UNIX->new(Peer => $routes->{$path});
                if (!$server) { close $client; next }
                $other{ fileno $client } = $server;
                $other{ fileno $server } = $client;
                $route_of{ fileno $_ } = $path for $client, $server;
                $select->add($client, $server);
            } elsif (my $peer = $other{ fileno $ready }) {
                if (!sysread $ready, my $bytes, 65536) { $close->($ready) }
                elsif ($armed && $armed->{route} eq $route_of{ fileno $ready } && --$armed->{n} <= 0) {
                    _write($peer, $bytes) if $armed->{after};
                    kill KILL => @{ $armed->{kill} } if @{ $armed->{kill} };
                    $close->($ready);
                    ($armed, $fired) = (undef, 1);
                } elsif (!_write($peer, $bytes)) { $close->($ready) }
            }
        }
    }
    return;
}

sub _write ($socket, $bytes) {
    while (length $bytes) {
        my $n = syswrite $socket, $bytes or return 0;
        substr $bytes, 0, $n, '';
    }
    return 1;
}

1;
