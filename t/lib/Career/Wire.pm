# SPDX-License-Identifier: Apache-2.0
# A relay on a unix socket before a private Postgres that counts round trips, as the protocol shows them: one is
# all that a client sends before it waits, up to the ReadyForQuery of its last Sync. It notes the statements of
# each by the names that the module gives them, in a process of its own.
package Career::Wire;
use v5.36;

use Career::Place   qw(as_root server_user web_user tree read_file write_file);
use Career::Process ();
use IO::Select      ();
use IO::Socket::UNIX ();

use constant PORT => 5432;

# dir; postgres
sub new ($class, %self) {
    my $self = bless { %self, socket => "$self{dir}/socket", notes => "$self{dir}/notes" }, $class;
    mkdir $_ or die "$_: $!\n" for $self->{dir}, $self->{socket};
    chmod 0711, $self->{dir};
    chown scalar getpwnam(server_user()), (getpwnam web_user())[3], $self->{socket} if as_root();
    chmod 0750, $self->{socket};
    write_file($self->{notes}, '');
    return $self;
}

sub start ($self) {
    my $there = $self->{postgres}{socket} . '/.s.PGSQL.' . ($self->{postgres}{port} // PORT);
    $self->{process} = Career::Process->new(name => 'the relay', log => "$self->{dir}/log",
        command => [$^X, '-I' . tree() . '/t/lib', '-MCareer::Wire', '-e', 'Career::Wire::serve(@ARGV)',
            $self->_socket, $there, $self->{notes}]);
    $self->{process}->start;
    $self->{process}->wait_ready(sub { -S $self->_socket });
    return $self;
}

sub _socket ($self) { return "$self->{socket}/.s.PGSQL." . PORT }
sub stop ($self) { return $self->{process}->stop }
sub conninfo_for ($self, %with) { return $self->{postgres}->conninfo_for(host => $self->{socket}, port => PORT, %with) }

# The round trips since it was asked last: lists of names (READ, UPDATE …); those without a statement, as of a
# connection that is made, are left out.
sub trips ($self) {
    my $text = substr read_file($self->{notes}), $self->{read} // 0;
    $text =~ s/[^\n]*\z//;
    $self->{read} += length $text;
    return map { [split / /] } grep { length } split /\n/, $text;
}

# Those of requests: neither what the background asks of the outbox, nor a probe, nor what a new connection is asked,
# which has no names yet.
sub trips_of_requests ($self) {
    return grep { "@$_" !~ /^(?:\?|BY_INDEX|TAKE|KEEP|REMOVE|COUNT_OUTBOX|PROBE)/ } $self->trips;
}

# ------------------------------------------------------------------------------------------------- the process

sub serve ($here, $there, $notes) {
    $SIG{PIPE} = 'IGNORE';
    open my $out, '>>', $notes or die "$notes: $!\n";
    my $listener = IO::Socket::UNIX->new(Local => $here, Listen => 64) // die "$here: $!\n";
    chmod 0666, $here;
    my $select = IO::Select->new($listener);
    my %side;    # fileno → { from, to, connection, take }
    while (1) {
        for my $ready ($select->can_read) {
            if ($ready == $listener) { _admit($select, \%side, scalar $listener->accept, $there) }
            else                     { _pass($select, \%side, $side{ fileno $ready }, $out) }
        }
    }
}

sub _admit ($select, $side, $client, $there) {
    my $server = IO::Socket::UNIX->new(Peer => $there) or return close $client;
    my $connection = { open => 0, names => [] };
    $side->{ fileno $client } = { from => $client, to => $server, at => $connection, take => \&_of_client, begun => 0 };
    $side->{ fileno $server } = { from => $server, to => $client, at => $connection, take => \&_of_server, begun => 1 };
    $select->add($client, $server);
    return;
}

sub _pass ($select, $side, $this, $out) {
    return unless $this;
    my $length = sysread $this->{from}, my $bytes, 65536;
    if (!$length) {
        for my $end (@{$this}{qw(from to)}) { $select->remove($end); delete $side->{ fileno $end }; close $end }
        return;
    }
    $this->{bytes} .= $bytes;
    _messages($this, $out);    # noted before it is passed on: whoever has the answer finds the note
    while (length $bytes) { substr $bytes, 0, syswrite($this->{to}, $bytes) // last, '' }
    return;
}

# Whole messages: a type, a length that counts itself, a body. A client's first has no type.
sub _messages ($this, $out) {
    while (1) {
        my $head = $this->{begun} ? 1 : 0;
        return if length $this->{bytes} < $head + 4;
        my $length = unpack 'N', substr $this->{bytes}, $head, 4;
        return if length $this->{bytes} < $head + $length;
        my $message = substr $this->{bytes}, 0, $head + $length, '';
        $this->{take}->($this->{at}, substr($message, 0, 1), substr($message, 5), $out) if $head;
        $this->{begun} = 1;
    }
}

sub _of_client ($at, $type, $body, $out) {
    $at->{open}++ if $type eq 'S';
    push @{ $at->{names} }, (split /\0/, $body, -1)[1] =~ s/^career_//r || '?' if $type eq 'B';
    return;
}

sub _of_server ($at, $type, $body, $out) {
    return if $type ne 'Z' || !$at->{open} || --$at->{open};
    syswrite $out, "@{$at->{names}}\n" if @{ $at->{names} };
    $at->{names} = [];
    return;
}

1;
