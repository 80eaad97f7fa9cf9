# SPDX-License-Identifier: Apache-2.0
# What a token costs, algorithm by algorithm, at its first sight and later, beside OpenSSL's bare check of its signature in
# the same process.
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

# So many tokens, which differ; their memory's pages are first touched in the time that is measured.
use constant TOKENS => 200;

# verification(quick?) → [{ alg, bytes, first, again, bare (nanoseconds) }, …]
sub verification ($quick) {
    my $dir = temp_dir('bench');
    my @claims = map { { %usual, session_id => sprintf '00000000-0000-4000-8000-%012d', $_ } } 1 .. TOKENS;
    my @all = (_measured($dir, 'HS256', SECRET, $quick ? 100 : 1000, map { token(%$_) } @claims));
    for my $alg (qw(RS256 ES256 EdDSA)) {
        my $key = Career::Key->new(alg => $alg, kid => 'bench');
        write_file("$dir/$alg.pem", $key->pem);
        push @all, _measured($dir, $alg, "file:$dir/$alg.pem", $quick ? 20 : 200,
            map { $key->token(%$_, header => { kid => undef }) } @claims);
    }
    remove_tree($dir, { safe => 0 });
    return \@all;
}

sub _measured ($dir, $alg, $key, $rounds, @tokens) {
    write_file("$dir/tokens", join "\n", @tokens);
    my ($first, $again, $bare) = split ' ', output_of(build_dir() . '/bench/verify', $key, "$dir/tokens", $rounds);
    return { alg => $alg, bytes => length $tokens[0], first => $first, again => $again, bare => $bare };
}

# The goals: 4 us for HS256, where parsing is most of it; 1.15 times the bare check where the signature is.
sub _verdict ($one) {
    my ($value, $goal, $unit) = $one->{alg} eq 'HS256' ? ($one->{first} / 1000, 4, ' us') : ($one->{first} / $one->{bare}, 1.15, '');
    return ("<= $goal$unit", $value <= $goal ? 'met' : 'missed');
}

sub token_table ($all) {
    my @rows = (['algorithm', 'bytes', 'token us', 'bare signature us', 'ratio', 'goal', '', 'seen before us']);
    push @rows, [$_->{alg}, $_->{bytes}, number($_->{first} / 1000), number($_->{bare} / 1000),
        number($_->{first} / $_->{bare}), _verdict($_), number($_->{again} / 1000)] for @$all;
    return table(@rows) . "\nA token's header, claims and identity come on top of its signature. Of a token that has been "
        . "seen before only those\nare judged again; the last few thousand signatures of a public key are known by their digests.\n";
}

1;
