# SPDX-License-Identifier: Apache-2.0
# What the logs of a test may hold: no warning or worse that the test did not announce, no sign of a crash or a
# sanitizer, and never a secret.
package Career::Log;
use v5.36;

my $crash = qr/exit signal|Assertion|assert(?:ion)? failed|Sanitizer|runtime error:|core dump|double free|corrupted
    |stack smashing|buffer overflow detected/x;
# As TERM ends the event MPM it closes the sockets of its workers under them, one of which may just say goodbye.
my $goodbye = qr/^.*\(9\)Bad file descriptor: AH03092: .*\n(?=(?:.*\n){0,5}.*AH00491: caught SIGTERM)/m;
my $line_of_httpd = qr/^\[[^\]]+\] \[[\w.-]*:(\w+)\] \[pid \d+/;

sub new ($class) { return bless { expected => [], secrets => {} }, $class }

# An error-log line that matches is no surprise. It need not come; `expected` tells whether it did.
sub expect ($self, $pattern) { push @{ $self->{expected} }, $pattern; return }

# Bytes that may stand in no log.
sub secret ($self, @values) {
    $self->{secrets}{$_} = 1 for grep { length >= 8 } @values;
    return;
}

# Everything objectionable in the text of a log of httpd; a list of lines to show.
sub faults_of_httpd ($self, $text) {
    my @faults;
    $text =~ s/$goodbye//g;
    for my $line (split /\n/, $text) {
        next if grep { $line =~ $_ } @{ $self->{expected} };
        my $level = $line =~ $line_of_httpd ? $1 : 'none';
        push @faults, $line if $line =~ $crash || $level =~ /^(warn|error|crit|alert|emerg|none)$/;
    }
    return (@faults, $self->faults_of_any($text));
}

# Postgres and Redis report much that a test provokes; only what nothing may provoke counts.
sub faults_of_postgres ($self, $text) {
    my @lines = grep { /PANIC:|TRAP:|terminated by signal|deadlock detected|there is (?:already a|no) transaction/ }
        split /\n/, $text;
    return grep { my $line = $_; !grep { $line =~ $_ } @{ $self->{expected} } } @lines;
}

sub faults_of_any ($self, $text) {
    return map { 'a secret stands in a log: ' . substr($_, 0, 12) . '…' }
        grep { index($text, $_) >= 0 } sort keys %{ $self->{secrets} };
}

1;
