# SPDX-License-Identifier: Apache-2.0
# Access tokens as Supabase makes them, signed with a shared secret; and the parts to make bad ones from.
package Career::Token;
use v5.36;

use Digest::SHA  qw(hmac_sha256);
use Exporter     qw(import);
use JSON::PP     ();
use MIME::Base64 qw(encode_base64url);

our @EXPORT_OK = qw(token claims sign base64url uuid DEMO_USER SECRET);

use constant DEMO_USER => '0b5c1d7e-3f62-4a58-9c04-7d1e2f3a4b5c';
use constant SECRET    => 'a-secret-for-tests-only-of-more-than-32-bytes';

my $json = JSON::PP->new->canonical->utf8;

sub base64url ($bytes) { return encode_base64url($bytes) }

# header and payload are hashes, or bytes taken as they are
sub sign ($header, $payload, $secret = SECRET) {
    my $text = join '.', map { base64url(ref $_ ? $json->encode($_) : $_) } $header, $payload;
    return "$text." . base64url(hmac_sha256($text, $secret));
}

# What a user's token claims; claims that are undef are left out.
sub claims (%with) {
    my $now    = time;
    my %claims = (
        sub => DEMO_USER, aud => 'authenticated', role => 'authenticated', aal => 'aal1', iat => $now,
        exp => $now + 3600, session_id => uuid(), is_anonymous => JSON::PP::false, %with
    );
    delete @claims{ grep { !defined $claims{$_} } keys %claims };
    return \%claims;
}

# `secret` and `header` are not claims.
sub token (%with) {
    my $secret = delete $with{secret} // SECRET;
    my $header = { alg => 'HS256', typ => 'JWT', %{ delete $with{header} // {} } };
    return sign($header, claims(%with), $secret);
}

sub uuid {
    my @part = map { int rand 65536 } 1 .. 8;
    $part[3] = $part[3] & 0x0fff | 0x4000;
    $part[4] = $part[4] & 0x3fff | 0x8000;
    return sprintf '%04x%04x-%04x-%04x-%04x-%04x%04x%04x', @part;
}

1;
