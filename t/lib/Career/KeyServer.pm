# SPDX-License-Identifier: Apache-2.0
# A key server of the tests: one answer for every path, switched at any time, good or bad, and a count of the
# requests for each path. Its state lies in files, for it is asked and told from several processes.
package Career::KeyServer;
use v5.36;

use Career::Place   qw(temp_dir free_port write_file read_file);
use File::Path      qw(remove_tree);
use IO::Socket::INET;
use POSIX           qw(WNOHANG);
use Time::HiRes     qw(sleep);

my $owner = $$;
my @folders;
my %alive;    # pid → true

sub new ($class, %with) {
    my $self = bless { dir => temp_dir('career-keys'), %with }, $class;
    push @folders, $self->{dir};
    $self->answer('');
    return $self;
}

# What it says from now on: publish(text), or answer(text, status => 200, headers => [lines], delay => seconds,
# fault => 'silent' | 'huge' | 'drip' | 'close')
sub publish ($self, $text) { return $self->answer($text) }

sub answer ($self, $text, %with) {
    my $status = $with{status} // 200;
    my @lines = ("HTTP/1.1 $status Whatever", 'Content-Length: ' . length $text, 'Connection: close',
        @{ $with{headers} // [] });
    write_file("$self->{dir}/answer", join "\n", $with{fault} // '', $with{delay} // 0,
        join("\r\n", @lines, '', $text));
    return $self;
}

sub start ($self) {
    for (1 .. 20) {
        my $port = $self->{port} // free_port();
        my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 128,
            ReuseAddr => 1);
        if (!$listener) { sleep 0.05; next }    # it is taken, or one that was killed has not gone yet
        $self->{port} = $port;
        defined($self->{pid} = fork) or die "fork: $!\n";
        $self->_serve($listener) if $self->{pid} == 0;
        setpgrp $self->{pid}, $self->{pid};
        $alive{ $self->{pid} } = 1;
        return $self;
    }
    die "the key server finds no port\n";
}

# Nobody listens there any more; start makes it listen where it did.
sub stop ($self) {
    my $pid = delete $self->{pid} or return $self;
    kill KILL => -$pid;
    waitpid $pid, 0;
    delete $alive{$pid};
    return $self;
}

sub url ($self, $path = '/jwks.json') { return "http://127.0.0.1:$self->{port}$path" }

# How often it was asked, for one path or for all of them.
sub requests ($self, $path = undef) {
    my @all = split /\n/, eval { read_file("$self->{dir}/requests") } // '';
    return scalar grep { !defined $path || $_ eq $path } @all;
}

# One process for each connection, all of them in one group; none outlives the test.
sub _serve ($self, $listener) {
    setpgrp;
    @SIG{qw(INT TERM HUP PIPE ALRM)} = ('DEFAULT', 'DEFAULT', 'DEFAULT', 'IGNORE', 'IGNORE');
    $listener->timeout(1);
    while (getppid == $owner) {
        my $socket = $listener->accept or next;
        1 while waitpid(-1, WNOHANG) > 0;
        next if fork;
        close $listener;    # while this one answers, another may listen there
        eval { $self->_reply($socket) };
        close $socket;
        POSIX::_exit(0);
    }
    POSIX::_exit(0);
}

sub _reply ($self, $socket) {
    my $line = readline $socket // return;
    my ($path) = $line =~ /^GET (\S+)/ or return;
    while (my $header = readline $socket) { last if $header =~ /^\r?\n/ }
    open my $log, '>>', "$self->{dir}/requests" or die;
    syswrite $log, "$path\n";
    my ($fault, $delay, $answer) = split /\n/, read_file("$self->{dir}/answer"), 3;
    sleep $delay;
    sleep 30 if $fault eq 'silent';
    return if $fault eq 'close';
    $answer = "HTTP/1.1 200 OK\r\n\r\n" . '{"keys":[' . ' ' x 10_000_000 if $fault eq 'huge';
    if ($fault eq 'drip') { syswrite($socket, $_) && sleep 0.2 for split //, $answer }
    else                  { print {$socket} $answer }
    return;
}

END {
    if ($$ == $owner) {
        local $? = $?;
        kill KILL => map { -$_ } keys %alive;
        waitpid $_, 0 for keys %alive;
        remove_tree(@folders, { safe => 0 });
    }
}

1;
