# SPDX-License-Identifier: Apache-2.0
# The operators' tool: every command, what it prints and how it exits; the shipped cases; every recipe of the guide.
use v5.36;
use Career::Place qw(tree build_dir read_file);
use File::Copy    qw(copy);
use File::Glob    qw(:bsd_glob); # a blank in a path is part of it
use File::Temp    qw(tempdir);
use IPC::Open3    qw(open3);
use JSON::PP      ();
use POSIX         ();
use Symbol        qw(gensym);
use Test::More;

my $tool = build_dir() . '/career-rules';
my $lua  = tree() . '/lua';
my $user = '7d9e4c1a-3b52-4f0e-9a57-0c6f0a1b2c3d';
my %good = (currentRole => 'Engineer', seniority => 'senior', industry => 'Energy');

# Exit status, standard output, standard error.
sub career_rules ($arguments, $input = '') {
    my $pid = open3(my $in, my $out, my $err = gensym(), 'sh', '-c', 'exec "$0" "$@"', $tool, @$arguments);
    print {$in} $input;
    close $in;
    local $/;
    my ($said, $complained) = map { readline($_) // '' } $out, $err;
    waitpid $pid, 0;
    return ($? & 127 ? "signal $?" : $? >> 8, $said, $complained);
}

sub put ($path, $content) {
    open my $out, '>:raw', $path or die "$path: $!\n";
    print {$out} ref $content ? JSON::PP->new->canonical->encode($content) : $content;
    close $out or die "$path: $!\n";
    return $path;
}

# A folder with the shipped rules, or with files of one's own in their place.
sub rules (%own) {
    my $dir = tempdir(CLEANUP => 1);
    copy("$lua/$_", "$dir/$_") or die "$_: $!\n" for qw(validation.lua caches.lua);
    put("$dir/$_", $own{$_}) for keys %own;
    return $dir;
}

sub field ($declared) {
    return "return { fields = { currentRole = field.text {}, seniority = field.text {}, industry = field.text {},\n"
        . "  $declared },\n  required = { 'currentRole', 'seniority', 'industry' } }\n";
}

subtest 'help and wrong calls' => sub {
    my ($status, $out, $err) = career_rules(['--help']);
    is $status, 0, '--help is no fault';
    like $out, qr/^\s+$_ DIR/m, "it tells of $_" for qw(check try keys test schema);
    is $err, '', 'on standard output';
    ($status, $out, $err) = career_rules(['--version']);
    like "$status $out$err", qr/^0 career-rules \d+\.\d+\n\z/, '--version';
    for my $call ([], ['check'], ['check', $lua, 'x'], ['frobnicate', $lua], ['try', $lua], ['keys', $lua],
        ['test', $lua], ['schema', $lua, 'x'], ['try', $lua, 'a', 'b', 'c'], ['keys', $lua, 'nobody'],
        ['keys', $lua, "$user$user"], ['keys', $lua, '*']) {
        ($status, $out, $err) = career_rules($call);
        is $status, 2, "a wrong call: @$call";
        is $out, '', 'prints nothing';
        like $err, qr/career-rules: .*Usage:/s, 'but how to call it';
    }
};

subtest 'files that are none, and nobody who listens' => sub {
    my $dir  = tempdir(CLEANUP => 1);
    my $good = put("$dir/good.json", \%good);
    for my $case (
        [['check', "$lua/validation.lua"], qr/Not a directory/], [['schema', "$dir/none"], qr/No such file/],
        [['try', $lua, "$dir/none"], qr/none: No such file/], [['try', $lua, $dir], qr/\Q$dir\E: Is a directory/],
        [['try', $lua, '/dev/null'], qr/there is no text/], [['try', $lua, $good, "$dir/none"], qr/none: No such file/],
        [['try', $lua, '-'], qr/standard input: there is no profile in it/], [['keys', $lua, $user, $dir], qr/Is a directory/],
        [['keys', $lua, $user, $good, "$dir/none"], qr/No such file/], [['test', $lua, $good], qr/Not a directory/],
        [['test', $lua, "$dir/none"], qr/No such file/]
    ) {
        my ($status, $out, $err) = career_rules($case->[0]);
        is $status, 1, "@{$case->[0]}";
        like $err, $case->[1], 'says why';
        is $out, '', 'and nothing else';
    }
    is +(career_rules(['keys', "$dir/none", 'nobody']))[0], 2, 'a wrong call is one before anything is read';

    SKIP: {
        skip 'there is no /dev/full', 1 unless -c '/dev/full';
        for my $call (['--help'], ['--version'], ['check', $lua], ['schema', $lua], ['keys', $lua, $user], ['try', $lua, $good],
            ['test', $lua, "$lua/cases"]) {
            my $said = qx(sh -c 'exec "\$0" "\$\@" 2>&1 >/dev/full' @{[map { "'$_'" } $tool, @$call]});
            is $? >> 8, 1, "@$call: a disk that is full";
            like $said, qr/standard output: No space left/, 'is told';
        }
    }
    my $many = put("$dir/many", qq({"x":1}\n) x 5000);
    pipe my $in, my $out or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        local $SIG{PIPE} = 'DEFAULT';
        close $in;
        open STDIN,  '<',  $many or die "$many: $!\n";
        open STDOUT, '>&', $out  or die "dup: $!\n";
        exec $tool, 'try', $lua, '-' or die "exec: $!\n";
    }
    close $out;
    like scalar readline $in, qr/^error\s+line 1: x: unknown_field/, 'a reader who has seen enough';
    close $in;
    waitpid $pid, 0;
    is $? & 127, POSIX::SIGPIPE(), 'ends it, as it ends cat';
};

subtest 'check' => sub {
    my ($status, $out, $err) = career_rules(['check', $lua]);
    is $status, 0, 'the shipped rules are good' or diag $err;
    like $out, qr/^good\s+\Q$lua\E: 17 fields, digest [0-9a-f]{12}$/m, 'and it says so';
    like $out, qr/^notice.*career-impact:v2:\*/m, 'the pattern for all users is noticed';
    unlike $out, qr/notice.*recommendations/, 'the others are not';
    unlike $out, qr/\e/, 'no colour but on a terminal';

    ($status, $out) = career_rules(['check', rules('caches.lua' => 'return function() return { "{userid}" } end')]);
    is $status, 0, 'a function is not run';
    like $out, qr/^notice\s+caches\.lua: its function runs at a save only.*career-rules keys/m, 'and it says so, and what does';

    my %bad = (
        'validation.lua' => {
            'a syntax error'    => ["return {\n fields = = }\n", qr/validation\.lua:2:/],
            'an unknown option' => [field('x = field.text { maks = 5 }'), qr/validation\.lua:2: .*"maks"; did you mean "max"\?/],
            'an unknown kind'   => [field('x = field.txt {}'), qr/validation\.lua:2: .*field\.txt.*did you mean field\.text\?/],
            'a bad expression'  => [field('x = field.text { matches = "(" }'), qr/validation\.lua:2: .*matches/],
            'a loop'            => ["\nwhile true do end\n", qr/validation\.lua:2: .*too long/],
            'no table'          => ['return 5', qr/validation\.lua:1: .*must return a table/],
            'an empty file'     => ['', qr/validation\.lua/],
        },
        'caches.lua' => {
            'an unknown placeholder' => ["return {\n\n  'x:{user}' }", qr/caches\.lua:3: .*did you mean \{user_id\}\?/],
            'every key'              => ["return { '*' }", qr/caches\.lua:1: .*every key/],
            'a number'               => ['return { 5 }', qr/caches\.lua/],
        },
    );
    for my $file (sort keys %bad) {
        for my $name (sort keys %{ $bad{$file} }) {
            my ($text, $like) = @{ $bad{$file}{$name} };
            ($status, $out, $err) = career_rules(['check', rules($file => $text)]);
            is $status, 1, "$file, $name";
            like $err, $like, 'named with its place';
            unlike $out, qr/good/, 'and not called good';
        }
    }
    my $dir = rules();
    chmod 0666, "$dir/caches.lua";
    ($status, undef, $err) = career_rules(['check', $dir]);
    is $status, 1, 'a file that everybody may write';
    like $err, qr/caches\.lua may be written by everybody/, 'is refused, as by a server';
    ($status, undef, $err) = career_rules(['check', "$dir/none"]);
    is $status, 1, 'no such folder';
    like $err, qr/No such file/, 'and it says so';
};

subtest 'try' => sub {
    my $dir = tempdir(CLEANUP => 1);
    my ($status, $out, $err) = career_rules(['try', $lua, put("$dir/good.json", \%good)]);
    is $status, 0, 'a profile that is accepted' or diag $err;
    like $out, qr/^good\b/m, 'is called good';
    like $out, qr/^advice\s+primarySkills: .*\(0 of 3\)$/m, 'with advice';
    ($status, $out) = career_rules(['try', $lua, put("$dir/bad.json", { %good, seniority => 'boss', hobby => "\e[31m" })]);
    is $status, 1, 'one that is not';
    like $out, qr/^error\s+seniority: not_allowed: .*\(student, .*career-changer\)$/m, 'has its errors, and what is allowed';
    like $out, qr/^error\s+hobby: unknown_field/m, 'all of them';
    unlike $out, qr/^good/m, 'and is not called good';
    ($status, $out) = career_rules(['try', $lua, put("$dir/part.json", { budget => 'low' }), "$dir/good.json"]);
    is $status, 0, 'part of a profile, merged into the stored one';
    ($status, $out) = career_rules(['try', $lua, "$dir/part.json"]);
    is $status, 1, 'alone it lacks what is required';
    ($status, $out, $err) = career_rules(['try', $lua, put("$dir/odd.json", '{"a":')]);
    is $status, 1, 'no JSON';
    like $err, qr/odd\.json: /, 'names the file';
    ($status, $out, $err) = career_rules(['try', $lua, put("$dir/list.json", '[]')]);
    is $status, 1, 'no object';
    ($status, $out, $err) = career_rules(['try', $lua, "$dir/none.json"]);
    is $status, 1, 'no file';
    my $failing = rules('validation.lua' => field('a = field.text {}') =~ s/\}\s*\z/, validate = function() error("on purpose") end }/r);
    ($status, $out, $err) = career_rules(['try', $failing, "$dir/good.json"]);
    is $status, 1, 'a function that fails';
    like $err, qr/validation\.lua:\d+: on purpose/, 'says where';
};

subtest 'try, many' => sub {
    my $json = JSON::PP->new->canonical;
    my $lines = join "\n", $json->encode(\%good), $json->encode({ %good, budget => 'huge' }), '', '{"a"', $json->encode(\%good);
    my ($status, $out) = career_rules(['try', $lua, '-'], "$lines\n");
    is $status, 1, 'some are bad';
    like $out, qr/^error\s+line 2: budget: not_allowed/m, 'each by its line';
    like $out, qr/^error\s+line 4: /m, 'blank lines count';
    like $out, qr/^bad\s+2 of 4 profiles are accepted$/m, 'and their number';
    ($status, $out) = career_rules(['try', $lua, '-'], $json->encode(\%good) . "\n");
    is $status, 0, 'all are good';
    like $out, qr/^good\s+1 of 1 profiles are accepted$/m, 'and it says so';
    ($status, $out) = career_rules(['try', $lua, '-'], $json->encode(\%good) . "\r\n\r\n  \n");
    like "$status $out", qr/^0 good\s+1 of 1 profiles/, 'nor do the line ends of another system, or blanks, make a profile';
};

subtest 'keys' => sub {
    my ($status, $out, $err) = career_rules(['keys', $lua, uc $user]);
    is $status, 0, 'of a user' or diag $err;
    is $out, "glob  career-impact:v2:*\nglob  recommendations:$user:*\nglob  dashboard-analytics:$user:*\n", 'as in caches.lua';
    my $dir = rules('caches.lua' => <<'LUA');
return { "plain:{user_id}", "by:{industry}:*", "{seniority}:{version}", { set = "set:{user_id}" },
  { key = "gen*:{user_id}", bump = true }, "none:{companyName}" }
LUA
    my $profile = put("$dir/p.json", { %good, industry => 'a*b[c]?\\d' });
    ($status, $out) = career_rules(['keys', $dir, $user, $profile]);
    is $status, 0, 'with a profile';
    is $out, join("\n", "key   plain:$user", 'glob  by:a\\*b\\[c\\]\\?\\\\d:*', 'key   senior:1', "set   set:$user", "bump  gen*:$user", ''),
        'values are filled in and taken literally; an entry whose field is empty is left out';
    ($status, $out) = career_rules(['keys', $dir, $user, $profile, put("$dir/before.json", { %good, seniority => 'junior' })]);
    like $out, qr/^key   junior:1$/m, 'the old value of a changed field counts, too';
    my $function = 'return function(user, profile) return { "f:" .. literal(profile.industry) .. ":*", "by:{user_id}" } end';
    ($status, $out) = career_rules(['keys', rules('caches.lua' => $function), $user, $profile]);
    is $out, "glob  f:a\\*b\\[c\\]\\?\\\\d:*\nkey   by:$user\n", 'what a function returns';
    ($status, $out, $err) = career_rules(['keys', rules('caches.lua' => 'return function() return { "*" } end'), $user]);
    is $status, 1, 'is judged like a list';
    like $err, qr/every key/, 'and it says so';
};

subtest 'test' => sub {
    my ($status, $out, $err) = career_rules(['test', $lua, "$lua/cases"]);
    is $status, 0, 'the shipped cases pass' or diag $out, $err;
    like $out, qr/^(\d+) passed, 0 failed$/m, 'and are counted';
    cmp_ok +($out =~ /^(\d+) passed/m)[0] // 0, '>=', 15, 'none is lost';

    my $dir = tempdir(CLEANUP => 1);
    put("$dir/$_->[0].json", $_->[1]) for
        ['a-good',      { profile => \%good }],
        ['b-error',     { profile => { %good, seniority => 'boss' } }],
        ['c-none',      { profile => \%good, expect => { errors => { budget => 'not_allowed' } } }],
        ['d-code',      { profile => { %good, budget => 'x' }, expect => { errors => { budget => 'required' } } }],
        ['e-advice',    { profile => \%good, expect => { recommendations => [] } }],
        ['f-saved',     { profile => \%good, expect => { saved => { budget => 'low' } } }],
        ['g-keys',      { profile => \%good, expect => { keys => [] } }],
        ['h-misspelt',  { profile => \%good, expects => {} }],
        ['i-misspelt',  { profile => \%good, expect => { error => {} } }],
        ['j-type',      { profile => \%good, expect => { errors => [] } }],
        ['k-no',        { expect => {} }];
    put("$dir/l-odd.json", '{');
    put("$dir/README", 'no case');
    ($status, $out, $err) = career_rules(['test', $lua, $dir]);
    is $status, 1, 'cases that fail';
    is_deeply [$out =~ /^ok\s+(\S+)$/mg], ['a-good.json'], 'only one is right';
    is_deeply [$out =~ /^not ok\s+(\w)/mg], ['b' .. 'k'], 'the others are named';
    like $err, qr/l-odd\.json/, 'and what is no JSON';
    like $out, qr/^1 passed, 11 failed$/m, 'and all counted';
    ($status) = career_rules(['test', $lua, tempdir(CLEANUP => 1)]);
    is $status, 1, 'a folder without cases';

    my $now = rules('validation.lua' => field('a = field.integer {}') =~ s/\}\s*\z/, validate = function(profile, previous, user)
        if profile.a ~= career.now or user.claims.email ~= "e" or user.role ~= "r" then
          return { { field = "a", code = "other", message = "other" } } end end }/r);
    put("$dir/a-good.json", { profile => { %good, a => 1700000000 }, now => 1700000000,
        user => { role => 'r', claims => { email => 'e' } } });
    unlink glob("$dir/[b-l]*.json");
    ($status, $out, $err) = career_rules(['test', $now, $dir]);
    is $status, 0, 'a case sets the time and the user' or diag $out, $err;
};

subtest 'recipes' => sub {
    my @recipes = glob "$lua/recipes/*";
    cmp_ok scalar @recipes, '>=', 5, 'there are recipes';
    my $guide = read_file("$lua/README.md");
    for my $recipe (@recipes) {
        my ($name) = $recipe =~ m{([^/]+)$};
        like $guide, qr{\(recipes/\Q$name\E/\w+\.lua\)}, "$name: the guide has it";
        my $dir = rules(map { m{([^/]+)$} ? ($1 => read_file($_)) : () } glob "$recipe/*.lua");
        my ($status, $out, $err) = career_rules(['test', $dir, "$recipe/cases"]);
        is $status, 0, "$name: does what its cases say" or diag $out, $err;
    }
    while ($guide =~ /```lua\n(.*?)```/sg) { # what is shown there is put into the shipped files
        my $shown = $1;
        my $file = $shown =~ /^"|^return function/ ? 'caches.lua' : 'validation.lua';
        my $text = read_file("$lua/$file");
        my $done = $shown =~ /^"/           ? $text =~ s/^(\s*)"career-impact.*$/$1$shown/m
            : $shown =~ /^return function/  ? $text =~ s/.*/$shown/s
            : $shown =~ /^(required) =/     ? $text =~ s/^\s*required = \{.*$/$shown/m
            : $shown =~ /^validate =/       ? $text =~ s/^(\s*)required = /$shown  required = /m
            : $shown =~ /^currentRole =/    ? $text =~ s/^\s*currentRole = .*$/$shown/m
            :                                 $text =~ s/^(\s*)industry = /$shown$1industry = /m;
        ok $done, 'it has its place in the shipped file' or diag $shown;
        my ($status, undef, $err) = career_rules(['check', rules($file => $text)]);
        is $status, 0, 'where it is good' or diag $shown, $err;
    }
};

subtest 'schema' => sub {
    my ($status, $out, $err) = career_rules(['schema', $lua]);
    is $status, 0, 'of the shipped rules' or diag $err;
    my $schema = JSON::PP::decode_json($out);
    is $schema->{'$schema'}, 'https://json-schema.org/draft/2020-12/schema', 'of that draft';
    is_deeply $schema->{required}, [qw(currentRole seniority industry)], 'what is required';
    is scalar keys %{ $schema->{properties} }, 20, 'every field, and the read-only ones';
    is_deeply $schema->{properties}{companySize}{type}, ['string', 'null'], 'null clears an optional field';
    is $schema->{properties}{companySize}{default}, 'small', 'to its default';
    is $schema->{properties}{skillTags}{items}{properties}{yearsOfExperience}{maximum}, 80, 'to the depths of records';
};

done_testing;
