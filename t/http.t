# SPDX-License-Identifier: Apache-2.0
# The resource as HTTP sees it: methods, CORS, media types, bodies of any framing, errors of httpd itself and of
# other modules.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal header has_word wire statuses is_error is_saved is_cors);
use Compress::Zlib   ();

use constant APP => 'https://app.example.org';
my $path = '/api/profile/career';

my $stack = Career::Stack->start(
    modules    => [qw(deflate reqtimeout auth_basic authn_file authz_user rewrite proxy proxy_http)],
    directives => { CareerCorsOrigin => APP . ' http://localhost:3000' },
    config     => "RequestReadTimeout header=20-40,minrate=500 body=10,minrate=500"
);
my $location = qq(<LocationMatch "^$path\$">\n%s\n</LocationMatch>);
my $dir = $stack->dir . '/httpd';
my $app = 'http://127.0.0.1:' . $stack->httpd->port;    # the first of the hosts, as an application of its own
$stack->reconfigure(vhosts => [
    { name => 'main.test',    config => sprintf $location, 'SetOutputFilter DEFLATE' },
    { name => 'slow.test',    config => 'RequestReadTimeout body=1' },
    { name => 'tree.test',    config => qq(<Location "$path">\nSetHandler career-profile\n</Location>) },
    { name => 'denied.test',  config => sprintf $location, 'Require all denied' },
    { name => 'basic.test',   config => sprintf $location,
    qq(AuthType Basic\nAuthName "staff"\nAuthBasicProvider file\nAuthUserFile "$dir/none"\nRequire valid-user) },
    { name => 'limited.test', config => sprintf $location, 'LimitRequestBody 100' },
    { name => 'beside.test',  config => "ProxyPass $path !\nProxyPass / $app/" },
    { name => 'gone.test',    config => qq(RedirectMatch gone "^$path\$") },
    { name => 'umlaut.test',  config => qq(<Location "/\xc3\xa4 b$path">\nSetHandler career-profile\n</Location>) },
    { name => 'early.test',   config => join "\n", 'ErrorDocument 403 /static.txt', 'ErrorDocument 410 /static.txt',
        'ErrorDocument 429 /static.txt', 'RewriteEngine on', "RewriteRule ^$path\$ - [F]",
        qq(RedirectMatch gone "^/api/gone\$"),
        qq(<Location "/api/gone">\nSetHandler career-profile\n</Location>),
        qq(<Location "/api/busy">\nSetHandler career-profile\nRewriteEngine on\nRewriteRule . - [R=429]\n</Location>) },
    { name => 'pages.test',   config => join "\n", 'ErrorDocument 400 "page"', 'ErrorDocument 401 /static.txt',
        'ErrorDocument 403 http://elsewhere.example/', 'ErrorDocument 404 /static.txt', 'ErrorDocument 405 "page"',
        'ErrorDocument 410 "page"', 'ErrorDocument 412 /static.txt', 'ErrorDocument 413 "page"',
        'ErrorDocument 500 "page"',
        qq(<Location "/api/closed">\nSetHandler career-profile\nRequire all denied\n</Location>) }
]);

my $user  = uuid();
my $token = token(sub => $user);
my @as    = (token => $token);
my @auth  = ("Authorization: Bearer $token");
my @json  = (@auth, 'Content-Type: application/json');
$stack->put(minimal(), @as)->{status} == 201 or BAIL_OUT('nothing can be saved');

sub budget { return $stack->get(@as)->{json}{data}{budget} }

subtest 'methods' => sub {
    is_error($stack->request($_ => $path, @as), 405, 'method_not_allowed', $_)
        for qw(POST DELETE FOO PROPFIND LOCK MKCOL get Put X-SAVE);
    is_error($stack->request(POST => $path, token => undef), 405, 'method_not_allowed', 'also without a token');
    for my $host (qw(main.test tree.test)) {
        my $trace = $stack->raw(wire(TRACE => host => $host, headers => \@auth));
        is_error($trace, 405, 'method_not_allowed', "TRACE on $host");
        ok index($trace->{raw}, $token) < 0, 'does not echo the token';
    }
    my $trace = $stack->raw(wire(TRACE => path => "$path/x", host => 'tree.test', headers => \@auth));
    ok index($trace->{raw}, $token) < 0, 'TRACE of a path below does not echo the token';
};

subtest 'OPTIONS' => sub {
    my $answer = $stack->request(OPTIONS => $path, token => undef);
    is $answer->{status},          204,                               '204, without a token';
    is $answer->{content},         '',                                'no body';
    is header($answer, 'allow'),   'GET, HEAD, PUT, PATCH, OPTIONS',  'Allow';
    is header($answer, 'access-control-allow-origin'), '',            'nothing for another origin';
};

subtest 'preflight' => sub {
    my @asks = ('Access-Control-Request-Method' => 'PUT',
        'Access-Control-Request-Headers' => 'authorization,content-type,if-match');
    for my $origin (APP, 'http://localhost:3000') {
        my $answer = $stack->request(OPTIONS => $path, token => undef, headers => { Origin => $origin, @asks });
        is $answer->{status}, 204, "$origin: 204";
        is_cors($answer, $origin, 'may read the answer');
        ok has_word($answer, 'access-control-allow-methods', $_), "may use $_" for qw(GET HEAD PUT PATCH);
        ok has_word($answer, 'access-control-allow-headers', $_), "may send $_"
            for qw(authorization content-type if-match if-none-match x-request-id);
        like header($answer, 'access-control-max-age'), qr/^\d+$/, 'may remember it';
        cmp_ok header($answer, 'access-control-max-age'), '<=', 7200, 'for two hours at most';
        ok has_word($answer, 'vary', $_), "Vary names $_"
            for qw(Origin Access-Control-Request-Method Access-Control-Request-Headers);
    }
    for my $origin ('https://evil.example', 'null', 'https://app.example.org.evil.example', 'http://app.example.org',
        'https://app.example.org:444') {
        my $answer = $stack->request(OPTIONS => $path, token => undef, headers => { Origin => $origin, @asks });
        is $answer->{status}, 204, "$origin: 204";
        is_deeply [grep { /^access-control/ } keys %{ $answer->{headers} }], [], 'and no word of what is allowed';
    }
};

subtest 'CORS' => sub {
    my @from = (headers => { Origin => APP });
    my %answers = (
        'GET' => $stack->get(@as, @from), 'PUT' => $stack->put({}, @as, @from),
        'HEAD' => $stack->request(HEAD => $path, @as, @from),
        '304' => $stack->get(@as, headers => { Origin => APP, 'If-None-Match' => '*' }),
        '400' => $stack->put('{', @as, @from), '401' => $stack->get(token => undef, @from),
        '404' => $stack->get(token => token(sub => uuid()), @from), '405' => $stack->request(DELETE => $path, @as,
        @from),
        '412' => $stack->put({}, @as, headers => { Origin => APP, 'If-Match' => '"1-x"' }),
        '415' => $stack->put('x', @as, headers => { Origin => APP, 'Content-Type' => 'text/plain' }),
        '403 of another module' => $stack->get(@as, @from, vhost => 'denied.test'),
        '401 of another module' => $stack->get(@as, @from, vhost => 'basic.test'),
        '413 of the core' => $stack->put({ currentRole => 'x' x 200 }, @as, @from, vhost => 'limited.test'),
        '410 of another module' => $stack->get(@as, @from, vhost => 'gone.test')
    );
    is_cors($answers{$_}, APP, "$_ may be read by an allowed origin") for sort keys %answers;
    for my $origin ('https://evil.example', 'null') {
        my $answer = $stack->get(@as, headers => { Origin => $origin });
        is $answer->{status}, 200, "$origin gets an answer";
        is_deeply [grep { /^access-control/ } keys %{ $answer->{headers} }], [], 'that it may not read';
        ok has_word($answer, 'vary', 'Origin'), 'and Vary says so';
    }
    is_deeply [grep { /^access-control/ } keys %{ $stack->get(@as)->{headers} }], [], 'no Origin, no CORS';
};

subtest 'media types' => sub {
    my $type = sub ($value) { $stack->put('{"budget":"low"}', @as, headers => { 'Content-Type' => $value }) };
    for my $good ('application/json', 'Application/JSON', 'application/json; charset=utf-8',
        'application/json;charset="UTF-8"',
        'application/json ; charset=utf-8', 'application/merge-patch+json', 'application/json; odata=verbose') {
        is $type->($good)->{status}, 200, "$good is taken";
    }
    for my $bad ('text/plain', 'application/json; charset=latin1', 'application/json; charset=utf-16', 'text/json',
        'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded', 'application/jsonx',
        'application/json-patch+json',
        'json', 'application', 'application/json, text/plain', 'application/json; charset=utf-8-x') {
        is_error($type->($bad), 415, 'unsupported_media_type', "$bad is not");
    }
    is_error($stack->raw(wire(PUT => headers => \@auth, body => '{}')), 415, 'unsupported_media_type', 'none at all');
    for my $coding (qw(gzip deflate br x-gzip), 'gzip, identity') {
        my $answer = $stack->put(Compress::Zlib::memGzip('{}'), @as, headers => { 'Content-Encoding' => $coding });
        is_error($answer, 415, 'unsupported_media_type', "Content-Encoding: $coding");
        is header($answer, 'accept-encoding'), 'identity', 'and what would do';
    }
    is $stack->put('{}', @as, headers => { 'Content-Encoding' => 'identity' })->{status}, 200,
        'identity is no encoding';
};

subtest 'framing' => sub {
    my $put = sub (%with) { $stack->raw(wire(PUT => %with, headers => [@json, @{ $with{headers} // [] }]), %with) };
    my $chunk = sub ($text) { sprintf "%x\r\n%s\r\n", length $text, $text };
    my @chunked = (headers => ['Transfer-Encoding: chunked'], length => 0);
    is_saved($put->(@chunked, body => $chunk->('{"bud') . $chunk->('get":"') . $chunk->('high"}') . "0\r\n\r\n"), 0,
        'invalidated',
        'chunks');
    is_saved($put->(@chunked, body => $chunk->('{"budget":"low"}') . "0\r\nX-Trailer: 1\r\n\r\n"), 0, 'invalidated',
        'a trailer');
    is_error($put->(@chunked, body => "zz\r\n{}\r\n0\r\n\r\n"), 400, 'bad_request', 'a chunk without a size');
    is_error($put->(@chunked, body => $chunk->('{"budget":"high"}'), half_close => 1), 400, 'invalid_json',
        'no last chunk');
    is_error($put->(@chunked, body => $chunk->('x' x 8000) x 9 . "0\r\n\r\n"), 413, 'payload_too_large',
        'chunks beyond the limit');
    is_error($put->(headers => ['Content-Length: 40'], length => 0, body => '{"budget":"high"}', half_close => 1),
        400, 'invalid_json',
        'a Content-Length that says too much');
    my $short = $put->(headers => ['Content-Length: 5'], length => 0, body => '{"budget":"high"}');
    is_error($short, 400, 'invalid_json', 'one that says too little');
    is_deeply [statuses($short->{raw})], [400], 'the rest is no request';
    is_error($put->(), 400, 'invalid_json', 'neither length nor chunks is an empty body');
    is_error($put->(body => ''), 400, 'invalid_json', 'an empty body');
    is_error($put->(headers => ['Content-Length: 10000000'], length => 0), 413, 'payload_too_large',
        'too large a Content-Length is refused before the body comes');
    is $put->(headers => ["Content-Length: $_"], length => 0, body => '{}')->{status}, 400, "Content-Length $_"
        for '-1', '2x', '99999999999999999999', '0x2';
    is $put->(headers => ['Content-Length: 2', 'Content-Length: 3'],
        length => 0, body => '{}')->{status}, 400, 'two lengths';
    like $put->(headers => ['Transfer-Encoding: gzip, chunked'], length => 0, body => $chunk->('{}')
        . "0\r\n\r\n")->{status},
        qr/^(415|501)$/, 'Transfer-Encoding: gzip';
    my $both = $stack->raw(wire(PUT => keep => 1, headers => [@json, 'Content-Length: 5', 'Transfer-Encoding: chunked'],
        length => 0, body => $chunk->('{"budget":"low"}') . "0\r\n\r\n") . wire(GET => headers => \@auth));
    is_deeply [statuses($both->{raw})], [200], 'of a length and chunks the chunks count, and nothing after them is taken';
    is budget(), 'low', 'none of the broken ones was saved';
};

subtest 'Expect: 100-continue' => sub {
    my $ask = sub ($length, @headers) {
        $stack->raw(wire(PUT => headers => [@headers, 'Content-Type: application/json', "Content-Length: $length",
            'Expect: 100-continue']))
    };
    my %refused = ('a bad token' => [401, $ask->(20, 'Authorization: Bearer bad')], 'no token' => [401, $ask->(20)],
        'too large a body' => [413, $ask->(1_000_000, @auth)]);
    for my $name (sort keys %refused) {
        my ($status, $answer) = @{ $refused{$name} };
        is_deeply [statuses($answer->{raw})], [$status], "$name: the final status, and no 100";
    }
    is_deeply [statuses($stack->raw(wire(PUT => headers => [@auth, 'Content-Type: text/plain', 'Content-Length: 9',
        'Expect: 100-continue']))->{raw})], [415], 'another media type likewise';
    my $socket = $stack->connect;
    print {$socket} wire(PUT => headers => [@json, 'Content-Length: 17', 'Expect: 100-continue']);
    $socket->flush;
    like scalar readline $socket, qr{^HTTP/1\.1 100 }, 'a good one is asked to go on';
    print {$socket} '{"budget":"high"}';
    $socket->flush;
    my $rest = do { local $/; readline $socket };
    is_deeply [statuses($rest)], [200], 'and is saved';
};

subtest 'a slow body' => sub {
    my $answer = $stack->raw(wire(PUT => host => 'slow.test', headers => [@json, 'Content-Length: 20'],
        body => '{"bud', length => 0));
    is_error($answer, 408, 'request_timeout', 'is 408');
    is header($answer, 'connection'), 'close', 'and the connection goes';
    is budget(), 'high', 'nothing was saved';
};

subtest 'a client that goes away' => sub {
    my $leave = sub ($bytes) {
        my $socket = $stack->connect;
        print {$socket} $bytes;
        close $socket;
    };
    $leave->($_) for wire(PUT => headers => [@json, 'Content-Length: 50']), wire(PUT => headers => [@json,
        'Content-Length: 50']) . '{"budget":"free-only"}',
        wire(PUT => headers => [@json, 'Transfer-Encoding: chunked'], length => 0, body => "16\r\n{\"budget\":\"free-only\"}\r\n"),
        wire(GET => headers => \@auth), "PUT $path HT";
    is budget(), 'high', 'in the middle of a body saves nothing';
    $leave->(wire(PUT => headers => \@json, body => '{"budget":"unlimited"}'));
    wait_until { budget() ne 'high' } 'one that has sent all of it has saved';
    is budget(), 'unlimited', 'what it sent, and not what the others did';
    $stack->put({ budget => 'high' }, @as);
};

subtest 'a connection after an error' => sub {
    my $inner = "GET /static.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    my $next  = wire(GET => headers => \@auth);
    my $after = sub (@headers) {
        my $answer = $stack->raw(wire(PUT => keep => 1, headers => \@headers, body => $inner) . $next);
        unlike $answer->{raw}, qr/xxxxxxxx/, 'a body that was not read is never a request';
        my ($first, @others) = statuses($answer->{raw});
        ok !@others || "@others" eq '200', 'what follows is the next request, or the end' or diag $answer->{raw};
        return $first;
    };
    is $after->('Authorization: Bearer bad', 'Content-Type: application/json'), 401, 'after 401';
    is $after->(@auth, 'Content-Type: text/plain'), 415, 'after 415';
    is $after->(@json), 400, 'after 400';
    my $large = $stack->raw(wire(PUT => keep => 1, headers => [@json, 'Content-Length: 70000'], length => 0,
        body => $inner) . $next);
    is_deeply [statuses($large->{raw})], [413], 'after 413 the connection ends';
    my $many = $stack->raw(join '', map { wire(GET => keep => $_ < 5, headers => $_ % 2 ? \@auth
        : ['Authorization: Bearer x']) } 1 .. 5);
    is_deeply [statuses($many->{raw})], [200, 401, 200, 401, 200], 'without a body it goes on';
};

subtest 'compression' => sub {
    my @gzip   = (vhost => 'main.test', headers => { 'Accept-Encoding' => 'gzip' });
    my $answer = $stack->get(@as, @gzip);
    is header($answer, 'content-encoding'), 'gzip', 'GET is compressed';
    my $text = Compress::Zlib::memGunzip($answer->{content}) // '';
    is $text, $stack->get(@as)->{content}, 'and says the same';
    my $tag = header($answer, 'etag');
    ok has_word($answer, 'vary', $_), "Vary names $_" for qw(Accept-Encoding Authorization);
    is $stack->get(@as, vhost => 'main.test', headers => { 'Accept-Encoding' => 'gzip',
        'If-None-Match' => $tag })->{status}, 304,
        'its ETag makes a 304';
    is $stack->get(@as, headers => { 'If-None-Match' => $tag })->{status}, 304, 'also without compression';
    is $stack->put({ budget => 'low' }, @as, headers => { 'If-Match' => $tag })->{status}, 200, 'and holds as If-Match';
    is_error($stack->put({ budget => 'high' }, @as, headers => { 'If-Match' => $tag }), 412, 'precondition_failed',
        'once');
    my $error = $stack->get(@gzip, token => undef);
    is $error->{status}, 401, 'an error';
    my $body = header($error, 'content-encoding') ? Compress::Zlib::memGunzip($error->{content}) : $error->{content};
    like $body, qr/"code":"no_token"/, 'is JSON all the same';
};

subtest 'request ids' => sub {
    my $id = sub ($sent) { header($stack->get(@as, headers => { 'X-Request-Id' => $sent }), 'x-request-id') };
    is $id->($_), $_, 'taken: ' . substr $_, 0, 20 for 'a', 'A-b_c.9', 'x' x 128, uuid();
    for my $bad ('x' x 129, 'a b', 'a/b', '<script>', 'a"b', 'a;b', '') {
        my $made = $id->($bad);
        isnt $made, $bad, 'not taken: ' . substr $bad, 0, 20;
        like $made, qr/^[\w.-]{8,128}$/, "but made instead of '@{[ substr $bad, 0, 20 ]}'";
    }
    my %seen = map { header($stack->get(@as), 'x-request-id') => 1 } 1 .. 20;
    is keys %seen, 20, 'each request has its own';
    is_error($stack->get(vhost => 'denied.test', headers => { 'X-Request-Id' => 'mine' }), 403, 'forbidden',
        'on any error');
};

subtest 'errors of other modules' => sub {
    is_error($stack->get(@as, vhost => 'denied.test'), 403, 'forbidden', 'Require all denied');
    is_error($stack->put({}, @as, vhost => 'denied.test'), 403, 'forbidden', 'with a body');
    my $basic = $stack->get(@as, vhost => 'basic.test');
    is_error($basic, 401, 'no_token', 'AuthType Basic');
    like header($basic, 'www-authenticate'), qr/^Basic realm="staff"/, 'keeps its challenge';
    my $limited = $stack->put({ currentRole => 'x' x 200 }, @as, vhost => 'limited.test');
    is_error($limited, 413, 'payload_too_large', 'LimitRequestBody');
    is_error($stack->raw(wire(PUT => host => 'limited.test', headers => [@json, 'Transfer-Encoding: chunked'],
        length => 0,
        body => "c8\r\n" . 'x' x 200 . "\r\n0\r\n\r\n")), 413, 'payload_too_large', 'LimitRequestBody and chunks');
    is_error($stack->get(@as, vhost => 'gone.test'), 410, 'bad_request', 'RedirectMatch gone');
    my $head = $stack->request(HEAD => $path, @as, vhost => 'denied.test');
    is $head->{status},  403, 'HEAD has the status';
    is $head->{content}, '',  'and no body';
    is $stack->request(GET => '/nothing', @as)->{status}, 404, 'elsewhere';
    unlike $stack->request(GET => '/nothing', @as)->{content}, qr/^\{/, 'httpd keeps its own page';
};

subtest 'sub-paths' => sub {
    is_error($stack->request(GET => "$path$_", @as, vhost => 'tree.test'), 404, 'not_found', "GET $path$_")
        for '/', '/x', '/x/y', '/../career/', '/%2e';
    is_error($stack->request(PUT => "$path/x", json => minimal(), @as, vhost => 'tree.test'), 404, 'not_found', 'PUT');
    is $stack->get(@as, vhost => 'tree.test')->{status}, 200, 'the resource itself is there';
};

subtest 'ErrorDocument does not apply' => sub {
    my @at = (vhost => 'pages.test');
    is_error($stack->get(@at, token => undef), 401, 'no_token', 'a 401');
    is_error($stack->get(@at, token => token(role => 'anon')), 403, 'forbidden', 'a 403');
    is_error($stack->get(@at, token => token(sub => uuid())), 404, 'profile_not_found', 'a 404');
    is_error($stack->put('{', @as, @at), 400, 'invalid_json', 'a 400');
    is_error($stack->put({}, @as, @at, headers => { 'If-Match' => '"1-x"' }), 412, 'precondition_failed', 'a 412');
    is_error($stack->request(DELETE => $path, @as, @at), 405, 'method_not_allowed', 'a 405');
    is_error($stack->raw(wire(TRACE => host => 'pages.test')), 405, 'method_not_allowed', 'TRACE');
    is_error($stack->put('x' x 70_000, @as, @at), 413, 'payload_too_large', 'a 413');
    is_error($stack->request(GET => '/api/closed', @as, @at), 403, 'forbidden', '403 of another module');
    is $stack->request(GET => '/nothing', @at)->{content}, 'x' x 700, 'elsewhere it does';
    my @early = (@as, vhost => 'early.test');
    is_error($stack->get(@early), 403, 'forbidden', 'a 403 of mod_rewrite, before the file system is looked at');
    is_error($stack->request(GET => '/api/gone', @early), 410, 'bad_request', 'a 410 of mod_alias, likewise');
    is_error($stack->request(GET => '/api/busy', @early), 429, 'bad_request', 'a status that we never answer with');
};

# RFC 9110 14.2: Range is for GET only, and may be ignored there.
subtest 'Range' => sub {
    for my $range ('bytes=0-9', 'bytes=99999-', 'bytes=0-1,3-4') {
        my %with = (@as, headers => { Range => $range });
        is_saved($stack->put({}, %with), 0, 'unchanged', "a save is told whole: $range");
        my $answer = $stack->get(%with);
        is $answer->{status}, 200, 'so is a profile';
        is $answer->{json}{data}{userId}, $user, 'with all there is';
        is $stack->request(HEAD => $path, %with)->{status}, 200, 'HEAD says the same';
    }
};

subtest 'the place of a profile' => sub {
    my $answer = $stack->request(PUT => "/%c3%a4%20b$path", json => minimal(), vhost => 'umlaut.test',
        token => token(sub => uuid()));
    is $answer->{status}, 201, 'a location with a blank in its path';
    is header($answer, $_), "/%c3%a4%20b$path", "$_ is a URL" for qw(location content-location);
    my $broken = $stack->request(PUT => '/api/profile/career/%0d%0aX-Split:%201/profile/career', json => {}, @as,
        vhost => 'tree.test');
    is $broken->{status}, 200, 'a line end in the path does no harm to a save';
    is header($broken, 'x-split'), '', 'and is no header';
};

subtest 'a host that is a proxy for all the rest' => sub {
    is $stack->get(@as, vhost => 'beside.test')->{status}, 200, 'serves the profile itself';
    is $stack->request(GET => '/static.txt', vhost => 'beside.test')->{content}, 'x' x 700, 'and passes on the rest';
};

subtest 'a static file beside it' => sub {
    is $stack->request(GET => '/static.txt', token => undef)->{status}, 200, 'is served';
    is_deeply [grep { /^(access-control|x-request|x-content)/ } keys %{ $stack->request(GET => '/static.txt')->{headers} }], [],
        'without a header of ours';
};

expect_log(qr/AH01630: client denied by server configuration|AH01618|AH00036|AH01614/);
done_testing;
