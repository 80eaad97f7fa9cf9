# SPDX-License-Identifier: Apache-2.0
# Tokens through the server: who is let in and what the others are told. Shared secret and claims; the verifier
# itself has unit tests.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal header is_error wire);

my $stack  = Career::Stack->start;
my $issuer = 'https://ref.supabase.co/auth/v1';
$stack->reconfigure(vhosts => [
    { name => 'open.test' },
    { name => 'strict.test', directives => { CareerJwtIssuer => $issuer, CareerJwtLeeway => '0',
        CareerJwtMaxLifetime => '2h',
        CareerJwtAudience => 'career', CareerJwtRole => 'member editor' } }
]);
my @strict = (iss => $issuer, aud => 'career', role => 'member');

my ($user, $other) = (uuid(), uuid());
$stack->put(minimal(companyName => $_), token => token(sub => $_))->{status} == 201 or BAIL_OUT('nothing can be saved')
    for $user, $other;

# Presents an Authorization header as it is. The answer's owner is the user whose profile came back.
sub present ($value, %with) { return $stack->get(%with, token => undef, headers => { Authorization => $value }) }
sub owner ($answer) { return $answer->{json}{data}{userId} // "nobody ($answer->{status})" }

sub admits ($token, $name, %with) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is owner($stack->get(%with, token => $token)), $user, $name;
}

# 401 with error="invalid_token"
sub refuses ($token, $name, %with) {
    my $code = delete $with{code} // 'invalid_token';
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $answer = $stack->get(%with, token => $token);
    return is_error($answer, 401, $code, $name)
        && like(header($answer, 'www-authenticate'), qr/^Bearer realm="career", error="invalid_token"/,
            "$name: challenge");
}

sub none_presented ($answer, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_error($answer, 401, 'no_token', $name)
        && is(header($answer, 'www-authenticate'), 'Bearer realm="career"', "$name: no error code");
}

my $good = token(sub => $user);
my ($header, $payload, $signature) = split /\./, $good;

subtest 'the header' => sub {
    none_presented($stack->get(token => undef), 'no header');
    none_presented(present($_), $_) for 'Basic dXNlcjpwYXNz', 'Digest username="x"', 'Negotiate abc', 'BearerX abc';
    none_presented($stack->request(GET => "/api/profile/career?access_token=$good", token => undef),
        'a token in the query');
    is owner(present("$_ $good")), $user, "$_" for qw(Bearer bearer BEARER bEaReR);
    is owner(present("Bearer  $good")), $user, 'two blanks';
    my %bad = ('no token' => 'Bearer', 'a tab' => "Bearer\t$good", 'junk behind' => "Bearer $good junk",
        'two tokens' => "Bearer $good, Bearer $good", 'a comma' => "Bearer $good,", 'quotes' => qq(Bearer "$good"),
        'two schemes' => "Bearer Bearer $good");
    for my $name (sort keys %bad) {
        is_error(my $answer = present($bad{$name}), 401, 'invalid_token', $name);
        like header($answer, 'www-authenticate'), qr/error="invalid_token"/, "$name: challenge";
    }
    my $wire = sub (@lines) { $stack->raw(wire(GET => headers => \@lines)) };
    is $wire->("Authorization: Bearer $good", "Authorization: Bearer $good")->{status}, 401, 'two headers';
    is $wire->("Authorization: Bearer $good", 'Authorization: Basic dXNlcjpwYXNz')->{status}, 401,
        'two headers of two schemes';
    is $wire->("Authorization: Bearer $header.", " $payload.$signature")->{status}, 401, 'a folded header';
    is $wire->("Authorization: Bearer $good\xe9")->{status}, 401, 'a byte above 127';
    is $wire->('Authorization: Bearer ')->{status}, 401, 'a blank and nothing';
    is $wire->("Authorization: Bearer $good  ")->{status}, 200, 'trailing blanks are not part of it';
    is $wire->('Authorization: Bearer ' . 'a' x 9000)->{status}, 400, 'one that is too long for httpd';
    is $wire->('Authorization: Bearer ' . 'a' x 7000)->{status}, 401, 'one that is not';
};

subtest 'the signature' => sub {
    admits($good, 'the right one');
    my $raw = MIME::Base64::decode_base64url($signature);
    my %bad = (
        'of another secret' => token(sub => $user, secret => SECRET . 'x'),
        'of an empty secret' => token(sub => $user, secret => ''),
        'of another token'  => join('.', $header, $payload, (split /\./, token(sub => $other))[2]),
        'on another payload' => join('.', $header, (split /\./, token(sub => $other))[1], $signature),
        'empty' => "$header.$payload.", 'missing' => "$header.$payload", 'truncated' => "$header.$payload."
            . base64url(substr $raw, 0, 16),
        'extended' => "$header.$payload." . base64url("$raw\0"), 'twice' => "$header.$payload." . base64url($raw x 2),
        'one bit off' => "$header.$payload." . base64url($raw ^. "\1"), 'zeros' => "$header.$payload."
            . base64url("\0" x 32)
    );
    refuses($bad{$_}, "a signature $_") for sort keys %bad;
};

subtest 'the algorithm' => sub {
    my %claims = %{ JSON::PP::decode_json(MIME::Base64::decode_base64url($payload)) };
    for my $alg (qw(none None NONE nOnE HS384 HS512 RS256 RS384 PS256 ES256 ES256K EdDSA hs256 HS), '', 'HS256 ') {
        refuses(sign({ alg => $alg, typ => 'JWT' }, \%claims), "'$alg'");
        refuses(sign({ alg => $alg, typ => 'JWT' }, \%claims) =~ s/[^.]*\z//r, "'$alg' and no signature");
    }
    refuses(sign($_, \%claims), "header $_") for '{"typ":"JWT"}', '{"alg":null}', '{"alg":256}', '{"alg":["HS256"]}',
        '[]', '',
        '"HS256"', '{"alg":"HS256","alg":"HS256"}', '{"alg":"HS256","\u0061lg":"none"}', '{"alg":"HS256"',
        "{\"alg\":\"HS256\"}\0",
        "\xef\xbb\xbf{\"alg\":\"HS256\"}";
};

subtest 'the header of the token' => sub {
    my $with = sub (%header) { token(sub => $user, header => \%header) };
    admits($with->(kid => 'unknown-to-us'), 'an unknown kid and the shared secret');
    admits($with->(typ => $_), "typ $_") for 'at+jwt', 'JWT', 'jwt';
    refuses($with->(typ => $_), "typ $_") for 'dpop+jwt', 'logout+jwt', 'secevent+jwt';
    refuses($with->(typ => 1), 'typ that is a number');
    my %bad = (
        'kid of 300 bytes' => { kid => 'k' x 300 }, 'kid that is a number' => { kid => 5 },
        'kid that is a list' => { kid => ['a'] },
        'kid with NUL' => { kid => "a\0b" }, 'crit' => { crit => ['exp'] }, 'empty crit' => { crit => [] },
        'b64 with crit' => { crit => ['b64'], b64 => JSON::PP::false }, 'b64' => { b64 => JSON::PP::false },
        'zip' => { zip => 'DEF' },
        'cty' => { cty => 'JWT' }, 'enc' => { enc => 'A128GCM' }
    );
    refuses($with->(%{ $bad{$_} }), $_) for sort keys %bad;
    my $key = { kty => 'oct', k => base64url('attacker' x 4) };
    refuses(token(sub => $user, secret => 'attacker' x 4, header => { jwk => $key }), 'a key of the attacker\'s own');
    refuses(token(sub => $user, secret => 'attacker' x 4, header => { jku => 'http://127.0.0.1:1/',
        x5u => 'http://127.0.0.1:1/' }),
        'keys from elsewhere');
};

subtest 'the form' => sub {
    my %bad = (
        'one part' => 'abc', 'two parts' => "$header.$payload", 'four parts' => "$good.x", 'five parts' => "$good.x.y",
        'a trailing dot' => "$good.", 'a leading dot' => ".$good", 'dots' => '..', 'four dots' => '....',
        'padding' => "$header=.$payload.$signature", 'padded signature' => "$good=",
        'a plus' => "$header.$payload+.$signature",
        'a slash' => "$header.$payload/.$signature", 'percent' => "$header.$payload%3D.$signature",
        'a question mark' => "$header?.$payload.$signature", 'JSON' => '{"payload":"x"}'
    );
    refuses($bad{$_}, $_) for sort keys %bad;
    my $last = chop(my $loose = $signature);
    my $next = $last =~ tr/AEIMQUYcgkosw048/BFJNRVZdhlptx159/r;
    refuses("$header.$payload.$loose$next", 'bits that belong to no byte');
    my $impossible = 'A' x (length($payload) % 4 == 1 ? 0 : 5 - length($payload) % 4);
    refuses("$header.$payload$impossible.$signature", 'a length that no encoding has');
    refuses(sign({ alg => 'HS256' }, $_), 'payload ' . substr($_, 0,
        20)) for '[]', '"x"', '17', 'null', '', '{', "{}\0",
        "\xef\xbb\xbf{}", '{"sub":"' . "\xff" . '"}', '[' x 3000, '{"a":' x 100 . '1' . '}' x 100;
};

subtest 'times' => sub {
    my $now = time;
    refuses(token(sub => $user, exp => $now - 3600), 'expired', code => 'token_expired');
    like header($stack->get(token => token(sub => $user, exp => $now - 3600)), 'www-authenticate'),
        qr/error_description="the token expired 36\d\d s ago"/, 'and is told so';
    refuses(token(sub => $user, exp => $now - 31), 'expired beyond the leeway', code => 'token_expired');
    admits(token(sub => $user, exp => time - 5), 'expired within the leeway');
    admits(token(sub => $user, exp => $now + 1000.5), 'a fraction');
    admits(token(sub => $user, exp => $now + 10 * 365 * 86400), 'ten years, where no limit is set');
    refuses(token(sub => $user, exp => undef), 'no exp');
    my $raw = sub ($exp) {
        sign({ alg => 'HS256' }, qq({"sub":"$user","aud":"authenticated","role":"authenticated","iat":$now,"exp":$exp}))
    };
    refuses($raw->('0'), 'exp 0', code => 'token_expired');
    refuses($raw->($_), "exp $_") for 'null', '"' . ($now + 1000) . '"', 'true', '[]', '{}', '-1', '1e300', '1e400';
    refuses(token(sub => $user, nbf => $now + 3600), 'nbf to come');
    admits(token(sub => $user, nbf => $now - 3600), 'nbf past');
    refuses(token(sub => $user, nbf => "$now"  . 'x'), 'nbf that is a string');
    refuses(token(sub => $user, iat => $now + 3600), 'iat to come');
    refuses(token(sub => $user, iat => 'then'), 'iat that is a string');
};

subtest 'a host with limits of its own' => sub {
    my $now = time;
    my @at = (vhost => 'strict.test');
    admits(token(sub => $user, @strict), 'what it asks for', @at);
    admits(token(sub => $user, @strict, role => 'editor'), 'another of its roles', @at);
    refuses($good, 'what another host takes', @at);
    refuses(token(sub => $user, @strict, exp => $now - 1), 'no leeway', @at, code => 'token_expired');
    refuses(token(sub => $user, @strict, exp => $now + 3 * 3600), 'too long a life', @at);
    refuses(sign({ alg => 'HS256' },
        qq({"sub":"$user","aud":"career","role":"member","iss":"$issuer","iat":$now,"exp":1e300})),
        'an endless one', @at);
    my %bad = (none => undef, 'another project' => 'https://other.supabase.co/auth/v1', 'a slash more' => "$issuer/",
        http => $issuer =~ s/https/http/r, 'upper case' => $issuer =~ s/ref/REF/r, 'a number' => 5,
            'a list' => [$issuer], 'empty' => '');
    refuses(token(sub => $user, @strict, iss => $bad{$_}), "iss: $_", @at) for sort keys %bad;
    is_error($stack->get(@at, token => token(sub => $user,
        @strict, role => 'authenticated')), 403, 'forbidden', 'another role');
};

subtest 'aud' => sub {
    admits(token(sub => $user, aud => ['x', 'authenticated']), 'a list');
    admits(token(sub => $user, aud => ['authenticated']), 'a list of one');
    my %bad = (none => undef, 'an empty list' => [], 'an empty name' => [''], 'another' => 'public',
        'a NUL' => ["authenticated\0"],
        'upper case' => 'Authenticated', 'a number' => 5, 'a list in a list' => [['authenticated']], 'an object' => {},
        'part of it' => 'authenticate', 'more than it' => 'authenticated2', 'blanks' => ' authenticated ');
    refuses(token(sub => $user, aud => $bad{$_}), "aud: $_") for sort keys %bad;
};

subtest 'sub' => sub {
    is owner($stack->get(token => token(sub => uc $user))), $user, 'upper case is the same user';
    my %bad = (none => undef, 'empty' => '', 'no UUID' => 'user', star => '*', 'a path' => '../x', long => 'a' x 5000,
        'a number' => 5,
        'with a star' => substr($user, 0, 35) . '*', 'braces' => "{$user}", 'a blank' => "$user ",
        'no hyphens' => $user =~ tr/-//dr,
        'a newline' => "$user\n", 'SQL' => "' OR ''='", 'a urn' => "urn:uuid:$user", 'NUL' => "$user\0");
    refuses(token(sub => $bad{$_}), "sub: $_") for sort keys %bad;
};

subtest 'role' => sub {
    for my $role (qw(anon service_role Authenticated admin), '') {
        is_error(my $answer = $stack->get(token => token(sub => $user, role => $role)), 403, 'forbidden',
            "role '$role'");
        like header($answer, 'www-authenticate'), qr/error="insufficient_scope"/, 'challenge';
    }
    refuses(token(sub => $user, role => undef), 'no role');
    is_error($stack->get(token => token(sub => $user, role => ['authenticated'])), 403, 'forbidden', 'a list of roles');
    my $anon = token(sub => undef, aud => undef, iss => 'supabase', role => 'anon');
    is $stack->get(token => $anon)->{status}, 401, 'a legacy anon key is no user';
    for my $key ('sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH', 'sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz') {
        refuses($key, 'an API key');
        like header($stack->get(token => $key), 'www-authenticate'), qr/error_description="[^"]{10,}"/, 'is told so';
    }
};

subtest 'claims that do not matter, and ones that are there twice' => sub {
    my $deep = { a => 1 };
    $deep = { a => $deep } for 1 .. 100;
    admits(token(sub => $user, user_metadata => $deep), 'a hundred levels of metadata');
    admits(token(sub => $user, user_metadata => { bio => 'x' x 3000 }, email => "\x{e9}\@example.org"), 'long texts');
    my $now = time + 1000;
    my $base = qq("aud":"authenticated","role":"authenticated","iat":1,"exp":$now);
    admits(sign({ alg => 'HS256' }, qq({"sub":"$user",$base})), 'the claims as bytes');
    refuses(sign({ alg => 'HS256' }, qq({"sub":"$other","sub":"$user",$base})), 'sub twice');
    refuses(sign({ alg => 'HS256' }, qq({"sub":"$other","s\\u0075b":"$user",$base})), 'sub twice, once escaped');
    refuses(sign({ alg => 'HS256' }, qq({"sub":"$user",$base,"exp":1})), 'exp twice');
};

subtest 'before the body' => sub {
    my $answer = $stack->put('{"broken', token => 'bad');
    is_error($answer, 401, 'invalid_token', 'the token is judged before the body');
    is_error($stack->put(minimal(), token => undef), 401, 'no_token', 'on PUT too');
    is_error($stack->request(PATCH => '/api/profile/career', json => {}, token => undef), 401, 'no_token',
        'and on PATCH');
    is $stack->postgres->psql('SELECT count(*) FROM career_profiles'), 2, 'nothing was saved';
};

subtest 'a token that expires while it is in use' => sub {
    my ($first, @at);
    for my $life (2, 10, 30) {    # a slow machine may take longer than that to ask
        @at = (vhost => 'strict.test', token => token(sub => $user, @strict, exp => time + $life));
        last if ($first = owner($stack->get(@at))) eq $user;
    }
    is $first, $user, 'is taken at first';
    wait_until { $stack->get(@at)->{status} == 401 } 'and refused later';
};

subtest 'a token that expires while its header is on the way' => sub {
    my $exp = time + 2;
    my $token = $stack->token(sub => $user, @strict, exp => $exp);
    my $socket = $stack->connect;
    syswrite $socket, "GET /api/profile/career HTTP/1.1\r\nHost: strict.test\r\nConnection: close\r\n";
    wait_until { time > $exp } 'it is too old';
    syswrite $socket, "Authorization: Bearer $token\r\n\r\n";
    my $answer = do { local $/; <$socket> };
    like $answer, qr{^HTTP/1\.1 401 .*"code":"token_expired"}s, 'and refused, however early the request began';
};

done_testing;
