# SPDX-License-Identifier: Apache-2.0
# One server process of ours, in the foreground and in a process group of its own, so that a Ctrl-C at the
# terminal reaches only whoever started it. Signals go to its own pid and that pid's descendants, nobody else.
package Career::Process;
use v5.36;

use POSIX qw(WNOHANG setsid);
use Time::HiRes qw(sleep time);

# name, command (list), log (file for stdout and stderr), user (name, root only), env (hash, added), stop (signal)
sub new ($class, %self) {
    $self{stop} //= 'TERM';
    return bless \%self, $class;
}

sub pid ($self) { return $self->{pid} }

# The command as the other user, if any; the kernel ends it should we die without a word.
sub _command ($self) {
    my @as = ('setpriv', "--pdeathsig=$self->{stop}");
    push @as, "--reuid=$self->{user}", "--regid=$self->{user}", '--init-groups' if $self->{user} && $> == 0;
    return (@as, '--', @{ $self->{command} });
}

sub start ($self) {
    die "$self->{name} is running already\n" if $self->alive;
    my @command = $self->_command;
    defined(my $pid = fork) or die "fork: $!\n";
    if ($pid == 0) {
        setsid();
        open STDIN,  '<', '/dev/null';
        open STDOUT, '>>', $self->{log} or POSIX::_exit(126);
        open STDERR, '>&', \*STDOUT;
        delete @ENV{ grep { /^(PG|REDIS|LC_|LANG)/ } keys %ENV };
        %ENV = (%ENV, LC_ALL => 'C', %{ $self->{env} // {} });
        chdir '/';
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    return $self;
}

sub alive ($self) {
    return 0 unless $self->{pid};
    return 1 if waitpid($self->{pid}, WNOHANG) == 0;
    $self->{status} = $?;
    delete $self->{pid};
    return 0;
}

# Waits until the code says yes; a process that ends first is an error that shows its log.
sub wait_ready ($self, $ready, $seconds = 60) {
    my $end = time + $seconds;
    while (time < $end) {
        return 1 if $ready->();
        $self->alive or die "$self->{name} ended at its start:\n" . $self->tail;
        sleep 0.02;
    }
    die "$self->{name} was not ready within $seconds seconds:\n" . $self->tail;
}

sub stop ($self, $signal = $self->{stop}, $seconds = 30) {
    return 1 unless $self->alive;
    my @all = ($self->{pid}, $self->descendants);
    $self->thaw if $self->{frozen};
    kill $signal => $self->{pid};
    return 1 if $self->_gone($seconds);
    kill KILL => @all, $self->descendants;
    $self->_gone(5);
    return 0;
}

# As a power cut would: no process of it lives on.
sub crash ($self) {
    kill KILL => $self->{pid}, $self->descendants if $self->alive;
    my $gone = $self->_gone(10);
    $self->thaw if $self->{frozen};
    return $gone;
}

sub _gone ($self, $seconds) {
    my $end = time + $seconds;
    while ($self->alive) {
        return 0 if time > $end;
        sleep 0.01;
    }
    return 1;
}

# Stopped in its tracks: connections stay open and nothing answers. The main process first, so that it makes no
# child that is not stopped. Should we die meanwhile, however it be, a guard of its own sets it going again: a
# stopped process would not even hear that it is to end.
sub freeze ($self) {
    $self->{guard} //= $self->_guard;
    $self->{frozen} = 1;
    kill STOP => $self->{pid};
    my $end = time + 10;
    sleep 0.001 until time > $end || $self->_state =~ /^[TZX]/;
    return kill STOP => $self->descendants;
}

# The letter of proc(5): a signal takes effect a little later than it is sent.
sub _state ($self) {
    open my $in, '<', "/proc/$self->{pid}/stat" or return 'X';
    return (readline($in) // '') =~ /.*\) (\w)/ ? $1 : 'X';
}

sub thaw ($self) {
    delete $self->{frozen};
    my $woken = $self->_continue;
    if (my $guard = delete $self->{guard}) {
        syswrite $guard->{life}, "\n";    # a guard made later may hold the other end open, too
        close $guard->{life};
        waitpid $guard->{pid}, 0;
    }
    return $woken;
}

sub _continue ($self) { return kill CONT => grep { defined } $self->descendants, $self->{pid} }

# Reads from a pipe whose other end goes with us.
sub _guard ($self) {
    pipe my $end, my $life or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    return { pid => $pid, life => $life } if $pid;
    setsid();
    @SIG{qw(INT TERM HUP ALRM)} = ('DEFAULT') x 4;
    close $life;
    readline $end;
    $self->_continue;
    POSIX::_exit(0);
}

sub descendants ($self, $of = $self->{pid}) {
    return () unless $of;
    my %children;
    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $in, '<', $stat or next;
        my $line = readline($in) // next;
        push @{ $children{$2} }, $1 if $line =~ /^(\d+) \(.*\) \S (\d+) /s;
    }
    my @found;
    my @next = ($of);
    while (defined(my $pid = shift @next)) {
        my @here = @{ $children{$pid} // [] };
        push @found, @here;
        push @next,  @here;
    }
    return @found;
}

sub tail ($self, $lines = 15) {
    open my $in, '<', $self->{log} or return '';
    my @all = readline $in;
    return join '', @all > $lines ? @all[-$lines .. -1] : @all;
}

1;
