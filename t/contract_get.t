# SPDX-License-Identifier: Apache-2.0
# Reading the profile: contract 1.1 and 1.2.
use v5.36;
use utf8;
use Career::Test;
use Career::Contract qw(minimal onboarding complete header has_word violations is_error wire statuses);

my $stack = Career::Stack->start;
my $user  = uuid();
my $token = token(sub => $user);
my @as    = (token => $token);

sub sql ($text) { return $stack->postgres->psql($text) }
sub tag { return header($stack->get(@as), 'etag') }

subtest 'no profile yet' => sub {
    my $answer = $stack->get(@as);
    is_error($answer, 404, 'profile_not_found', 'GET is 404');
    my %json = %{ $answer->{json} };
    delete $json{requestId};
    is_deeply \%json,
        { success => JSON::PP::false, data => undef, error => 'Career profile not found', code => 'profile_not_found' },
        'the body says so';
    my $head = $stack->request(HEAD => '/api/profile/career', @as);
    is $head->{status},  404, 'HEAD is 404';
    is $head->{content}, '',  'and has no body';
};

subtest 'a profile of the required fields' => sub {
    is $stack->put(minimal(), @as)->{status}, 201, 'saved';
    my $answer = $stack->get(@as);
    is $answer->{status}, 200, 'GET is 200';
    my %data    = %{ $answer->{json}{data} };
    my $updated = delete $data{lastUpdated};
    is_deeply [sort keys %{ $answer->{json} }], [qw(data success)], 'success and data, nothing else';
    is_deeply \%data, complete($user, minimal()), 'every declared field, with its default';
    like $updated, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'lastUpdated is RFC 3339 with milliseconds, in UTC';
    unlike $answer->{content}, qr/\n|":\s|,\s+"/, 'the body is compact';
    is header($answer, 'content-type'),           'application/json',  'Content-Type';
    is header($answer, 'x-content-type-options'), 'nosniff',           'X-Content-Type-Options';
    is header($answer, 'cache-control'),          'private, no-cache', 'Cache-Control';
    ok has_word($answer, 'vary', $_), "Vary names $_" for qw(Authorization Cookie Origin);
    like header($answer, 'etag'), qr/^"\d+-[\w-]+"$/, 'the ETag is strong';
    my ($day, $time) = $updated =~ /^\d{4}-\d\d-(\d\d)T(\d\d:\d\d:\d\d)/;
    like header($answer, 'last-modified'), qr/^\w{3}, $day \w{3} \d{4} $time GMT$/, 'Last-Modified is lastUpdated';
    like header($answer, 'x-request-id'), qr/^[\w.-]+$/, 'X-Request-Id';
};

subtest 'HEAD' => sub {
    my $get  = $stack->get(@as);
    my $head = $stack->request(HEAD => '/api/profile/career', @as);
    is $head->{status},  200, 'is 200';
    is $head->{content}, '',  'has no body';
    for my $answer ($get, $head) { delete @{ $answer->{headers} }{qw(date x-request-id)} }
    is_deeply $head->{headers}, $get->{headers}, 'has the headers of GET';
    is header($head, 'content-length'), length $get->{content}, 'Content-Length too';
};

subtest 'If-None-Match' => sub {
    my $tag = tag();
    my ($bare) = $tag =~ /^"(.*)"$/;
    my %matches = (
        'the tag' => $tag, 'a list' => qq("1-x", $tag), 'a list without blanks' => qq("1-x",$tag,"2-y"), star => '*',
        'a weak tag' => "W/$tag", 'a weak one in a list' => qq("a", W/$tag), 'with -gzip' => qq("$bare-gzip"),
        'weak with -gzip' => qq(W/"$bare-gzip"), 'with -br' => qq("$bare-br"), 'with -deflate' => qq("$bare-deflate")
    );
    for my $name (sort keys %matches) {
        my $answer = $stack->get(@as, headers => { 'If-None-Match' => $matches{$name} });
        is $answer->{status},          304,                 "$name: 304";
        is $answer->{content},         '',                  "$name: no body";
        is header($answer, 'etag'),    $tag,                "$name: the ETag";
        is header($answer, 'cache-control'), 'private, no-cache', "$name: Cache-Control";
        ok has_word($answer, 'vary', 'Authorization'), "$name: Vary";
    }
    my ($version) = $bare =~ /^(\d+)/;
    my %differs = (
        'another tag' => '"1-x"', 'no quotes' => $bare, 'the version alone' => qq("$version"),
        'another hash' => qq("$version-0"), 'an unclosed quote' => qq("$bare), 'nothing' => '',
        'an unknown suffix' => qq("$bare-zip")
    );
    is $stack->get(@as, headers => { 'If-None-Match' => $differs{$_} })->{status}, 200, "$_: 200"
        for sort keys %differs;
    is $stack->request(HEAD => '/api/profile/career', @as, headers => { 'If-None-Match' => $tag })->{status}, 304,
        'HEAD: 304';
    is_error($stack->get(token => token(sub => uuid()), headers => { 'If-None-Match' => '*' }),
        404, 'profile_not_found', 'without a profile it is 404 all the same');
};

subtest 'dates are ignored' => sub {
    my $later = 'Fri, 01 Jan 2100 00:00:00 GMT';
    my $early = 'Thu, 01 Jan 1998 00:00:00 GMT';
    is $stack->get(@as, headers => { 'If-Modified-Since'   => $later })->{status}, 200, 'If-Modified-Since';
    is $stack->get(@as, headers => { 'If-Unmodified-Since' => $early })->{status}, 200, 'If-Unmodified-Since';
    is $stack->get(@as, headers => { 'If-None-Match' => '"1-x"', 'If-Modified-Since' => $later })->{status}, 200,
        'If-Modified-Since beside If-None-Match';
};

subtest 'If-Match' => sub {
    my ($version) = tag() =~ /^"(\d+)/;
    is $stack->get(@as, headers => { 'If-Match' => tag() })->{status},       200, 'that holds';
    is $stack->get(@as, headers => { 'If-Match' => qq("$version") })->{status}, 200, 'the version alone counts';
    is_error($stack->get(@as, headers => { 'If-Match' => '"1-x"' }), 412, 'precondition_failed', 'that does not');
};

subtest 'whoever writes' => sub {
    my $tag = tag();
    is tag(), $tag, 'reading does not move the ETag';
    sql("UPDATE career_profiles SET company_name = 'By SQL' WHERE user_id = '$user'");
    my $answer = $stack->get(@as);
    isnt header($answer, 'etag'), $tag, 'a change in SQL does';
    is $answer->{json}{data}{companyName}, 'By SQL', 'and shows';
    my $moved = tag();
    sql("UPDATE career_profiles SET company_name = company_name WHERE user_id = '$user'");
    is tag(), $moved, 'an update that changes nothing does not';
    is $stack->put(minimal(), token => token(sub => my $other = uuid()))->{status}, 201, 'another user';
    isnt header($stack->get(token => token(sub => $other)), 'etag'), $moved, 'has another ETag';
    is $stack->get(token => token(sub => $other))->{json}{data}{companyName}, undef, 'and another profile';
};

subtest 'nulls in the database show as the defaults of the rules' => sub {
    sql("UPDATE career_profiles SET company_size = NULL, timeframe = NULL, available_time = NULL, budget = NULL,
        company_name = NULL, target_path = NULL WHERE user_id = '$user'");
    my %data = %{ $stack->get(@as)->{json}{data} };
    delete $data{lastUpdated};
    is_deeply \%data, complete($user, minimal()), 'every one';
};

subtest 'any text survives' => sub {
    my $odd = qq(a "quoted" \\ back\\slash / \x{e4}\x{df} \x{1F600} \x{2028} \x{FFFF} 'x' %s \$1);
    my %profile = %{ onboarding(currentRole => 'C++ & C# <Dev>', companyName => $odd, interests => [$odd, 'b, c',
        '{}', 'NULL']) };
    is_deeply violations($stack->put(\%profile, @as)), {}, 'saved';
    my %data = %{ $stack->get(@as)->{json}{data} };
    delete $data{lastUpdated};
    is_deeply \%data, complete($user, \%profile), 'and read back unchanged';
    like $stack->get(@as)->{content}, qr/"yearsOfExperience":0\.5\b/, 'fractions as they were written';
    sql(q(UPDATE career_profiles SET company_name = E'two\nlines\tand a tab' WHERE user_id = ') . "$user'");
    is $stack->get(@as)->{json}{data}{companyName}, "two\nlines\tand a tab", 'control characters that came by SQL';
};

subtest 'the path' => sub {
    is $stack->request(GET => $_, @as)->{status}, 200, $_
        for '/api/profile/career?x=1', '/api/profile/%63areer', '/api//profile/career', '/api/./profile/career';
    is $stack->request(GET => $_, @as)->{status}, 404, $_
        for '/api/profile/careers', '/api/profile/career.json', '/api/profile/career/', '/api/profile/Career';
};

subtest 'Accept is not held against a client' => sub {
    my $answer = $stack->get(@as, headers => { Accept => 'text/html', 'Accept-Charset' => 'latin1' });
    is $answer->{status}, 200, 'is 200';
    is header($answer, 'content-type'), 'application/json', 'and JSON';
};

subtest 'connections are kept' => sub {
    my @auth = ("Authorization: Bearer $token");
    my $answer = $stack->raw(wire(GET => keep => 1, headers => \@auth)
        . wire(GET => headers => [@auth, 'If-None-Match: *']));
    is_deeply [statuses($answer->{raw})], [200, 304], 'two requests on one connection';
};

done_testing;
