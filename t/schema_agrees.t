# SPDX-License-Identifier: Apache-2.0
# The JSON Schema made from rules, judged by somebody else: on thousands of documents a validator of the npm
# registry (ajv) says what the server says.
use v5.36;
no warnings 'qw'; # a # in a URL is no comment
use Career::Place qw(tree build_dir);
use File::Path    qw(make_path);
use File::Temp    qw(tempdir);
use IPC::Open3    qw(open3);
use Test::More;

use constant DOCUMENTS => 3000;

my $ajv = build_dir() . '/ajv';
plan skip_all => 'node or npm is not installed' if grep { system("command -v $_ >/dev/null 2>&1") } qw(node npm);
plan skip_all => 'node is older than 18' if (qx(node --version) =~ /^v(\d+)/)[0] < 18;
make_path($ajv);
unless (-d "$ajv/node_modules/ajv") {
    system "cd '$ajv' && timeout 60 npm install --prefix . --no-audit --no-fund --silent ajv\@8.17.1 >npm.log 2>&1";
    plan skip_all => 'npm cannot fetch ajv' unless -d "$ajv/node_modules/ajv";
}

my $validator = <<'JS';
const Ajv = require(process.argv[2] + '/node_modules/ajv/dist/2020').default
const fs = require('fs')
const schema = JSON.parse(fs.readFileSync(process.argv[3]))
const validate = new Ajv({ strict: true, allowUnionTypes: true, validateFormats: false }).compile(schema)
const lines = fs.readFileSync(process.argv[4], 'utf8').split('\n').filter(line => line)
process.stdout.write(lines.map(line => validate(JSON.parse(line)) ? '1' : '0').join(''))
JS

sub put ($path, $content) {
    open my $out, '>:raw', $path or die "$path: $!\n";
    print {$out} $content;
    close $out or die "$path: $!\n";
    return $path;
}

sub slurp ($command) {
    open my $in, '-|', @$command or die "@$command: $!\n";
    local $/;
    return readline($in) // '';
}

# The same documents with each run: a generator of our own (Park and Miller).
my $seed = 20260101;
sub one_of (@list) { $seed = $seed * 48271 % 2147483647; return $list[$seed % @list] }

# Texts of JSON. None has blanks around it: those the server takes off and a schema does not.
my @texts = map { qq("$_") } qw(a SQL student senior manager small low moderate networking hands-on expert),
    'x' x 80, 'x' x 81, 'x' x 120, 'x' x 121, "\xc3\xa4" x 120, "\xc3\xa4" x 121, "\xf0\x9f\x98\x80" x 80, "\xf0\x9f\x98\x80" x 81,
    'a b', 'a\\nb', 'x\\u2028y', qw(2024-02-29 2023-02-29 2000-02-29 1900-02-29 2026-13-01 2026-1-1 0000-01-01 2026-04-31 2026-12-31
    2026-01-01T00:00:00Z 2026-01-01T24:00:00Z 2026-01-01T23:59:60.123+02:00 2026-01-01T10:00Z 2026-01-01T10:00:00
    https://example.org http://a https://a/b?c#d ftp://a https:// https://a_b https://-a HTTPS://EXAMPLE.ORG:80/ https://[::1]:8080/x
    https://u@h a@b.c a@b @b a@ a@b@c a.b+c@d-e.f A@B-.c 01234567-89ab-cdef-0123-456789ABCDEF 01234567-89ab-cdef-0123-456789abcde
    AB12 ab12 AB1 AB123 a-b_c 12.5 [x] {y});
my @numbers = qw(0 1 -1 1.0 0.5 80 80.5 81 1e2 2024 2025.5 -0.0 1e300 100000000000 true false);
my @plain   = (@texts, @numbers);

sub value ($depth) {
    my $what = one_of(1 .. 20);
    return one_of(@texts)   if $what <= 8;
    return one_of(@numbers) if $what <= 11;
    return 'null' if $what == 12;
    return '""'   if $what == 13 && $depth > 0;
    return one_of(@plain) if $depth > 2;
    return '[' . join(',', map { value($depth + 1) } 1 .. one_of(0, 0, 1, 1, 2, 3, 3, 7)) . ']' if $what <= 17;
    return record($depth);
}

# A record as skillTags have them, more or less.
sub record ($depth) {
    my %member = (skill => '"SQL"', yearsOfExperience => '3', lastUsed => '"2026-01-01"');
    $member{ one_of(qw(skill yearsOfExperience lastUsed proficiency category order pendingProficiency x)) } = value($depth + 1)
        for 1 .. one_of(0, 0, 1, 2);
    delete $member{ one_of(sort keys %member) } if one_of(1 .. 6) == 1;
    return '{' . join(',', map { qq("$_":$member{$_}) } sort keys %member) . '}';
}

sub likely ($depth, $name) {
    return '[' . join(',', map { record(1) } 1 .. one_of(0, 1, 2)) . ']' if $name eq 'skillTags' && one_of(1 .. 4) > 1;
    return '[' . join(',', map { one_of(@texts) } 1 .. one_of(0, 1, 2)) . ']' if $name =~ /s$|Style$/ && one_of(1 .. 4) > 1;
    return value($depth);
}

sub document (@names) {
    my %field = (currentRole => '"Engineer"', seniority => '"senior"', industry => '"Energy"');
    for (1 .. one_of(0, 1, 1, 1, 2, 3)) {
        my $name = one_of(@names);
        $field{$name} = likely(0, $name);
    }
    delete $field{ one_of(sort keys %field) } if one_of(1 .. 20) == 1;
    return '{' . join(',', map { qq("$_":$field{$_}) } sort keys %field) . '}';
}

sub agree ($title, $rules, @names) {
    my $dir = tempdir(CLEANUP => 1);
    put("$dir/validation.lua", $rules);
    put("$dir/caches.lua",     'return {}');
    my $tool = build_dir() . '/career-rules';
    put("$dir/schema.json", slurp([$tool, 'schema', $dir]));
    put("$dir/validate.js", $validator);
    my @documents = map { document(@names) } 1 .. DOCUMENTS;
    put("$dir/documents", join("\n", @documents) . "\n");
    my $theirs = slurp(['node', "$dir/validate.js", $ajv, "$dir/schema.json", "$dir/documents"]);
    is length $theirs, DOCUMENTS, "$title: ajv takes the schema, and judges all" or return;
    my %bad;
    my $ours = slurp(['sh', '-c', '"$0" try "$1" - <"$1/documents"', $tool, $dir]);
    $bad{$1} .= "$2\n" while $ours =~ /^error\s+line (\d+): (.*)$/mg;
    my @differ = grep { (substr($theirs, $_ - 1, 1) eq '1') == exists $bad{$_} } 1 .. DOCUMENTS;
    is scalar @differ, 0, "$title: they agree";
    diag "$documents[$_ - 1]\n  here: " . ($bad{$_} // "good\n") for @differ[0 .. ($#differ > 4 ? 4 : $#differ)];
    my $good = $theirs =~ tr/1//;
    cmp_ok $good, '>', DOCUMENTS / 20, "$title: many are good";
    cmp_ok $good, '<', DOCUMENTS * 19 / 20, "$title: and many are not";
    return;
}

my $shipped = do { local (@ARGV, $/) = (tree() . '/lua/validation.lua'); readline };
agree('the shipped rules', $shipped, qw(currentRole seniority industry companyName companySize primarySkills skillsToLearn interests
    skillTags careerGoals timeframe targetPath learningStyle availableTime budget networkingGoals preferredEventTypes
    userId lastUpdated hobby));

agree('every kind', <<'LUA', qw(text code format url email uuid moment day whole number flag choice lists pairs tags));
return {
  fields = {
    currentRole = field.text {}, seniority = field.text {}, industry = field.text {},
    text = field.text { min = 2, max = 80, trimmed = false },
    code = field.text { matches = [[^[A-Z]{2}\d+$]] },
    format = field.text { matches = [[^[\w.\-]+(?:@|\s)?[^]x]*$]], max = 100 },
    url = field.text { format = "url" }, email = field.text { format = "email" }, uuid = field.text { format = "uuid" },
    moment = field.date { time = true }, day = field.date {},
    whole = field.integer { min = 0, max = 2024 }, number = field.number { max = 80.5 }, flag = field.boolean { default = true },
    choice = field.one_of { "a", "SQL", "a b" },
    lists = field.list { field.list { field.integer { nullable = true }, max = 3 }, min = 1, max = 5, unique = true },
    pairs = field.record { skill = field.text { min = 1, nullable = true }, yearsOfExperience = field.number {},
      lastUsed = field.date { optional = true }, x = field.list { field.text {}, unique = true, optional = true } },
    tags = field.list { field.text { format = "date-time", nullable = true }, unique = true },
  },
  required = { "currentRole", "seniority", "industry" },
}
LUA

done_testing;
