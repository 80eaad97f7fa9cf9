# SPDX-License-Identifier: Apache-2.0
# A private Redis on a unix socket and, unless told otherwise, a port of loopback; and the few lines of its
# protocol that a test needs to talk to it.
package Career::Redis;
use v5.36;

use Career::Place   qw(as_root server_user web_user free_port);
use Career::Process ();
use File::Path      qw(make_path);
use IO::Socket::INET;
use IO::Socket::UNIX;

# dir; durable: keeps its data; tcp => 0: unix socket only; password; settings: list of configuration words;
# tls: a Career::Certificate that issued "redis", or `certificate`: the port is inside TLS
sub new ($class, %self) {
    my $self = bless { tcp => 1, %self }, $class;
    make_path("$self->{dir}/data") unless -d "$self->{dir}/data";
    if (as_root()) {
        chmod 0711, $self->{dir};
        chown scalar getpwnam(server_user()), (getpwnam web_user())[3], "$self->{dir}/data";
    }
    chmod as_root() ? 0750 : 0700, "$self->{dir}/data";
    $self->{socket} = "$self->{dir}/data/redis.sock";
    return $self;
}

sub start ($self) {
    for (1 .. 5) {
        $self->{port} = free_port() if $self->{tcp} && !$self->{fixed_port};
        $self->{process} = Career::Process->new(
            name => 'Redis', log => "$self->{dir}/log", user => server_user(),
            command => ['redis-server', $self->_settings]);
        return $self if eval { $self->_begin; 1 };
        die $@ unless $self->{process}->tail =~ /bind|listen/i;
    }
    die $@;
}

sub _settings ($self) {
    my @settings = ('--port', $self->{tcp} ? $self->{port} : 0, '--bind', '127.0.0.1', '--unixsocket', $self->{socket},
        '--unixsocketperm', '777', '--dir', "$self->{dir}/data", '--daemonize', 'no', '--databases', '16');
    push @settings, $self->_tls_settings if $self->{tls};
    push @settings, $self->{durable} ? ('--appendonly', 'yes') : ('--save', '');
    push @settings, '--requirepass', $self->{password} if $self->{password};
    return (@settings, @{ $self->{settings} // [] });
}

# Starts it so that it loads what it has saved for as long as the test wants, and says so to whoever asks. Values
# of more than a kilobyte let it answer between any two keys.
sub start_loading ($self) {
    local $self->{settings} = [@{ $self->{settings} // [] }, '--key-load-delay', 20_000,
        '--loading-process-events-interval-bytes', 1024];
    local $self->{loading} = 1;
    return $self->start;
}

# What is left to be loaded comes at once.
sub end_loading ($self) {
    $self->command(CONFIG => SET => 'key-load-delay', 0);
    return $self->{process}->wait_ready(sub { eval { $self->command('PING') } });
}

sub _is_ready ($self) {
    delete $self->{connection};
    return 1 if eval { $self->command('PING') eq 'PONG' };
    return $self->{loading} && $@ =~ /^redis: LOADING /;
}

sub _tls_settings ($self) {
    my $name = $self->{certificate} // 'redis';
    return ('--port', 0, '--tls-port', $self->{port}, '--tls-auth-clients', 'no', '--tls-ca-cert-file',
        $self->{tls}->certificate('ca'), '--tls-cert-file', $self->{tls}->certificate($name), '--tls-key-file',
        $self->{tls}->key($name));
}

sub _begin ($self) {
    unlink $self->{socket};
    $self->{process}->start;
    $self->{process}->wait_ready(sub { $self->_is_ready });
    $self->{fixed_port} = 1;
    return;
}

sub process ($self) { return $self->{process} }
sub stop ($self) { $self->_leave; return !$self->{process} || $self->{process}->stop }
sub crash ($self) { $self->_leave; return $self->{process}->crash }
sub _leave ($self) { $self->{was_away} = 1; delete $self->{connection}; return }
sub freeze ($self) { $self->{was_away} = 1; return $self->{process}->freeze }
sub thaw ($self) { return $self->{process}->thaw }

# for CareerRedis
sub url ($self, $database = 0) {
    my $password = $self->{password} ? ":$self->{password}\@" : '';
    return "rediss://${password}localhost:$self->{port}/$database" if $self->{tls};
    return "redis://${password}127.0.0.1:$self->{port}/$database" if $self->{tcp};
    return "unix:$self->{socket}";
}

# Sends one command and returns its reply: a string (of bytes), a number, undef, or a list. A Redis error dies.
sub command ($self, @words) {
    for my $again (0, 1) {
        my $reply = eval { $self->{connection} //= $self->_connect; [$self->_exchange(@words)] };
        return $reply->[0] if $reply;
        die $@ if $again || $@ =~ /^redis:/;
        delete $self->{connection};
    }
    return;
}

sub _connect ($self) {
    my $socket = IO::Socket::UNIX->new(Peer => $self->{socket}) // die "cannot connect to Redis: $!\n";
    binmode $socket;
    local $self->{connection} = $socket;
    $self->_exchange('AUTH', $self->{password}) if $self->{password};
    return $socket;
}

sub _exchange ($self, @words) {
    my $text = '*' . @words . "\r\n";
    for my $word (@words) {
        my $bytes = "$word";
        utf8::encode($bytes) if utf8::is_utf8($bytes);
        $text .= '$' . length($bytes) . "\r\n$bytes\r\n";
    }
    local $SIG{PIPE} = 'IGNORE';
    print { $self->{connection} } $text;
    $self->{connection}->flush;
    return $self->_reply;
}

sub _reply ($self) {
    my $in = $self->{connection};
    local $/ = "\r\n";
    my $line = readline($in) // die "Redis closed the connection\n";
    chomp $line;
    my ($kind, $rest) = (substr($line, 0, 1), substr $line, 1);
    die "redis: $rest\n" if $kind eq '-';
    return $rest if $kind eq '+' || $kind eq ':';
    return undef if $rest < 0;
    return [map { $self->_reply } 1 .. $rest] if $kind eq '*';
    die "unexpected reply $line\n" unless $kind eq '$';
    read($in, my $bytes, $rest + 2) == $rest + 2 or die "Redis closed the connection\n";
    return substr $bytes, 0, $rest;
}

# How often the server was asked to run this command since it started.
sub calls ($self, $command) {
    my $stats = $self->command('INFO', 'commandstats');
    return $stats =~ /^cmdstat_\Q$command\E:calls=(\d+)/mi ? $1 : 0;
}

1;
