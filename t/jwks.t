# SPDX-License-Identifier: Apache-2.0
# Key sets by URL: rotation, outages, floods, restarts, forks; and tokens of every algorithm, made by openssl and
# by jose. The key server is the test's own and counts what it is asked.
use v5.36;
use Career::Test;
use Career::Contract  qw(minimal header is_error);
use Career::Key       ();
use Career::KeyServer ();
use Career::Place     qw(write_file read_file tree free_port);

my %key     = map { $_ => Career::Key->new(kid => $_) } qw(old new next away late flood forged hurried);
my $rsa     = Career::Key->new(alg => 'RS256', kid => 'rsa');
my $ed      = Career::Key->new(alg => 'EdDSA', kid => 'ed');
my $nameless = Career::Key->new(kid => undef);
my $foreign = Career::Key->new(kid => 'old');          # another key of the same name

my %server = map { $_ => Career::KeyServer->new->start } qw(main rotate away stale flood);
$server{main}->publish(Career::Key->set($key{old}, $rsa, $ed, $nameless));
$server{rotate}->publish(Career::Key->set($key{old}));
$server{away}->publish(Career::Key->set($key{away}));
$server{stale}->publish(Career::Key->set($key{late}));
$server{flood}->publish(Career::Key->set($key{flood}));
$server{away}->stop;

sub host ($name, $server, $refresh, %more) {
    my %keys = (CareerJwtKeys => $server->url("/$name.json"), CareerJwtKeysRefresh => $refresh);
    return { name => "$name.test", directives => { %keys, %more } };
}

my $stack = Career::Stack->new(directives => { CareerJwtSecret => undef, CareerJwtKeys => $server{main}->url,
    CareerJwtKeysRefresh => 'cooldown=1h every=1h' });
my @with_secret = (CareerJwtSecret => qq("file:) . $stack->dir . '/jwt.secret"');
$stack->{with}{vhosts} = [
    { name => 'main.test' },    # the first serves what names no host
    host(rotate => $server{rotate}, 'cooldown=200ms every=1h'),
    host(away   => $server{away},   'cooldown=200ms every=1h', @with_secret),
    host(empty  => $server{away},   'cooldown=200ms every=1h'),
    host(stale  => $server{stale},  'cooldown=200ms every=200ms stale=1h'),
    host(aged   => $server{stale},  'cooldown=200ms every=200ms stale=4s'),
    host(flood  => $server{flood},  'cooldown=1h every=1h'),
    host(again  => $server{flood},  'cooldown=2s every=1h')
];
expect_log(qr/CAREER0104: a key set cannot be fetched: \S+(?:away|empty|stale|aged)\.json: /,
    qr/CAREER0001: .* 503 keys_unavailable: /);
$stack->start;
my $httpd = $stack->httpd;

# With the answer's status, so that a list of them reads well.
sub status ($token, %with) { return $stack->get(%with, token => $token)->{status} }
sub comes ($status, $token, $name, %with) { return wait_until { status($token, %with) == $status } $name }
sub said ($pattern) { return scalar(() = $httpd->log =~ /$pattern/g) }

comes(404, $key{old}->token, 'the first set is there soon after the start');
like $httpd->log, qr/CAREER0102: .* \S+: 4 keys: ES256 "old", RS256 "rsa", EdDSA "ed", ES256 without kid/,
    'the log names it';
is $stack->put(minimal(), token => $key{old}->token)->{status}, 201, 'a profile is saved with it';

subtest 'every algorithm' => sub {
    for my $signer ($key{old}, $rsa, $ed, $nameless) {
        my $alg = $signer->{alg};
        is status($signer->token), 200, $alg . ($signer->kid ? '' : ' without kid');
        is status($signer->token(header => { kid => undef })), 200, "$alg, a token without kid" if $signer->kid;
        my $token = $signer->token;
        is status($token =~ s/.(?=.{10}\z)/$& eq 'A' ? 'B' : 'A'/er), 401, 'one character of the signature changed';
        is status(join '.', (split /\./, $token)[0], (split /\./, $signer->token(sub => uuid()))[1],
            (split /\./, $token)[2]),
            401, 'another payload';
    }
    is status($foreign->token), 401, 'another key of the same kid';
    is status(token()), 401, 'HS256, where there is no secret';
};

subtest 'a public key is no secret' => sub {
    for my $public ($key{old}, $rsa, $ed) {
        my $jwk = $public->jwk;
        my %secret = (PEM => $public->pem, 'PEM without its line break' => $public->pem =~ s/\n\z//r,
            DER => $public->der, JWK => JSON::PP->new->canonical->encode($jwk),
            number => MIME::Base64::decode_base64url($jwk->{n} // $jwk->{x}));
        for my $form (sort keys %secret) {
            is status(token(secret => $secret{$form}, header => { kid => $public->kid })), 401, "$public->{alg}: $form";
            is status(token(secret => $secret{$form})), 401, "$public->{alg}: $form, no kid";
        }
    }
};

subtest 'an algorithm is that of the key' => sub {
    is status($rsa->token(header => { alg => $_ })), 401, "RSA key, $_" for qw(RS384 RS512 PS256 HS256 ES256 none);
    is status($key{old}->token(header => { alg => $_ })), 401, "EC key, $_" for qw(ES384 ES256K HS256 RS256 none);
    is status($rsa->token(header => { kid => 'old' })), 401, 'RS256 with the kid of an EC key';
    is status($key{old}->token(header => { kid => 'rsa' })), 401, 'ES256 with the kid of an RSA key';
};

subtest 'keys that a token brings along' => sub {
    my $attacker = Career::KeyServer->new->start;
    $attacker->publish(Career::Key->set($key{forged}));
    my %header = (jwk => $key{forged}->jwk, jku => $attacker->url, x5u => $attacker->url, x5c => ['MIIB']);
    is status($key{forged}->token(header => { $_ => $header{$_} })), 401, $_ for sort keys %header;
    is status($key{forged}->token(header => { %header, kid => 'old' })), 401, 'all of them, with a kid of ours';
    is $attacker->requests, 0, 'nobody looked there';
};

subtest 'hostile kids' => sub {
    for my $kid ('../../../../dev/null', "' OR ''='", "a\0b", "new\nline", '%s%n', '*', 'k' x 300, 'x' x 5000, '',
        "\x{1f511}") {
        is status($key{forged}->token(header => { kid => $kid })), 401, substr($kid, 0, 20) =~ s/[^ -~]/?/gr;
    }
    is status($key{forged}->token(header => { kid => $_ })), 401, 'a kid that is no string' for 5, ['a'], { a => 1 },
        JSON::PP::true;
    unlike $httpd->log, qr/new\nline"/, 'none of them writes a line of its own into the log';
};

subtest 'tokens that jose made' => sub {
    my $jose = JSON::PP::decode_json(read_file(tree() . '/t/fixtures/jose.json'));
    $server{rotate}->publish(JSON::PP::encode_json($jose->{jwks}));
    for my $made (grep { $_->{name} ne 'HS256' } @{ $jose->{tokens} }) {
        comes(404, $made->{token}, $made->{name}, vhost => 'rotate.test');
        is status(substr($made->{token}, 0, -8) . 'AAAAAAAA', vhost => 'rotate.test'), 401,
            'not with another signature';
    }
    is status((grep { $_->{name} eq 'HS256' } @{ $jose->{tokens} })[0]{token}, vhost => 'away.test'), 404, 'HS256';
    $server{rotate}->publish(Career::Key->set($key{old}));
    comes(200, $key{old}->token, 'back to the set of before', vhost => 'rotate.test');
    comes(401, $key{forged}->token, 'and no other', vhost => 'rotate.test');
};

# Old tokens all the time, new ones from the moment on that the set has their key, the old ones not any more
# before their key is withdrawn.
subtest 'rotation under load' => sub {
    my $named = sub { said(qr/CAREER0102: a new key set is in force: \S+rotate\.json: /) };
    comes(200, $key{old}->token, 'the old key is known', vhost => 'rotate.test');
    wait_until { $named->() == 3 } 'the log has named the first set, that of jose and the first again';
    my $flag  = sub ($name) { $stack->dir . "/flag-$name" };
    my %token = map { $_ => $key{$_}->token } qw(old new);
    my $worker = sub {
        my %seen;
        while (!-e $flag->('end')) {
            if (-e $flag->('switched')) { write_file($flag->("switched.$$"), '') unless -e $flag->("switched.$$") }
            else                        { $seen{ 'old ' . status($token{old}, vhost => 'rotate.test') }++ }
            $seen{ 'new ' . status($token{new}, vhost => 'rotate.test') }++ if -e $flag->('new');
        }
        return \%seen;
    };
    my $rotator = sub {
        Time::HiRes::sleep(0.5);
        $server{rotate}->publish(Career::Key->set($key{old}, $key{new}));
        for my $name (qw(new switched end)) {
            write_file($flag->($name), '');
            Time::HiRes::sleep(0.7);
            next if $name ne 'switched';
            my $end = time + 60;    # a slow machine may have one of them stand before its last old one
            Time::HiRes::sleep(0.02) while time < $end && 6 > (() = glob quotemeta($flag->('switched')) . '.*');
            $server{rotate}->publish(Career::Key->set($key{new}));
        }
        return {};
    };
    my %all;
    for my $seen (parallel($rotator, ($worker) x 6)) { $all{$_} += $seen->{$_} for keys %$seen }
    is_deeply [sort keys %all], ['new 200', 'old 200'], 'not one request has failed' or diag explain \%all;
    is status($key{forged}->token(header => { kid => 'never' }), vhost => 'rotate.test'), 401, 'a kid that nobody has';
    comes(401, $token{old}, 'has had the set fetched, and the old key is gone', vhost => 'rotate.test');
    is status($token{new}, vhost => 'rotate.test'), 200, 'the new one is not';
    wait_until { $named->() == 5 } 'the log names both sets, however soon the second came';
};

subtest 'the key server is away when the server starts' => sub {
    is_error(my $answer = $stack->get(token => $key{away}->token, vhost => 'empty.test'), 503, 'keys_unavailable',
        'nobody can say');
    like header($answer, 'retry-after'), qr/^[1-9]\d*$/, 'Retry-After';
    is header($answer, 'www-authenticate'), '', 'the token is not to blame';
    is_error($stack->get(token => $key{away}->token, vhost => 'away.test'), 503, 'keys_unavailable',
        'a key that may be in the set, beside a secret');
    is status(token(), vhost => 'away.test'), 200, 'the secret serves';
    is status(token(secret => 'x' x 40), vhost => 'away.test'), 401, 'and what it did not sign is refused';
    is status('nonsense', vhost => 'empty.test'), 401, 'no set makes a token of nonsense';
    is status(undef, vhost => 'empty.test'), 401, 'or of nothing';
    is said(qr/CAREER0104: a key set cannot be fetched: \S+away\.json: .*; there are no keys of it yet/), 1,
        'told once';
    $server{away}->start;
    comes(200, $key{away}->token, 'it is back', vhost => 'away.test');
    comes(200, $key{away}->token, 'for the other host too', vhost => 'empty.test');
    is status($key{forged}->token, vhost => 'away.test'), 401, 'a kid that nobody has is 401 again';
};

subtest 'an outage' => sub {
    my $asked = sub { $server{stale}->requests('/stale.json') };
    comes(200, $key{late}->token, 'the set is there', vhost => 'stale.test');
    for my $fault ([503, ''], [200, '<html>Sign in</html>'], [200, '{"keys":[]}'],
        [302, '', headers => ['Location: ' . $server{main}->url]],
        [200, '', fault => 'huge']) {
        my ($code, $text, @more) = @$fault;
        my $before = $asked->();
        $server{stale}->answer($text, status => $code, @more);
        wait_until { $asked->() > $before + 1 } 'the key server talks nonsense';
        is status($key{late}->token, vhost => 'stale.test'), 200, 'the last good set stays in use';
        $server{stale}->publish(Career::Key->set($key{late}));
        wait_until { said(qr/stale\.json/) } 'told';
        my $after = $asked->();
        wait_until { $asked->() > $after + 1 } 'and speaks again';
    }
    comes(200, $key{late}->token, 'a set that may not grow old', vhost => 'aged.test');
    $server{stale}->stop;
    my $answer;
    my @late = (token => $key{late}->token, vhost => 'aged.test');
    wait_until { $answer = $stack->get(@late); $answer->{status} == 503 } 'away: until it is too old';
    is_error($answer, 503, 'keys_unavailable', 'then nobody can say');
    is status($key{late}->token, vhost => 'stale.test'), 200, 'where it may, the last good set stays in use';
    $server{stale}->start;
    comes(200, $key{late}->token, 'back', vhost => 'aged.test');
    like $httpd->log, qr/CAREER0104: .*stale\.json: .*; the last good one stays in use until \w+, \d+ \w+ \d+ /,
        'the log says for how long';
};

subtest 'a flood of kids' => sub {
    comes(200, $key{flood}->token, 'the set is there', vhost => 'flood.test');
    my ($good, $forged) = ($key{flood}->token, $key{forged}->token);
    my ($header, $rest) = split /\./, $forged, 2;
    my $random = sub { join '.', base64url(JSON::PP->new->encode({ alg => 'ES256', kid => uuid() })), $rest };
    my $attack = sub (@at) { my %seen; $seen{ status($random->(), @at) }++ for 1 .. 150; return \%seen };
    my $work   = sub (@at) { my %seen; $seen{ status($good, @at) }++ for 1 .. 100; return \%seen };
    my @at = (vhost => 'flood.test');
    my @seen = parallel((sub { $attack->(@at) }) x 4, (sub { $work->(@at) }) x 2);
    is_deeply \@seen, [({ 401 => 150 }) x 4, ({ 200 => 100 }) x 2], 'all forged ones refused, all good ones served';
    is $server{flood}->requests('/flood.json'), 1, 'and not one fetch more, before the cooldown is over';

    @at = (vhost => 'again.test');
    comes(200, $good, 'a host with a short cooldown', @at);
    my $begun = time;
    @seen = parallel((sub { $attack->(@at) }) x 4, (sub { $work->(@at) }) x 2);
    my $most = 2 + int((time - $begun + 1) / 2);
    is_deeply \@seen, [({ 401 => 150 }) x 4, ({ 200 => 100 }) x 2], 'likewise';
    cmp_ok $server{flood}->requests('/again.json'), '<=', $most, "at most one fetch each cooldown ($most)";
    my ($lines) = scalar(() = $httpd->log =~ /CAREER0101/g);
    cmp_ok $lines, '<', 100, 'refused tokens do not fill the log';
};

subtest 'a new key while forged ones come' => sub {
    my @at = (vhost => 'again.test');
    $server{flood}->publish(Career::Key->set($key{flood}, $key{hurried}));
    comes(200, $key{hurried}->token, 'it is accepted', @at);
    my $asked = $server{flood}->requests('/again.json');
    is status($key{hurried}->token, @at), 200, 'and stays so';
    is $server{flood}->requests('/again.json'), $asked, 'without another fetch';
};

subtest 'restarts' => sub {
    my $before = $server{main}->requests;
    $server{main}->stop;
    for my $signal (qw(USR1 HUP)) {
        $httpd->graceful(signal => $signal);
        my @seen = parallel((sub { status($key{old}->token) }) x 8);
        is_deeply \@seen, [(200) x 8], "$signal: the keys are there at once";
    }
    $server{main}->start;
    is $server{main}->requests, $before, 'and were not fetched again';
    is $before, 1, 'nor was it more than once from the start';
};

# ------------------------------------------------------------------------------------------- many children

my $fork = Career::KeyServer->new->start;
$fork->publish(Career::Key->set($key{old}, $key{next}));
my $prefork = Career::Stack->new(
    mpm => 'prefork', mpm_config => "StartServers 12\nMinSpareServers 12\nMaxSpareServers 24",
    directives => { CareerDatabase => $stack->database, CareerRedis => 'none', CareerJwtSecret => undef,
        CareerJwtKeys => $fork->url('/prefork.json'),
        CareerJwtKeysRefresh => 'cooldown=2s every=1h' }, postgres => 0, redis => 0);
$prefork->start;
sub each_child ($token, $count = 24) { return parallel((sub { $prefork->get(token => $token)->{status} }) x $count) }

subtest 'prefork: many children' => sub {
    wait_until { $prefork->get(token => $key{old}->token)->{status} == 200 } 'the first set is there';
    is_deeply [each_child($key{old}->token)], [(200) x 24], 'all children have it';
    is $fork->requests('/prefork.json'), 1, 'one of them fetched it';
    # A child waits for two seconds, in which a slow machine may not have fetched: then another new key comes.
    my ($new, $asked, @seen);
    for my $try (1 .. 5) {
        $new   = Career::Key->new(kid => "new $try");
        $asked = $fork->requests('/prefork.json');
        Time::HiRes::sleep(2.1);    # the cooldown
        $fork->publish(Career::Key->set($key{next}, $new));
        @seen = each_child($new->token, 10);    # a quarter of the server's processes may wait
        last unless grep { $_ != 200 } @seen;
    }
    is_deeply \@seen, [(200) x 10], 'a new key, first used by many children: all of them wait for the one fetch';
    is $fork->requests('/prefork.json'), $asked + 1, 'which was one';
    my $old = $key{old}->token;
    wait_until { !grep { $_ != 401 } each_child($old) } 'the key that is gone is gone everywhere';
    $fork->stop;
    $prefork->httpd->graceful;
    is_deeply [each_child($new->token)], [(200) x 24], 'a graceful restart has them all at once';
    $fork->start;
};

# --------------------------------------------------------------------------------------------------- HTTPS

# Serves the files of the folder; it says so in its log, or ends, for somebody else has had the port.
sub tls_server ($dir) {
    for (1 .. 5) {
        my $port   = free_port();
        my $log    = "$dir/s_server-$port.log";
        my $server = Career::Process->new(name => 's_server', log => $log, command => ['sh', '-c',
            "cd '$dir' && exec openssl s_server -accept 127.0.0.1:$port -cert tls.crt -key tls.key -WWW"]);
        $server->start;
        return ($server, $port) if eval { $server->wait_ready(sub { (eval { read_file($log) } // '') =~ /^ACCEPT/m }) };
    }
    die "no s_server: $@";
}

subtest 'HTTPS' => sub {
    my $dir = $stack->dir;
    system('sh', '-c', 'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 '
            . '-subj /CN=localhost '
            . "-addext subjectAltName=DNS:localhost -keyout '$dir/tls.key' -out '$dir/tls.crt' 2>/dev/null") == 0
        or plan skip_all => 'openssl makes no certificate';
    write_file("$dir/jwks.json", Career::Key->set($key{old}), 0644);
    chmod 0644, "$dir/tls.crt";
    my ($server, $port) = tls_server($dir);
    my %keys = (CareerJwtSecret => undef, CareerJwtKeys => "https://localhost:$port/jwks.json",
        CareerJwtKeysRefresh => 'cooldown=300ms every=1h');
    my @common = (directives => { CareerDatabase => $stack->database, CareerRedis => 'none', %keys }, postgres => 0,
        redis => 0);

    expect_log(qr/CAREER0104: a key set cannot be fetched: https:\S+: SSL certificate problem/);
    my $strict = Career::Stack->start(@common);
    wait_until { $strict->httpd->log =~ /CAREER0104: .*SSL certificate problem: self-signed certificate/ }
        'an unknown authority is refused';
    is $strict->get(token => $key{old}->token)->{status}, 503, 'so there are no keys';
    my $private = Career::Stack->start(@common, env => { SSL_CERT_FILE => "$dir/tls.crt" });
    wait_until { $private->get(token => $key{old}->token)->{status} == 200 } 'SSL_CERT_FILE names one';
    $_->stop for $strict, $private;
    $server->stop;
};

# ------------------------------------------------------------------------------------------- configuration

subtest 'httpd -t' => sub {
    my $file = $stack->dir . '/keys';
    my $try = sub ($value, %more) {
        return $stack->configtest(vhosts => [{ name => 'broken.test',
            directives => { CareerJwtKeys => $value, %more } }]);
    };
    my $faulty = sub ($value, $why, %more) {
        my ($good, $text) = $try->($value, %more);
        local $Test::Builder::Level = $Test::Builder::Level + 1;
        ok !$good && $text =~ $why && $text =~ /broken\.test/, (ref $value ? "@$value" : $value) . " @{[%more]}"
            or diag $text;
    };
    $faulty->('http://keys.example.org/jwks.json', qr/plain http:/);
    $faulty->('http://127.0.0.1@keys.example.org/', qr/credentials/);
    $faulty->('ftp://127.0.0.1/jwks.json', qr/https:/);
    $faulty->('https://', qr/not a URL/);
    $faulty->('/etc/career/jwks.json', qr/URL/);
    $faulty->([map { "https://keys.example.org/$_" } 1 .. 9], qr/at most 8/);
    write_file($file, 'no keys at all', 0644);
    $faulty->(qq("file:$file"), qr/neither JSON nor PEM/);
    write_file($file, '{"keys":[{"kty":"oct","k":"c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0","kid":"shared"}]}', 0644);
    $faulty->(qq("file:$file"), qr/shared/);
    $faulty->('https://keys.example.org/', qr/CareerJwtKeysRefresh: cooldown is at least/, CareerJwtKeysRefresh => $_)
        for 'cooldown=1ms', 'every=1s cooldown=10s', 'stale=1s';
    my ($good, $text) = $try->('https://keys.example.org/', CareerJwtKeysRefresh => 'every=5min cooldown=10s stale=1h');
    ok $good, 'a good one' or diag $text;
};

subtest 'files of keys' => sub {
    my $file = $stack->dir . '/keys';
    write_file($file, Career::Key->set($key{old}, { kty => 'oct', k => base64url('x' x 40), kid => 'shared' },
        $rsa->jwk(use => 'enc', kid => 'enc')), 0644);
    write_file("$file.pem", $nameless->pem . $ed->pem, 0644);
    expect_log(qr/CAREER0103: keys of a key set are not used: \S+keys: /);
    $stack->reconfigure(vhosts => [{ name => 'main.test' },
        { name => 'files.test', directives => { CareerJwtKeys => [qq("file:$file"), qq("file:$file.pem")] } }]);
    my @at = (vhost => 'files.test');
    is status($_->token, @at), 200, "$_->{alg} " . ($_->kid // 'without kid') for $key{old}, $nameless;
    is status($ed->token(header => { kid => undef }), @at), 200, 'EdDSA from PEM';
    is status($rsa->token(header => { kid => 'enc' }), @at), 401, 'a key for something else';
    is status(token(secret => 'x' x 40, header => { kid => 'shared' }), @at), 401, 'a secret among public keys';
    is said(qr/CAREER0103: keys of a key set are not used: \S+keys: .*"?shared"?.*"?enc"?/), 1, 'both are named, once';
};

done_testing;
