# SPDX-License-Identifier: Apache-2.0
# What a token costs, algorithm by algorithm, beside OpenSSL's bare check of its signature in the same process.
package Bench::Tokens;
use v5.36;

use Bench::Load   qw(output_of);
use Bench::Report qw(number table);
use Career::Key   ();
use Career::Place qw(build_dir temp_dir write_file);
use Career::Token qw(SECRET token);
use Exporter      qw(import);
use File::Path    qw(remove_tree);

our @EXPORT_OK = qw(verification token_table);

# What tokens of Supabase carry besides the claims that count.
my %usual = (
    iss => 'https://abcdefghijklmnopqrst.supabase.co/auth/v1', email => 'somebody@example.org', phone => '',
    app_metadata  => { provider => 'email', providers => ['email'] },
    user_metadata => { email => 'somebody@example.org', email_verified => JSON::PP::true, full_name => 'Some Body' },
    amr => [{ method => 'password', timestamp => time }]
);

# verification(quick?) → [{ alg, bytes, ours, bare (both in nanoseconds) }, …]
sub verification ($quick) {
    my $dir = temp_dir('bench');
    my @all = (_measured('HS256', SECRET, token(%usual), $quick ? 100_000 : 1_000_000));
    for my $alg (qw(RS256 ES256 EdDSA)) {
        my $key = Career::Key->new(alg => $alg, kid => 'bench');
        write_file("$dir/$alg.pem", $key->pem);
        push @all, _measured($alg, "file:$dir/$alg.pem", $key->token(%usual, header => { kid => undef }),
            $quick ? 5_000 : 50_000);
    }
    remove_tree($dir, { safe => 0 });
    return \@all;
}

sub _measured ($alg, $key, $token, $often) {
    my ($ours, $bare) = split ' ', output_of(build_dir() . '/bench/verify', $key, $token, $often);
    return { alg => $alg, bytes => length $token, ours => $ours, bare => $bare };
}

# The goals: 4 us for HS256, where parsing is most of it; 1.15 times the bare check where the signature is.
sub _verdict ($one) {
    my ($value, $goal, $unit) = $one->{alg} eq 'HS256' ? ($one->{ours} / 1000, 4, ' us') : ($one->{ours} / $one->{bare}, 1.15, '');
    return ("<= $goal$unit", $value <= $goal ? 'met' : 'missed');
}

sub token_table ($all) {
    my @rows = (['algorithm', 'bytes', 'token us', 'bare signature us', 'ratio', 'goal', '']);
    push @rows, [$_->{alg}, $_->{bytes}, number($_->{ours} / 1000), number($_->{bare} / 1000),
        number($_->{ours} / $_->{bare}), _verdict($_)] for @$all;
    return table(@rows) . "\nA token's header, claims and identity come on top of its signature.\n";
}

1;
