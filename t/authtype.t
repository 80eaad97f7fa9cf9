# SPDX-License-Identifier: Apache-2.0
# AuthType Career: any location behind the same tokens, with Require and the access log as with any other
# authentication of httpd.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal header is_error);
use Career::Place    qw(write_file read_file);

my $stack = Career::Stack->new(modules => ['authz_user'], directives => undef);
my $dir   = $stack->dir;
my ($alice, $bob) = (uuid(), uuid());
my $locations = <<"END";
<Location "/members">
    AuthType Career
    Require valid-user
</Location>
<Location "/alice">
    AuthType Career
    Require user $alice
</Location>
<Location "/either">
    AuthType Career
    <RequireAny>
        Require valid-user
        Require all granted
    </RequireAny>
</Location>
<Location "/api/profile/career">
    AuthType Career
    Require valid-user
</Location>
END
my %directives = (
    CareerDatabase => $stack->database, CareerRedis => 'none', CareerRules => qq("$dir/lua"),
    CareerJwtSecret => qq("file:$dir/jwt.secret"), CareerJwtCookie => 'sb-ref-auth-token',
        CareerCorsOrigin => 'https://app.example'
);
my $config = join "\n", $locations, 'LimitRequestFieldSize 16384';
$stack->{with}{config} = qq(LogFormat "%u %>s %U" users\nCustomLog "$dir/httpd/users.log" users\n) . $locations;
$stack->{with}{vhosts} = [
    { name => 'bare.test', config => $locations },
    { name => 'api.test', directives => \%directives, config => $config }
];
$stack->httpd;
for my $name (qw(members alice either public)) {
    mkdir "$dir/httpd/htdocs/$name";
    chmod 0755, "$dir/httpd/htdocs/$name";
    write_file("$dir/httpd/htdocs/$name/page.txt", "the $name page", 0644);
}
$stack->start;

my @at = (vhost => 'api.test');
sub page ($path, $token, %with) { return $stack->request(GET => $path, vhost => 'api.test', token => $token, %with) }

# The users log writes a line when a request is over.
sub user_of ($path) {
    my @lines = grep { m{ \Q$path\E$} } split /\n/, eval { read_file("$dir/httpd/users.log") } // '';
    return @lines ? (split ' ', $lines[-1])[0] : 'nobody';
}

subtest 'Require valid-user' => sub {
    my $answer = page('/members/page.txt', token(sub => $alice));
    is $answer->{status}, 200, 'a good token';
    is $answer->{content}, 'the members page', 'opens the page';
    is header($answer, 'access-control-allow-origin'), '', 'which is not made a resource of ours';
    is header($answer, 'x-content-type-options'), '', 'in any way';
    wait_until { user_of('/members/page.txt') eq $alice } '%u names the user in the access log';
    is page('/members/page.txt', token(sub => uc $alice))->{status}, 200, 'upper case';
    wait_until { user_of('/members/page.txt') eq $alice } 'is the same user';

    $answer = page('/members/page.txt', undef);
    is $answer->{status}, 401, 'no token';
    is header($answer, 'www-authenticate'), 'Bearer realm="career"', 'challenge';
    for my $bad (token(sub => $alice, secret => 'x' x 40), token(sub => $alice, exp => time - 3600), 'nonsense') {
        $answer = page('/members/page.txt', $bad);
        is $answer->{status}, 401, 'a bad one';
        like header($answer, 'www-authenticate'),
            qr/^Bearer realm="career", error="invalid_token", error_description="[^"]+"/, 'challenge';
        unlike $answer->{content}, qr/members page/, 'and no page';
    }
    wait_until { user_of('/members/page.txt') eq '-' } 'nobody in the access log';
    $answer = page('/members/page.txt', token(sub => $alice, role => 'anon'));
    is $answer->{status}, 403, 'another role';
    like header($answer, 'www-authenticate'), qr/error="insufficient_scope"/, 'challenge';
    is page('/members/none.txt', token(sub => $alice))->{status}, 404, 'a page that is not there';
    is page('/public/page.txt', undef)->{status}, 200, 'a page that is open to all';
    is page('/public/page.txt', 'nonsense')->{status}, 200, 'whatever is sent with it';
};

subtest 'Require user' => sub {
    expect_log(qr/AH01631: user \Q$bob\E: authorization failure/);
    is page('/alice/page.txt', token(sub => $alice))->{status}, 200, 'the one';
    my $other = page('/alice/page.txt', token(sub => $bob));
    is $other->{status}, 401, 'another';
    is header($other, 'www-authenticate'), 'Bearer realm="career"', 'is told what would do';
    is page('/alice/page.txt', undef)->{status}, 401, 'none';
    is page('/either/page.txt', undef)->{status}, 200, 'nobody is asked where nobody need be';
};

subtest 'by cookie' => sub {
    my %cookie = (Cookie => 'sb-ref-auth-token=base64-'
        . base64url(JSON::PP->new->encode({ access_token => token(sub => $bob) })));
    is page('/members/page.txt', undef, headers => \%cookie)->{status}, 200, 'a session';
    wait_until { user_of('/members/page.txt') eq $bob } 'and its user';
    my @post = (POST => '/members/page.txt', vhost => 'api.test', token => undef, body => 'x');
    is $stack->request(@post, headers => { %cookie, 'Sec-Fetch-Site' => 'cross-site' })->{status}, 403,
        'not for a write from another site';
    isnt $stack->request(@post, headers => {%cookie})->{status}, 403, 'but from our own';
};

subtest 'on the resource itself' => sub {
    is_error($stack->get(@at, token => undef), 401, 'no_token', 'no token');
    is_error(my $answer = $stack->get(@at, token => token(sub => $alice, secret => 'x' x 40)), 401, 'invalid_token',
        'a bad one');
    like header($answer, 'www-authenticate'), qr/error="invalid_token"/, 'challenge';
    is_error($stack->get(@at, token => token(sub => $alice, role => 'anon')), 403, 'forbidden', 'another role');
    my $preflight = $stack->request(OPTIONS => '/api/profile/career', @at, token => undef,
        headers => { Origin => 'https://app.example', 'Access-Control-Request-Method' => 'PUT' });
    is $preflight->{status}, 204, 'a preflight needs none';
    is $stack->put(minimal(), @at, token => token(sub => $alice))->{status}, 201, 'a good one saves';
    is $stack->get(@at, token => token(sub => $alice))->{json}{data}{userId}, $alice, 'and reads';
    wait_until { user_of('/api/profile/career') eq $alice } '%u';
};

subtest 'a host that is not configured' => sub {
    expect_log(qr/CAREER0010: /);
    expect_log(qr/CAREER0009: AuthType Career on a host without CareerDatabase/);
    my @bare = (vhost => 'bare.test');
    for my $token (undef, 'nonsense', token(sub => $alice)) {
        my $answer = $stack->request(GET => '/members/page.txt', @bare, token => $token);
        is $answer->{status}, 500, 'nobody is let in';
        unlike $answer->{content}, qr/members page/, 'and nothing shown';
    }
    is $stack->request(GET => '/public/page.txt', @bare, token => undef)->{status}, 200, 'other pages are served';
    wait_until { $stack->httpd->log =~ /CAREER0009: AuthType Career/ } 'the log says why';
};

subtest 'without a database' => sub {
    $stack->postgres->stop;
    is page('/members/page.txt', token(sub => $alice))->{status}, 200, 'a page asks nobody but the keys';
    $stack->postgres->start;
};

done_testing;
