# SPDX-License-Identifier: Apache-2.0
# Key pairs and what they sign, by the openssl command: for tokens that are not made by the code under test.
package Career::Key;
use v5.36;

use Career::Place ();
use Career::Token qw(base64url claims);
use File::Temp    ();
use JSON::PP      ();

my %kinds = (
    ES256 => { make => [qw(-algorithm EC -pkeyopt ec_paramgen_curve:P-256)], kty => 'EC' },
    RS256 => { make => [qw(-algorithm RSA -pkeyopt rsa_keygen_bits:2048)],   kty => 'RSA' },
    EdDSA => { make => [qw(-algorithm ED25519)],                             kty => 'OKP' }
);
my $json = JSON::PP->new->canonical->utf8;
my $dir  = File::Temp->newdir;
my $made = 0;

# new(kid => …, alg => 'ES256', …): a fresh pair. kid => undef: its JWK has none.
sub new ($class, %with) {
    my $self = bless { alg => 'ES256', %with, file => "$dir/" . ++$made . '.pem' }, $class;
    _openssl('genpkey', @{ $kinds{ $self->{alg} }{make} }, '-out', $self->{file});
    return $self;
}

sub _openssl (@command) {
    open my $out, '-|:raw', 'sh', '-c', 'exec openssl "$@" 2>/dev/null', 'openssl', @command or die "openssl: $!\n";
    my $bytes = do { local $/; readline $out };
    close $out or die "openssl @command failed\n";
    return $bytes // '';
}

sub kid ($self) { return $self->{kid} }
sub pem ($self) { return $self->{pem} //= _openssl('pkey', '-in', $self->{file}, '-pubout') }
sub der ($self) { return $self->{der} //= _openssl('pkey', '-in', $self->{file}, '-pubout', '-outform', 'DER') }

# What a key set says of it; more members may be given.
sub jwk ($self, %more) {
    my %jwk = (kty => $kinds{ $self->{alg} }{kty}, alg => $self->{alg}, use => 'sig', $self->_numbers, %more);
    $jwk{kid} //= $self->{kid} if defined $self->{kid};
    return \%jwk;
}

sub _numbers ($self) {
    my $der = $self->der;
    return (crv => 'P-256', x => base64url(substr $der, -64, 32),
        y => base64url(substr $der, -32)) if $self->{alg} eq 'ES256';
    return (crv => 'Ed25519', x => base64url(substr $der, -32)) if $self->{alg} eq 'EdDSA';
    my ($modulus) = _openssl('pkey', '-in', $self->{file}, '-pubout', '-text',
        '-noout') =~ /Modulus:\s*([0-9a-f:\s]+)Exp/;
    return (n => base64url(pack('H*', $modulus =~ tr/0-9a-f//cdr) =~ s/\A\0+//r), e => 'AQAB');
}

sub signature ($self, $text) {
    my $input = Career::Place::write_file("$dir/input.$$", $text);
    return _openssl('pkeyutl', '-sign', '-rawin', '-inkey', $self->{file}, '-in', $input) if $self->{alg} eq 'EdDSA';
    my $bytes = _openssl('dgst', '-sha256', '-sign', $self->{file}, $input);
    return $self->{alg} eq 'ES256' ? _fixed($bytes) : $bytes;
}

# A SEQUENCE of two INTEGERs as two numbers of 32 bytes (RFC 7518 3.4)
sub _fixed ($der) {
    my ($r, $s) = unpack 'x2 x C/a x C/a', $der;
    return join '', map { substr "\0" x 32 . $_, -32 } $r, $s;
}

# A token of it. header => {} adds to the header or, with undef, takes away; all else are claims, as for token().
sub token ($self, %with) {
    my $more   = delete $with{header} // {};
    my %header = (alg => $self->{alg}, typ => 'JWT', defined $self->{kid} ? (kid => $self->{kid}) : (), %$more);
    delete @header{ grep { !defined $header{$_} } keys %header };
    my $text = join '.', map { base64url($json->encode($_)) } \%header, claims(%with);
    return "$text." . base64url($self->signature($text));
}

# The text of a key set.
sub set ($class, @keys) {
    return $json->encode({ keys => [map { ref $_ eq 'HASH' ? $_ : $_->jwk } @keys] });
}

1;
