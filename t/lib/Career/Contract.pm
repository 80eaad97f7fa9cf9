# SPDX-License-Identifier: Apache-2.0
# Profiles that tests send, requests on the wire, and what every answer of the resource must look like.
package Career::Contract;
use v5.36;

use Exporter   qw(import);
use JSON::PP   ();
use Test::More ();

our @EXPORT_OK = qw(minimal onboarding complete DEFAULTS header has_word wire statuses violations is_error is_saved
    is_cors);

use constant RESOURCE => '/api/profile/career';

# The least that may be saved.
sub minimal (%more) {
    return { currentRole => 'Engineer', seniority => 'senior', industry => 'Energy/CleanTech', %more };
}

# Steps 1 to 5 of the application's onboarding, flattened.
sub onboarding (%more) {
    return {
        currentRole => 'Frontend Engineer', seniority => 'mid-level', industry => 'Technology/Software',
        companyName => 'Example GmbH', companySize => 'medium',
        primarySkills => [qw(TypeScript React CSS)], skillsToLearn => [qw(Rust WebAssembly)],
        interests => ['Web Development', 'Open Source', 'Testing & QA'],
        skillTags => [
            { skill => 'React', proficiency => 'advanced', yearsOfExperience => 5,
                lastUsed => '2025-11-03T00:00:00.000Z', category => 'frontend', order => 0 },
            { skill => 'Rust', yearsOfExperience => 0.5, lastUsed => '2025-12-01', order => 1,
                pendingProficiency => JSON::PP::true }
        ],
        careerGoals => [qw(skill-development role-transition)], timeframe => 'medium-term',
        targetPath  => 'Frontend Engineering', learningStyle => [qw(hands-on peer-learning)],
        availableTime   => 'limited', budget => 'low',
        networkingGoals => [qw(find-mentors find-peers)], preferredEventTypes => [qw(conference workshop hackathon)],
        %more
    };
}

# What a profile of the three required fields shows for the others.
use constant DEFAULTS => {
    companyName => undef, companySize => 'small', primarySkills => [], skillsToLearn => [], interests => [],
    skillTags => [], careerGoals => [], timeframe => 'short-term', targetPath => undef, learningStyle => [],
    availableTime => 'moderate', budget => 'moderate', networkingGoals => [], preferredEventTypes => []
};

# A profile as GET shows it, but for lastUpdated.
sub complete ($user, $profile) {
    return { %{ +DEFAULTS }, %$profile, userId => $user, profileId => "profile_$user" };
}

# The value of a header, several lines of it joined as the standard allows; '' when it is absent.
sub header ($answer, $name) {
    my $value = $answer->{headers}{$name} // '';
    return ref $value ? join ', ', @$value : $value;
}

# Is the word one of the header's list?
sub has_word ($answer, $name, $word) {
    return scalar grep { lc eq lc $word } split /\s*,\s*/, header($answer, $name);
}

# The text of a request, one that lets the connection go unless keep => 1.
# headers => ['Name: value', …]; a body gets its Content-Length unless length => 0.
sub wire ($method, %with) {
    my $body  = $with{body};
    my @lines = ("$method " . ($with{path} // RESOURCE) . ' HTTP/1.1', 'Host: ' . ($with{host} // 'localhost'));
    push @lines, 'Connection: close' unless $with{keep};
    push @lines, 'Content-Length: ' . length $body if defined $body && ($with{length} // 1);
    return join "\r\n", @lines, @{ $with{headers} // [] }, '', $body // '';
}

# The statuses of all the responses in the bytes that came back. A body has no line break at its end.
sub statuses ($bytes) { return $bytes =~ m{HTTP/1\.1 (\d{3}) }g }

# What the answer complains about: { field => 'code', … }; several complaints of one field are joined.
sub violations ($answer) {
    my %codes;
    push @{ $codes{ $_->{field} } }, $_->{code} for @{ ($answer->{json} // {})->{details} // [] };
    return { map { $_ => join ' ', sort @{ $codes{$_} } } keys %codes };
}

# The rows of contract 1.4 that say more than status and code.
my %header_of = (
    401 => ['www-authenticate', qr/^(Bearer realm="[^"]+"|Basic )/],
    405 => ['allow', qr/^GET, HEAD, PUT, PATCH, OPTIONS$/],
    415 => ['accept', qr{application/json}],
    503 => ['retry-after', qr/^[1-9]\d*$/]
);
my %text_of = (401 => qr/^Authentication required$/);
my $indiscreet = qr/career_profiles|career_cache|SELECT|INSERT|UPDATE |libpq|psql|server closed|\.lua:|relation "|column "/;

# An error as the contract has it, from whichever part of httpd it comes. One test.
sub is_error ($answer, $status, $code, $name) {
    my $json = $answer->{json} // {};
    my @wrong;
    push @wrong, "status $answer->{status}" if $answer->{status} != $status;
    push @wrong, 'code ' . ($json->{code} // 'none') if ($json->{code} // '') ne $code;
    push @wrong, 'success is not false' if !JSON::PP::is_bool($json->{success}) || $json->{success};
    push @wrong, 'error "' . ($json->{error} // '') . '"' if ($json->{error} // '') !~ ($text_of{$status} // qr/\w/);
    my $id = header($answer, 'x-request-id');
    push @wrong, "X-Request-Id '$id'" if $id !~ /^[A-Za-z0-9._-]{1,128}$/;
    push @wrong, 'requestId is not X-Request-Id' if ($json->{requestId} // '') ne $id;
    push @wrong, _wrong_headers($answer, $status);
    push @wrong, 'it is not compact' if $answer->{content} =~ /\n|":\s|,\s+"/;
    push @wrong, 'it tells too much' if $answer->{content} =~ $indiscreet;
    my $more = grep { !/^(success|error|code|requestId|details|detailsOmitted)$/ } keys %$json;
    push @wrong, 'it has further members' if $more && $code ne 'profile_not_found';
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::ok(!@wrong, $name) || _show($answer, @wrong);
}

sub _wrong_headers ($answer, $status) {
    my @wrong;
    push @wrong, 'type ' . header($answer, 'content-type') if header($answer, 'content-type') ne 'application/json';
    push @wrong, 'not nosniff' if header($answer, 'x-content-type-options') ne 'nosniff';
    push @wrong, 'Cache-Control ' . header($answer, 'cache-control') if header($answer, 'cache-control') ne 'no-store';
    if (my $more = $header_of{$status}) {
        my ($name, $pattern) = @$more;
        push @wrong, "$name: " . header($answer, $name) if header($answer, $name) !~ $pattern;
    }
    return @wrong;
}

# A saved profile as the contract has it. created: 0 or 1; cache: invalidated, pending, unchanged, disabled.
my %message = (
    invalidated => 'Career profile saved. Caches invalidated.',
    pending     => 'Career profile saved. Cache invalidation is pending.',
    unchanged   => 'Career profile unchanged.',
    disabled    => 'Career profile saved.'
);

sub is_saved ($answer, $created, $cache, $name) {
    my $json   = $answer->{json} // {};
    my $status = $created ? 201 : 200;
    my @wrong;
    push @wrong, "status $answer->{status}" if $answer->{status} != $status;
    push @wrong, 'success is not true' unless JSON::PP::is_bool($json->{success}) && $json->{success};
    push @wrong, 'message "' . ($json->{message} // '') . '"' if ($json->{message} // '') ne $message{$cache};
    push @wrong, 'cache ' . ($json->{cache}{status} // 'none') if ($json->{cache}{status} // '') ne $cache;
    push @wrong, 'keys is no number' if $answer->{content} !~ /"cache":\{"status":"$cache","keys":\d+\}/;
    push @wrong, 'no recommendations' if ref $json->{recommendations} ne 'ARRAY';
    push @wrong, 'members ' . join ' ', sort keys %$json
        if join(' ', sort keys %$json) ne 'cache data message recommendations success';
    push @wrong, 'ETag ' . header($answer, 'etag') if header($answer, 'etag') !~ /^"\d+-[\w-]+"$/;
    push @wrong, 'Content-Location' if header($answer, 'content-location') ne RESOURCE;
    push @wrong, 'Location ' . header($answer, 'location') if $created xor header($answer, 'location') =~ m{/career$};
    push @wrong, _wrong_headers($answer, $status), $answer->{content} =~ /\n|":\s/ ? 'it is not compact' : ();
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::ok(!@wrong, $name) || _show($answer, @wrong);
}

# What an allowed origin may read of any answer.
sub is_cors ($answer, $origin, $name) {
    my @wrong;
    push @wrong, 'Access-Control-Allow-Origin' if header($answer, 'access-control-allow-origin') ne $origin;
    push @wrong, 'Vary: ' . header($answer, 'vary') unless has_word($answer, 'vary', 'Origin');
    push @wrong, "Access-Control-Expose-Headers lacks $_"
        for grep { !has_word($answer, 'access-control-expose-headers', $_) } qw(ETag Location Retry-After X-Request-Id);
    push @wrong, 'Access-Control-Allow-Credentials' if header($answer, 'access-control-allow-credentials');
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return Test::More::ok(!@wrong, $name) || _show($answer, @wrong);
}

sub _show ($answer, @wrong) {
    my $headers = join "\n", map { "$_: " . header($answer, $_) } sort keys %{ $answer->{headers} // {} };
    Test::More::diag(join "\n", (map { "wrong: $_" } @wrong), $headers, substr $answer->{content} // '', 0, 600);
    return 0;
}

1;
