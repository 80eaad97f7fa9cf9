# SPDX-License-Identifier: Apache-2.0
# The rules in force as JSON Schema: GET …/profile/career/schema.
use v5.36;
use Career::Test;
use Career::Contract qw(header is_error);

my $path     = '/api/profile/career/schema';
my $location = qq(<LocationMatch "^$path">\nSetHandler career-schema\n</LocationMatch>);
my $stack    = Career::Stack->start(config => $location, directives => { CareerCorsOrigin => 'https://app.example' });

sub schema (%with) { return $stack->request($with{method} // 'GET', $with{path} // $path, token => undef, %with) }

subtest 'the schema' => sub {
    my $answer = schema();
    is $answer->{status}, 200, 'needs no token';
    is header($answer, 'content-type'), 'application/json', 'is JSON';
    like header($answer, 'cache-control'), qr/\bpublic\b/, 'may be kept by any cache';
    is header($answer, 'x-content-type-options'), 'nosniff', 'as it is';
    my $json = $answer->{json};
    like $json->{'$schema'}, qr{/2020-12/schema}, 'names its dialect';
    is_deeply [sort @{ $json->{required} }], [qw(currentRole industry seniority)], 'says what is required';
    ok $json->{properties}{skillTags}, 'and knows the fields';
};

subtest 'conditional requests' => sub {
    my $tag = header(schema(), 'etag');
    like $tag, qr/^"[0-9a-f]{40}"$/, 'a strong ETag';
    my $answer = schema(headers => { 'If-None-Match' => $tag });
    is $answer->{status}, 304, 'which makes a 304';
    is header($answer, 'etag'), $tag, 'that repeats it';
    my $head = schema(method => 'HEAD');
    is $head->{status}, 200, 'HEAD';
    is header($head, 'content-length'), length(schema()->{content}), 'with the length of GET';
};

subtest 'methods and paths' => sub {
    for my $method (qw(PUT PATCH POST DELETE TRACE)) {
        my $answer = schema(method => $method);
        is "$answer->{status} $answer->{json}{code}", '405 method_not_allowed', $method;
        is header($answer, 'allow'), 'GET, HEAD, OPTIONS', 'and what is allowed';
    }
    is schema(method => 'OPTIONS')->{status}, 204, 'OPTIONS';
    is_error(schema(path => "$path/x"), 404, 'not_found', 'a path below');
    my $allowed = schema(headers => { Origin => 'https://app.example' });
    is header($allowed, 'access-control-allow-origin'), 'https://app.example', 'a frontend may read it';
};

subtest 'an edit shows' => sub {
    my $before = header(schema(), 'etag');
    $stack->edit_rules('validation.lua', sub { s/max = 120/max = 121/ });
    my $conditional = sub { schema(headers => { 'If-None-Match' => $before }) };
    wait_until { $stack->everywhere(sub { $conditional->()->{status} == 200 }) } 'the old ETag holds in no child';
    isnt header($conditional->(), 'etag'), $before, 'and there is another';
};

done_testing;
