# SPDX-License-Identifier: Apache-2.0
# The Supabase session cookie through the server: every form that its libraries have written, what is refused
# rather than guessed at, and requests that another site makes a browser send.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal header is_error);
use Career::Place    qw(read_file tree);

my $name  = 'sb-ref-auth-token';
my $stack = Career::Stack->new(directives => { CareerJwtCookie => $name, CareerCorsOrigin => 'https://app.example' },
    config => 'LimitRequestFieldSize 16384');
expect_log(qr/CAREER0006: /);    # of the small host
$stack->{with}{vhosts} = [
    { name => 'main.test', config => 'LimitRequestFieldSize 16384' },
    { name => 'off.test', directives => { CareerJwtCookie => 'another-name' },
        config => 'LimitRequestFieldSize 16384' },
    { name => 'small.test', config => 'LimitRequestFieldSize 8190' }
];
$stack->start;
my ($user, $other) = (uuid(), uuid());
$stack->put(minimal(), token => token(sub => $_))->{status} == 201 or BAIL_OUT('nothing can be saved')
    for $user, $other;

sub cookie ($cookie, %with) {
    return $stack->get(%with, token => undef, headers => { %{ $with{headers} // {} }, Cookie => $cookie });
}
sub owner ($answer) { return $answer->{json}{data}{userId} // "nobody ($answer->{status})" }

sub admits ($cookie, $name, $as = $user) {
    secret($cookie);
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is owner(cookie($cookie)), $as, $name;
}

sub refuses ($cookie, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $answer = cookie($cookie);
    return is_error($answer, 401, 'invalid_token', $name)
        && like(header($answer, 'www-authenticate'), qr/error="invalid_token"/, "$name: challenge");
}

sub none_presented ($cookie, $name, %with) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $answer = cookie($cookie, %with);
    return is_error($answer, 401, 'no_token', $name)
        && is(header($answer, 'www-authenticate'), 'Bearer realm="career"', "$name: challenge");
}

my $good    = token(sub => $user);
my $escape  = sub ($text) { $text =~ s/([^A-Za-z0-9_.!~*'()-])/sprintf '%%%02X', ord $1/ger };
my $json    = JSON::PP->new->canonical->utf8;
my $session = sub ($token, %more) {
    return $json->encode({ access_token => $token, token_type => 'bearer', expires_in => 3600,
        expires_at => time + 3600,
        refresh_token => 'refresh', user => { id => $user, email => 'someone@example.org' }, %more });
};
my $encoded = sub (@session) { 'base64-' . base64url($session->(@session)) };
my $chunks  = sub ($value, $size) {
    my @parts = unpack "(a$size)*", $value;
    return map { "$name.$_=$parts[$_]" } 0 .. $#parts;
};

subtest 'every form' => sub {
    admits("$name=" . $session->($good), 'JSON');
    admits("$name=" . $escape->($session->($good)), 'URL-encoded JSON');
    admits("$name=" . $encoded->($good), 'base64url');
    admits("$name=" . $json->encode([$good, 'refresh', undef, undef, undef]), 'the array of older libraries');
    admits("$name=" . $escape->($json->encode([$good, 'refresh', undef, undef])), 'and URL-encoded');
    admits("theme=dark; $name=" . $encoded->($good) . '; other=x', 'between other cookies');
    admits('$Version=1; ' . "$name=" . $encoded->($good), 'behind an attribute');
};

subtest 'as @supabase/ssr writes it' => sub {
    my $made = $json->decode(read_file(tree() . '/t/fixtures/ssr.json'));
    $stack->put(minimal(), token => token(sub => $made->{user}));
    for my $session (@{ $made->{sessions} }) {
        secret($session->{token});
        admits($session->{cookie}, $session->{name}, $made->{user});
    }
};

subtest 'chunks' => sub {
    my @chunk = $chunks->($encoded->($good), 200);
    cmp_ok scalar @chunk, '>', 3, 'there are several';
    admits(join('; ', @chunk), 'in order');
    admits(join('; ', reverse @chunk), 'in any order');
    my $text = $escape->($session->($good));
    my $half = int(length($text) / 2);
    $half-- while substr($text, $half - 2, 2) =~ /%/;
    admits(join('; ', $chunks->($text, $half + 1)), 'of URL-encoded JSON');
    refuses(join('; ', @chunk[0, 2 .. $#chunk]), 'one is missing');
    refuses(join('; ', @chunk[1 .. $#chunk]), 'the first is missing');
    refuses(join('; ', @chunk, $chunk[1]), 'one is there twice');
    refuses(join('; ', @chunk[0 .. $#chunk - 1]), 'the last is missing');
    my @mixed = $chunks->($encoded->(token(sub => $other)), 200);
    refuses(join('; ', @chunk[0, 1], @mixed[2 .. $#mixed]), 'of two sessions');
    admits(join('; ', @chunk, "$name.00=x", "$name.01=y", "$name.x=z", "$name.=z", "$name.0x=z"),
        'other names are other cookies');
    admits(join('; ', "$name=" . $encoded->($good), @mixed), 'a whole one goes before chunks');
    admits(join('; ', "$name=", @chunk), 'an empty one does not');
    admits(join('; ', @chunk, "$name." . scalar(@chunk) . '='),
        'an empty one at the end is left from a longer session');
};

subtest 'whose cookie' => sub {
    none_presented("sb-other-auth-token=" . $encoded->($good), 'of another project');
    none_presented("$name-code-verifier=" . $encoded->($good), 'the code verifier');
    none_presented("x$name=" . $encoded->($good), 'a longer name');
    none_presented(uc($name) . '=' . $encoded->($good), 'the name in upper case');
    none_presented('theme=dark', 'no session');
    none_presented('', 'no cookie at all');
    none_presented("$name=" . $encoded->($good), 'where another name is configured', vhost => 'off.test');
    refuses(join('; ', ("$name=" . $encoded->($good)) x 2), 'the same name twice');
    refuses("$name=" . $encoded->($good) . "; $name=" . $encoded->(token(sub => $other)), 'twice, with two users');
    my @two = map { "Cookie: $name=" . $encoded->($_) } $good, token(sub => $other);
    my @request = ('GET /api/profile/career HTTP/1.1', 'Host: main.test', 'Connection: close', @two, '', '');
    is $stack->raw(join "\r\n", @request)->{status}, 401, 'twice, in two headers';
};

subtest 'nothing but the token is believed' => sub {
    admits("$name=" . $encoded->($good, user => { id => $other, role => 'service_role' }), 'user.id of somebody else');
    admits("$name=" . $encoded->($good, expires_at => 1), 'expires_at');
    refuses("$name=" . $encoded->(token(sub => $user, secret => 'x' x 40)), 'a forged token');
    is_error(cookie("$name=" . $encoded->(token(sub => $user, exp => time - 3600))), 401, 'token_expired',
        'an expired one');
    is_error(cookie("$name=" . $encoded->(token(sub => $user, role => 'service_role'))), 403, 'forbidden',
        'one of another role');
    refuses("$name=$_", substr("'$_'", 0, 30)) for 'nonsense', '{', '{}', '[]', '[5]', '"x"', 'null', '5', 'base64-',
        'base64-!!!!', 'base64-' . base64url('{'), 'base64-' . base64url("\xff"), '%', '%zz', '%00',
        $escape->('{"access_token":5}'), $good, $json->encode({ access_token => $good, user => 1 }) . 'x',
        qq({"access_token":"a","access_token":"$good"}),
        $session->('sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz'), 'base64-' . base64url('[' x 3000);
    refuses(join('; ', map { "$name.$_=x" } 0 .. 40), 'forty chunks');
};

subtest 'beside the header' => sub {
    my @cookie = (Cookie => "$name=" . $encoded->(token(sub => $other)));
    is owner($stack->get(token => $good, headers => {@cookie})), $user, 'the header wins';
    is_error($stack->get(token => 'bad', headers => {@cookie}), 401, 'invalid_token', 'good or bad');
    is_error($stack->get(token => undef, headers => { @cookie, Authorization => 'Basic dXNlcjpwYXNz' }), 401,
        'no_token', 'whatever its scheme');
};

subtest 'another site' => sub {
    my $cookie = "$name=" . $encoded->($good);
    my $change = sub ($method, %headers) {
        return $stack->request($method => '/api/profile/career', token => undef, json => {},
            headers => { Cookie => $cookie, %headers });
    };
    for my $method (qw(PUT PATCH)) {
        is $change->($method)->{status}, 200, "$method: a program that sends no Origin";
        is $change->($method, 'Sec-Fetch-Site' => 'same-origin')->{status}, 200, "$method: the same origin";
        is $change->($method, Origin => $stack->base)->{status}, 200, "$method: our own Origin";
        is $change->($method, Origin => 'https://app.example', 'Sec-Fetch-Site' => 'cross-site')->{status}, 200,
            "$method: an allowed Origin";
        for my $bad ([Origin => 'https://evil.example'], [Origin => 'null'],
            [Origin => 'https://app.example.evil.example'],
            ['Sec-Fetch-Site' => 'cross-site'], [Origin => 'http://127.0.0.1:1'], [Origin => '']) {
            is_error(my $answer = $change->($method, @$bad), 403, 'forbidden', "$method: @$bad");
            is header($answer, 'access-control-allow-origin'), '', 'and is not told more';
        }
    }
    is owner(cookie($cookie, headers => { Origin => 'https://evil.example' })), $user,
        'GET only reads, and the browser shows it to nobody else';
    is $stack->put({}, token => $good, headers => { Origin => 'https://evil.example' })->{status}, 200,
        'who can set the header is no cross-site form';
};

subtest 'long sessions' => sub {
    my $long = token(sub => $user, user_metadata => { bio => 'x' x 4000 });
    my $cookie = join '; ', $chunks->($encoded->($long), 3180);
    cmp_ok length $cookie, '>', 7000, 'a session of three chunks';
    admits($cookie, 'is taken');
    admits(join('; ', $chunks->($encoded->(token(sub => $user, user_metadata => { bio => 'x' x 6500 })), 3180)),
        'and of four');
    like $stack->httpd->log,
        qr/CAREER0006: .*: small\.test\S* \S+ CareerJwtCookie, and LimitRequestFieldSize is 8190/,
        'a host with a small limit is warned of';
    unlike $stack->httpd->log, qr/CAREER0006: .*: (?:main|off)\.test/, 'and no other';
};

done_testing;
