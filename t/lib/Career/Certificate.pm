# SPDX-License-Identifier: Apache-2.0
# Certificates for servers of a test, by the openssl command: an authority of its own, and whom it vouches for.
package Career::Certificate;
use v5.36;

use Career::Place qw(as_root server_user);

# An authority in that folder: ca.crt and ca.key.
sub new ($class, $dir) {
    my $self = bless { dir => $dir }, $class;
    mkdir $dir;
    chmod 0755, $dir;
    $self->_make('ca', '-subj', '/CN=authority of a test');
    return $self;
}

# A certificate for those names (DNS:localhost, IP:127.0.0.1); by nobody but itself with self => 1.
sub issue ($self, $name, $names, %with) {
    my @by = $with{self} ? () : ('-CA', "$self->{dir}/ca.crt", '-CAkey', "$self->{dir}/ca.key");
    $self->_make($name, '-subj', '/CN=server of a test', '-addext', "subjectAltName=$names",
        '-addext', 'basicConstraints=critical,CA:FALSE', @by);
    return $self;
}

sub _make ($self, $name, @how) {
    my @command = ('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
        '-days', 2, '-out', $self->certificate($name), '-keyout', $self->key($name), @how);
    system('sh', '-c', 'exec "$@" 2>/dev/null', @command[0, 0 .. $#command]) == 0 or die "@command failed\n";
    chmod 0644, $self->certificate($name);
    chown scalar getpwnam(server_user()), -1, $self->key($name) if as_root();
    return;
}

sub certificate ($self, $name) { return "$self->{dir}/$name.crt" }
sub key ($self, $name) { return "$self->{dir}/$name.key" }

1;
