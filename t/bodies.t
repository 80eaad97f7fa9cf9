# SPDX-License-Identifier: Apache-2.0
# Bodies: malformed, hostile, enormous or merely odd. Whatever comes, the answer is the contract's, the server
# lives on, and nothing is saved that was not valid.
use v5.36;
use utf8;
use Encode qw(encode);
use Career::Test;
use Career::Contract qw(minimal header violations is_error is_saved wire);

my $stack = Career::Stack->start;
my $user  = uuid();
my @as    = (token => token(sub => $user));
is $stack->put(minimal(), @as)->{status}, 201, 'a profile to change';
my $tag = header($stack->get(@as), 'etag');

my $head = '"currentRole":"Engineer","seniority":"senior","industry":"Energy"';

sub refused ($body, $name, $status = 400, $code = 'invalid_json') {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is_error($stack->put($body, @as), $status, $code, $name);
}

# As above, and the violations are exactly these.
sub invalid ($body, $want, $name) {
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $answer = $stack->put($body, @as);
    return is_error($answer, 400, 'validation_failed', $name)
        && is_deeply([sort keys %{ violations($answer) }], [sort @$want], "$name: " . join ' ', @$want);
}

subtest 'malformed' => sub {
    my %bodies = (
        'no byte' => '', 'blanks' => " \r\n\t ", 'a brace' => '{', 'the other brace' => '}',
        'half a name' => '{"budget',
        'no value' => '{"budget":}', 'no colon' => '{"budget" "low"}', 'half a string' => '{"budget":"low',
        'half a word' => '{"budget":nul}', 'upper case' => '{"budget":NULL}', 'a number as name' => '{1:2}',
        'trailing comma' => '{"budget":"low",}', 'leading comma' => '{,"budget":"low"}',
        'two commas' => '{"a":1,,"b":2}',
        'trailing text' => '{"budget":"low"} x', 'two objects' => '{"budget":"low"}{}', 'trailing bracket' => '{}]',
        'comment' => '{"budget":"low"/* x */}', 'line comment' => "{}\n// x", 'hash comment' => "{}\n# x",
        'NaN' => '{"budget":NaN}', 'Infinity' => '{"budget":-Infinity}', 'single quotes' => q({'budget':'low'}),
        'no quotes' => '{budget:"low"}', 'hex' => '{"budget":0x10}', 'a plus' => '{"budget":+1}',
        'leading zero' => '{"budget":01}', 'no digit' => '{"budget":-}', 'no fraction' => '{"budget":1.}',
        'no whole part' => '{"budget":.5}', 'no exponent' => '{"budget":1e}', 'an unknown escape' => '{"budget":"\x"}',
        'a short escape' => '{"budget":"\u12"}', 'a raw tab' => qq({"budget":"a\tb"}),
        'a raw line break' => qq({"budget":"a\nb"}), 'a form feed between' => qq({\x0c"budget":"low"}),
        'a no-break space between' => qq({\xc2\xa0"budget":"low"}), 'a form' => 'budget=low', 'XML' => '<budget/>'
    );
    refused($bodies{$_}, $_) for sort keys %bodies;
};

subtest 'roots other than an object' => sub {
    refused($_, "root $_") for '[]', '[{}]', '"low"', '1', 'true', 'null', '[[[]]]';
    is_error($stack->put('[]', @as), 400, 'invalid_json', 'an array');
    like $stack->put('[]', @as)->{json}{error}, qr/object/, 'is told what is expected';
};

subtest 'NUL' => sub {
    refused($_->[0], $_->[1]) for
        [qq({"budget":"low"}\0), 'after the body'], [qq({"budget":1\0}), 'after a number'], [qq(\0{"budget":"low"}),
            'first'],
        [qq({"bud\0get":"low"}), 'in a name'], [qq({"budget":"lo\0w"}), 'in a value'], [qq({"a":12\x003}),
        'within a number'],
        ['{"budget":"lo\u0000w"}', 'escaped in a value'], ['{"bud\u0000get":1}', 'escaped in a name'],
        ['{"skillTags":[{"skill":"\u0000"}]}', 'escaped and nested'], ["\0" x 100, 'nothing else'];
};

subtest 'duplicate names' => sub {
    refused($_, $_) for '{"budget":"low","budget":"high"}', '{"budget":"low","\u0062udget":"high"}',
        '{"skillTags":[{"skill":"a","skill":"b"}]}', '{"x":{"":1,"":2}}';
    like $stack->put('{"budget":"low","budget":"high"}', @as)->{json}{error}, qr/budget/, 'the name is told';
};

subtest 'not UTF-8' => sub {
    my %bytes = (
        'a lone continuation' => "\x80", 'cut short' => "\xe2\x82", 'overlong slash' => "\xc0\xaf",
        'overlong NUL' => "\xc0\x80",
        'three-byte overlong' => "\xe0\x80\xaf", 'a surrogate' => "\xed\xa0\x80",
        'above U+10FFFF' => "\xf4\x90\x80\x80",
        'five bytes' => "\xf8\x88\x80\x80\x80", 'FE' => "\xfe", 'latin1' => "Andr\xe9"
    );
    refused(qq({"companyName":"$bytes{$_}"}), $_) for sort keys %bytes;
    refused(qq({"$bytes{$_}":1}), "$_ in a name") for 'latin1', 'a surrogate';
    refused('{"companyName":"\ud800"}',       'a lone surrogate escape');
    refused('{"companyName":"\udc00\ud800"}', 'a swapped pair');
    refused('{"companyName":"\ud800x"}',      'half a pair');
    refused("\xef\xbb\xbf{}",                 'a byte order mark');
    refused(encode('UTF-16', '{}'), 'UTF-16');
    refused(encode('UTF-16LE', '{"budget":"low"}'), 'UTF-16 without a mark');
    refused(encode('UTF-32BE', '{}'), 'UTF-32');
};

subtest 'depth' => sub {
    my $nested = sub ($depth) { '{"x":' . '[' x ($depth - 1) . ']' x ($depth - 1) . '}' };
    invalid($nested->(32), ['x'], '32 levels are read');
    refused($nested->($_), "$_ levels are not") for 33, 2048, 2052, 30_000;
    refused('{"x":' x $_ . '1' . '}' x $_, "$_ objects") for 33, 5000;
    refused('{"x":' . '[' x $_, "$_ open brackets") for 33, 60_000;
    refused('{"a":' x 10_000, 'ten thousand open objects');
};

subtest 'size' => sub {
    my $limit = 65536;
    my $of_size = sub ($size) { '{"x":"' . 'y' x ($size - 8) . '"}' };
    invalid($of_size->($limit), ['x'], 'the limit itself is read');
    refused($of_size->($limit + 1), 'one byte more is not', 413, 'payload_too_large');
    refused($of_size->(1 << 20), 'nor a megabyte', 413, 'payload_too_large');
    refused('{"x":[' . ('{},' x 21_000) . '{}]}', 'objects, as many as fit: 400', 400, 'validation_failed');
    refused('{"x":[' . ('{},' x 350_000) . '{}]}', 'a megabyte of objects', 413, 'payload_too_large');
    refused(' ' x 65_535 . '{', 'all blanks');
    my $names = '{' . join(',', map { qq("k$_":$_) } 1 .. 5000) . '}';
    my $answer = $stack->put($names, @as);
    is_error($answer, 400, 'validation_failed', 'five thousand names');
    is @{ $answer->{json}{details} } + $answer->{json}{detailsOmitted}, 5000, 'all are counted';
    my $long = $stack->put('{"' . 'n' x 60_000 . '":1}', @as);
    is_error($long, 400, 'validation_failed', 'one long name');
    cmp_ok length $long->{content}, '<', 2000, 'is not repeated at length';
};

subtest 'numbers' => sub {
    refused(qq({"budget":$_}), "number " . substr $_, 0, 20) for '1e400', '-1e400', '1' x 400;
    my $years = sub ($number) {
        $stack->put(qq({"skillTags":[{"skill":"C","lastUsed":"2026-01-01","yearsOfExperience":$number}]}), @as)
    };
    my %kept = ('0.1' => '0.1', '2' => '2', '1e1' => qr/10(\.0)?/, '0.5' => '0.5', '1e-400' => qr/0(\.0)?/,
        '-0' => qr/-?0(\.0)?/,
        '1.5e0' => '1.5', '12.25' => '12.25');
    for my $number (sort keys %kept) {
        my $answer = $years->($number);
        is $answer->{status}, 200, "$number is read";
        like $stack->get(@as)->{content}, qr/"yearsOfExperience":(?:$kept{$number})[,}]/, "$number: kept";
    }
    invalid(qq({"budget":$_}), ['budget'], "$_ for a word") for '9007199254740993', '-1', '1e308', '9223372036854775808',
        '-9223372036854775809';
    for my $order ('1e19', '12345678901234567890', '-1e300', '1234567890123456789.0') { # of which Postgres makes integers
        my $tags = qq({"skillTags":[{"skill":"C","lastUsed":"2026-01-01","yearsOfExperience":1,"order":$order}]});
        is $stack->put($tags, @as)->{status}, 200, "$order for a number of any size";
        is $stack->put($tags, @as)->{json}{cache}{status}, 'unchanged', 'again: it is the same';
        my ($shown) = $stack->get(@as)->{content} =~ /("skillTags":\[.*?\])/;
        is $stack->put("{$shown}", @as)->{json}{cache}{status}, 'unchanged', 'as what GET returned';
    }
    $stack->put({ skillTags => undef }, @as);
};

subtest 'types' => sub {
    invalid('{"currentRole":{"a":1},"seniority":["senior"],"industry":true,"companyName":7,"companySize":null,'
            . '"primarySkills":"C","interests":{"0":"a"},"skillTags":[[]],"budget":{}}',
        [qw(currentRole seniority industry companyName primarySkills interests skillTags[0] budget)],
            'each wrong in its way');
    invalid('{"interests":[null]}',          ['interests[0]'], 'null in a list');
    invalid('{"interests":["a",1,[],{}]}',   [map { "interests[$_]" } 1 .. 3], 'each item');
    invalid('{"skillTags":[{}]}', [map { "skillTags[0].$_" } qw(skill yearsOfExperience lastUsed)], 'an empty record');
    invalid('{"skillTags":[{"skill":"a","yearsOfExperience":"1","lastUsed":"2026-01-01","x":1}]}',
        ['skillTags[0].x', 'skillTags[0].yearsOfExperience'], 'an unknown member of a record');
    invalid('{"careerGoals":["networking","Networking"]}', ['careerGoals[1]'], 'case counts');
    invalid(qq({"$_":1}), [$_], $_) for qw(__proto__ constructor prototype __index toString user_id currentrole);
    invalid('{"":1}', [''], 'an empty name');
};

subtest 'texts' => sub {
    my $set = sub ($text) { $stack->put({ companyName => $text }, @as) };
    my $back = sub { $stack->get(@as)->{json}{data}{companyName} };
    my %same = ('RTL override' => "a\x{202e}b", 'U+FFFF' => "a\x{ffff}b", 'combining marks' => 'e' . "\x{301}" x 30,
        'NFC' => "\x{e9}", 'NFD' => "e\x{301}", 'an emoji family' => "\x{1F468}\x{200D}\x{1F469}\x{200D}\x{1F467}",
        'SQL' => q{Robert'); DROP TABLE career_profiles;--}, 'quotes' => q("'`\\), 'braces' => '{a,b}',
            'a format' => '%s%n%d');
    for my $name (sort keys %same) {
        is $set->($same{$name})->{status}, 200, "$name is saved";
        is $back->(), $same{$name}, "$name: as it was sent";
    }
    is $set->("\x{1F600}" x 120)->{status}, 200, 'length counts code points';
    is_deeply violations($set->("\x{1F600}" x 121)), { companyName => 'too_long' }, 'one more is too long';
    is_deeply violations($set->('x' x 10_001)), { companyName => 'too_long' }, 'ten thousand are';
    is $set->("  Trimmed \t")->{json}{data}{companyName}, 'Trimmed', 'blanks around it go';
    is $stack->put('{"companyName":"\u00e9\ud83d\ude00\/"}', @as)->{json}{data}{companyName}, "\x{e9}\x{1F600}/",
        'escapes';
    $stack->put({ companyName => undef }, @as);
};

subtest 'after all that' => sub {
    my %data = %{ $stack->get(@as)->{json}{data} };
    is_deeply { map { $_ => $data{$_} } keys %{ minimal() } }, minimal(), 'the profile is what it was';
    is_saved($stack->put({}, @as), 0, 'unchanged', 'and can be saved');
    is $stack->postgres->psql('SELECT count(*) FROM career_profiles'), 1, 'there is no other';
};

done_testing;
