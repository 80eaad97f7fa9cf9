# SPDX-License-Identifier: Apache-2.0
# The rules of the house that a compiler does not check: which room may include which, who owns a library, and
# that the README says what the sources say. A guard that finds nothing to look at fails.
use v5.36;
use Career::Place  qw(tree read_file);
use Career::Source qw(source_files includes macro_rows readme_rows readme_part generated);
use Test::More;

my @files = source_files();

# ------------------------------------------------------------------------------------------------- rooms

my %below = (
    base    => [],
    profile => [qw(base)],
    auth    => [qw(base profile)],
    rules   => [qw(base profile)],
    store   => [qw(base profile)],
    cache   => [qw(base profile store)],
    tools   => [qw(base profile rules)],
    httpd   => [qw(base profile auth rules store cache)],
);

subtest 'every room is there, and no other' => sub {
    my %seen = map { (split m{/})[0] => 1 } @files;
    is_deeply [sort keys %seen], [sort keys %below], 'rooms of mod_career/';
};

subtest 'arrows between rooms run one way' => sub {
    my $looked = 0;
    for my $file (@files) {
        my ($room) = split m{/}, $file;
        my %may = map { $_ => 1 } $room, @{ $below{$room} // [] };
        for my $header (@{ includes($file)->{own} }) {
            $looked++;
            ok $header =~ m{/}, "$file includes \"$header\" by its path from mod_career/" or next;
            my ($to) = split m{/}, $header;
            ok $may{$to}, "$file may include $header" or next;
            ok $header =~ m{^store/(outbox|store)\.h$}, "$file asks $header of the store for the outbox only"
                if $room eq 'cache' && $to eq 'store';
            ok -e tree() . "/mod_career/$header", "$header, included by $file, exists";
        }
    }
    cmp_ok $looked, '>', 50, 'there were includes to look at';
};

# ------------------------------------------------------------------------------------------------- owners

my %owner = (
    'base/json.c'       => qr/^jansson/,
    'auth/crypto*.c'    => qr/^openssl\/(?!ssl\.h|err\.h)/,    # libcrypto
    'base/tls.c'        => qr/^openssl\/ssl\.h/,              # libssl; each reads its errors
    'auth/fetch.c'      => qr/^curl\//,
    'rules/sandbox*.c'  => qr/^(lua|lualib|lauxlib|luaconf)\b|^lua5/,
    'rules/pattern.c'   => qr/^pcre2/,
    'store/postgres*.c' => qr/^(libpq|postgres|pg_config)/,
    'cache/redis.c'     => qr/^hiredis/,
);

# An owner is one file, or a family of files with one header of its own, through which nobody else gets at the library.
subtest 'one owner for each library' => sub {
    for my $owner (sort keys %owner) {
        my $family = $owner =~ s/\*\.c$//r;
        my @users = grep { grep { /$owner{$owner}/ } @{ includes($_)->{system} } } @files;
        if ($family eq $owner) {
            is_deeply \@users, [$owner], "only $owner includes its library";
            next;
        }
        my $inside = qr{^\Q$family\E(?:_\w+)?\.[ch]$};
        is_deeply [grep { !/$inside/ } @users], [], "only $owner includes its library";
        my ($header, @more) = grep { /\.h$/ } @users;
        ok $header && !@more && $header ne "$family.h", "$owner has one header of its own" or next;
        my @sharers = grep { grep { $_ eq $header } @{ includes($_)->{own} } } @files;
        cmp_ok scalar @sharers, '>', 1, "the files $owner share $header";
        is_deeply [grep { !/$inside/ || /\.h$/ } @sharers], [], 'and no other does, nor a header';
    }
};

subtest 'httpd is known in its own room only' => sub {
    chomp(my $dir = qx(apxs -q INCLUDEDIR 2>/dev/null || apxs2 -q INCLUDEDIR));
    my %of_httpd = map { s{.*/}{}r => 1 } glob "\Q$dir\E/*.h";
    ok $of_httpd{'httpd.h'}, "the headers of httpd are in $dir";
    my $inside = 0;
    for my $file (@files) {
        my @found = grep { $of_httpd{$_} } @{ includes($file)->{system} };
        if ($file =~ m{^httpd/}) { $inside += @found }
        else                     { is "@found", '', "$file includes no header of httpd" }
    }
    cmp_ok $inside, '>', 0, 'mod_career/httpd/ does';
};

# ------------------------------------------------------------------------------------------------- directives

my @settings = macro_rows('mod_career/httpd/config.h', 'CAREER_SETTINGS');
my %documented;
for my $row (readme_rows('Directives')) {
    my ($name) = $row->[0] =~ /^`(\w+)/ or die "README.md: a row of Directives names none: $row->[0]\n";
    $documented{$name} = { usage => $row->[0], default => $row->[1] };
}

subtest 'the README and the directives agree' => sub {
    my @known = map { /\bDIRECTIVE\("(\w+)"/g } map { read_file($_) } glob quotemeta(tree()) . '/mod_career/httpd/*.c';
    cmp_ok scalar @known, '>', 10, 'directives are registered';
    is_deeply [sort keys %documented], [sort @known], 'those documented are those registered';
    my %set = map { $_->[0] => 1 } @settings;
    is_deeply [sort keys %set], [sort @known], 'each has a row in the table of settings, so that it is merged';
};

subtest 'the README and the defaults agree' => sub {
    for (@settings) {
        my ($directive, $option, undef, undef, $default) = @$_;
        my $row = $documented{$directive} or next;
        if ($option ne 'NULL') {
            like $row->{usage}, qr/\[\Q$option\E=/, "$directive $option is documented";
            like $row->{default}, qr/\b\Q$option=$default\E(?=[ `])/, "$directive $option=$default";
        } elsif ($default ne 'NULL') {
            is $row->{default}, "`$default`", "$directive $default";
        } else {
            unlike $row->{default}, qr/^`/, "$directive has no default, and the README names none";
        }
    }
};

# ------------------------------------------------------------------------------------------------- tables

my %table = generated();
is readme_part($_), $table{$_}, "the table of $_ in README.md is what the sources say (t/tools/tables writes it)"
    for sort keys %table;

subtest 'tags stand in their table, and each is said somewhere' => sub {
    my %text = map { $_ => read_file(tree() . "/mod_career/$_") } grep { !m{^base/log\.} } @files;
    is_deeply [grep { $text{$_} =~ /"CAREER\d{4}/ } sort keys %text], [], 'no line has one of its own making';
    my $all = join '', values %text;
    is_deeply [grep { $all !~ /\bCAREER_LOG_$_\b/ }
            map { $_->[0] } macro_rows('mod_career/base/log.h', 'CAREER_LOG_TAGS')], [], 'none is idle';
};

subtest 'a tag is used once and numbered by its room' => sub {
    my %seen;
    for my $row (macro_rows('mod_career/base/log.h', 'CAREER_LOG_TAGS')) {
        ok !$seen{ $row->[1] }++, "number $row->[1] of $row->[0] is its own";
    }
};

# ------------------------------------------------------------------------------------------------- hostile scripts

# L01 is an endless loop, L28 two hosts; the numbers are in the names of tests, or in the comment above them.
subtest 'every row of the table of hostile scripts has its test' => sub {
    my %tested;
    for my $file (glob(quotemeta(tree()) . '/t/unit/test_*.c'), glob quotemeta(tree()) . '/t/*.t') {
        next if $file =~ m{/guards\.t$};
        my $text = read_file($file);
        my $name = $file =~ /\.c$/ ? qr/^static void test((?:_l\d\d)+)_/m : qr/^# ((?:L\d\d[,.: ]+)+)/m;
        $tested{$_}++ for map { /(\d\d)/g } $text =~ /$name/g;
    }
    is_deeply [sort keys %tested], [map { sprintf '%02d', $_ } 1 .. 28], 'L01 to L28';
};

# ------------------------------------------------------------------------------------------------- files

subtest 'every source begins with its licence, and a header with its reason' => sub {
    for my $file (@files) {
        my $text = read_file(tree() . "/mod_career/$file");
        like $text, qr{\A/\* SPDX-License-Identifier: Apache-2\.0 \*/\n}, "$file names its licence";
        next unless $file =~ /\.h$/;
        like $text, qr{\A[^\n]+\n/\*(\n \*)? \S.*?\*/\n#ifndef}s, "$file opens by saying why it exists";
    }
};

done_testing;
