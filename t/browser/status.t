# SPDX-License-Identifier: Apache-2.0
# The status page in a real browser (make check-browser): it renders, shows live numbers after traffic, and is at
# home on a phone and in the dark. Keeps its screenshots in $CAREER_SCREENSHOTS, if that is set.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal);
use Career::Place    qw(tree build_dir);
use File::Copy       qw(copy);
use File::Path       qw(make_path);

my ($chromium) = grep { -x } $ENV{CHROMIUM} // (), map { ("$_/chromium", "$_/google-chrome") } split /:/, $ENV{PATH};
# Who runs this wants to know: what is missing is no reason to pass.
sub needs ($what) { die "check-browser needs $what\n" }
needs('Chromium: make check-browser installs Debian\'s, or CHROMIUM=<path> names one') unless $chromium;
my ($node) = qx(node --version 2>/dev/null) =~ /^v(\d+)/;
needs('Node.js 20 or newer (Debian 12 has an older one), with npm')
    unless ($node // 0) >= 20 && grep { -x "$_/npm" } split /:/, $ENV{PATH};

my $dir = build_dir() . '/browser';
make_path($dir);
for my $file (glob quotemeta(tree()) . '/t/browser/*.{json,mjs}') { copy($file, $dir) or die "$file: $!\n" }
my $npm = qx(cd '$dir' && npm ci --ignore-scripts --no-audit --no-fund 2>&1);
needs("playwright-core from npm's registry, and npm ci failed:\n" . substr $npm, 0, 1000) if $?;

my $page  = qq(<Location "/career/status">\nSetHandler career-status\nRequire local\n</Location>);
my $stack = Career::Stack->start(config => $page);
my $url   = $stack->base . '/career/status';
my $shots = $ENV{CAREER_SCREENSHOTS} // $stack->dir . '/shots';
make_path($shots);

# What the browser saw in each view; each has its own folder of screenshots.
sub views ($name) {
    make_path("$shots/$name");
    local $ENV{CHROMIUM} = $chromium;
    local $ENV{HOME}     = $stack->dir;    # where a browser leaves its traces
    my $text = qx(cd '$dir' && node status.mjs '$url' '$shots/$name');
    return @{ JSON::PP->new->utf8->decode($text || die "the browser did not run\n") };
}

sub looks_well ($name, @views) {
    return subtest $name => sub {
        is scalar @views, 8, 'light and dark, wide and narrow, with and without scripts';
        for my $view (@views) {
            my $which = "$view->{scheme}, $view->{name}" . ($view->{script} ? '' : ', no script');
            is $view->{status}, 200, "$which: there";
            is_deeply $view->{errors}, [], '… no word on the console';
            is_deeply [grep { !/^data:/ } @{ $view->{requests} }], [$url], '… nothing but the page is fetched';
            cmp_ok $view->{text}, '>', 500, '… and it has something to say';
            next unless $view->{script};
            ok !$view->{scrolls} && !$view->{small}, '… nothing is wider than the window';
            cmp_ok $view->{contrast}, '>=', 4.5, '… everything can be read (WCAG 2.1, AA)';
            is $view->{scripts}, 0, '… it has no script';
        }
        my ($light, $dark) = map { my $scheme = $_; (grep { $_->{scheme} eq $scheme && $_->{script} } @views)[0] }
            qw(light dark);
        isnt $light->{background}, $dark->{background}, 'dark is not light';
    };
}

my @before = views('before');
looks_well('before any request', @before);
is_deeply $before[0]{concerns}, [], 'all is well';
is $before[0]{rows}{Requests}{'in all'}, 0, 'nobody has asked';

sub traffic ($rounds) {
    for (1 .. $rounds) {
        my @as = (token => token(sub => uuid()));
        $stack->get(@as), $stack->put(minimal(), @as), map { $stack->get(@as) } 1 .. 4;
        $stack->get(token => undef);
    }
}
traffic(20);
wait_until {
    my $drawn = $stack->request(GET => '/career/status?json', token => undef)->{json}{hosts}[0]{lastMinutes};
    traffic(1), Time::HiRes::sleep(0.2);
    scalar(@$drawn) > ($ENV{CAREER_SCREENSHOTS} ? 4 : 1);
} 'some samples have been taken', 120;

my @after = views('after');
looks_well('after some', @after);
my $rows = $after[0]{rows};
cmp_ok $rows->{Requests}{'in all'} =~ s/\D//gr, '>', 100, 'the requests are counted';
like $rows->{Requests}{'by method'}, qr/GET\s[1-9].*PUT\s[1-9]/, 'by method';
like $rows->{Requests}{'tokens refused'}, qr/^no_token\s\d+$/, 'refusals by reason';
like $rows->{Postgres}{connections}, qr/^[1-9] of \d+$/, 'connections are open';
like $rows->{Caches}{saves}, qr/invalidated\s\d+/, 'saves have cleared caches';
# as wide as the time since the first sample, of 15 minutes; nothing where nothing is drawn
is scalar(grep { $_ > 0 } @{ $after[0]{drawn} }), 3, 'and the plots are drawn' or diag explain $after[0]{drawn};

subtest 'something is wrong' => sub {
    expect_log(qr/CAREER0202/, qr/CAREER0301/, qr/CAREER0001/);
    $stack->edit_rules('validation.lua', "return { fields = '<script>alert(1)</script>' }");
    wait_until { $stack->httpd->log =~ /CAREER0202/ } 'a bad file';
    $stack->postgres->stop;
    wait_until { $stack->get->{status} == 503 } 'and Postgres is away';
    my @views = views('wrong');
    looks_well('it looks well all the same', @views);
    like "@{ $views[0]{concerns} }", qr/Postgres cannot be used.*rules files are bad/, 'and says what is the matter';
};

done_testing;
