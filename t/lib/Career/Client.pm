# SPDX-License-Identifier: Apache-2.0
# Speaks HTTP to a server under test: well-formed requests through HTTP::Tiny, any bytes at all through a socket.
package Career::Client;
use v5.36;

use Exporter   qw(import);
use HTTP::Tiny ();
use IO::Socket::INET;
use JSON::PP   ();
use Socket     qw(SHUT_WR);

our @EXPORT_OK = qw(request raw connect_to parse_response);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

# request(host, port, METHOD => path, headers => {}, json => data | body => bytes | code, vhost => name)
# → { status, reason, headers (names in lower case), content, json (decoded, if it is) }
sub request ($host, $port, $method, $path, %with) {
    my %headers = %{ $with{headers} // {} };
    my $body = exists $with{json} ? $json->encode($with{json}) : $with{body};
    $headers{'Content-Type'} //= 'application/json' if defined $body && !grep { /^content-type$/i } keys %headers;
    delete @headers{ grep { !defined $headers{$_} } keys %headers };
    my $client = HTTP::Tiny->new(keep_alive => 0, max_redirect => 0, timeout => $with{timeout} // 60, agent => 'test');
    my $name = $with{vhost} // $host;
    my $answer = $client->request($method, "http://$name:$port$path",
        { headers => \%headers, peer => $host, defined $body ? (content => $body) : () });
    return _with_json({ %{$answer}{qw(status reason headers)}, content => $answer->{content} // '' });
}

sub _with_json ($answer) {
    my $type = $answer->{headers}{'content-type'} // '';
    $type = $type->[0] if ref $type;
    $answer->{json} = eval { $json->decode($answer->{content}) } if $type =~ m{^application/(\w+\+)?json};
    return $answer;
}

sub connect_to ($host, $port) {
    my $socket = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => 10)
        // die "cannot connect to $host:$port: $!\n";
    binmode $socket;
    return $socket;
}

# Sends the bytes as they are and returns everything that came back until the server closed.
# half_close => 1 says after the bytes that no more will come.
sub raw ($host, $port, $bytes, %with) {
    local $SIG{PIPE} = 'IGNORE';
    my $socket = connect_to($host, $port);
    syswrite $socket, $bytes;
    shutdown $socket, SHUT_WR if $with{half_close};
    my $answer = '';
    my $end = time + ($with{timeout} // 60);
    while (time < $end) {
        vec(my $ready = '', fileno $socket, 1) = 1;
        next unless select $ready, undef, undef, 0.5;
        last unless sysread $socket, $answer, 65536, length $answer;
    }
    close $socket;
    return $answer;
}

# The first response in the bytes, in the shape of request(); undef when there is none.
sub parse_response ($bytes) {
    my ($head, $content) = split /\r\n\r\n/, $bytes, 2;
    return undef unless defined $head && $head =~ s{^HTTP/1\.[01] (\d{3}) ?([^\r\n]*)(\r\n|\z)}{};
    my %answer = (status => $1, reason => $2, content => $content // '');
    for my $line (split /\r\n/, $head) {
        my ($name, $value) = $line =~ /^([^:]+):\s*(.*)/ or next;
        $answer{headers}{ lc $name } = $value;
    }
    $answer{content} = _dechunk($answer{content}) if ($answer{headers}{'transfer-encoding'} // '') eq 'chunked';
    return _with_json(\%answer);
}

sub _dechunk ($bytes) {
    my $text = '';
    while ($bytes =~ /\G([0-9a-fA-F]+)[^\r]*\r\n/gc) {
        my $length = hex $1 or last;
        $text .= substr $bytes, pos $bytes, $length;
        pos($bytes) += $length + 2;
    }
    return $text;
}

1;
