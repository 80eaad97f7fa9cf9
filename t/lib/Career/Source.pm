# SPDX-License-Identifier: Apache-2.0
# Reads what the sources say of themselves: their tables, their includes. Whoever asks for what is not there
# gets an error, so that a check cannot pass on nothing.
package Career::Source;
use v5.36;

use Career::Place qw(tree read_file);
use Exporter      qw(import);

our @EXPORT_OK = qw(macro_rows includes source_files readme_rows readme_part generated);

sub _text ($path) { utf8::decode(my $text = read_file(tree() . "/$path")); return $text }

# The rows of an X-macro, each a list of its arguments; adjoining string literals are one.
sub macro_rows ($path, $macro) {
    my ($body) = _text($path) =~ /^#define \Q$macro\E\(X\)((?:[^\n]*\\\n)*[^\n]*)/m or die "$path: no $macro\n";
    $body =~ s/\\\n/ /g;
    my @rows;
    while ($body =~ /\bX\(((?:"(?:\\.|[^"\\])*"|[^()"])*)\)/g) { push @rows, [_arguments($1)] }
    return @rows ? @rows : die "$path: $macro has no rows\n";
}

sub _arguments ($text) {
    my @arguments = ('');
    while ($text =~ /\G\s*(?:"((?:\\.|[^"\\])*)"|(,)|([^\s,"]+))\s*/gc) {
        if (defined $2) { push @arguments, '' }
        else            { $arguments[-1] .= defined $1 ? $1 =~ s/\\(["\\])/$1/gr : $3 }
    }
    return @arguments;
}

# Paths below mod_career/, such as base/json.c
sub source_files {
    my $root = tree() . '/mod_career';
    my @files = map { s{^\Q$root\E/}{}r } glob quotemeta($root) . '/*/*.[ch]';
    return @files ? @files : die "there are no sources in mod_career/\n";
}

# What a file includes, without the brackets: (own => "room/x.h", …), (system => "jansson.h", …)
sub includes ($file) {
    my %found = (own => [], system => []);
    for (_text("mod_career/$file") =~ /^\s*#\s*include\s+([<"][^>"]+)[>"]/mg) {
        push @{ $found{ /^"/ ? 'own' : 'system' } }, substr $_, 1;
    }
    return \%found;
}

# The rows of the table below a heading of README.md, each a list of cells.
sub readme_rows ($heading) {
    my ($section) = _text('README.md') =~ /^#+ \Q$heading\E\n(.*?)(?=^#|\z)/ms or die "README.md: no section $heading\n";
    my ($table) = $section =~ /^\| --- [^\n]*\n((?:\|[^\n]*\n)+)/m or die "README.md: no table under $heading\n";
    return map { [map { s/^\s+|\s+$//gr } split /(?<!\\)\|/, s/^\||\|$//gr] } split /\n/, $table;
}

# What mod_career/store does besides, in words.
my %action = (
    NOTHING => 'nothing',
    RETRY   => 'up to two more tries',
    REOPEN  => 'one more try, on a new connection',
    CLOSE   => 'one more try, on a new connection; all others are replaced, too'
);

sub _sqlstates {
    my %error = map { $_->[0] => $_ } macro_rows('mod_career/base/error.h', 'CAREER_ERRORS');
    return map {
        my ($code, $name, $action, undef, $when) = @$_;
        my $error = $error{$name} // die "sqlstate.h: no error $name\n";
        sprintf "| `%s` | %s | `%s` | %s | %s |\n", $code, @{$error}[1, 2], $action{$action} // die("no $action\n"), $when;
    } macro_rows('mod_career/store/sqlstate.h', 'CAREER_SQLSTATES');
}

# Tables of README.md that are made from the sources, and what they should say.
sub generated {
    return (
        errors => join('', "| status | code | when |\n| --- | --- | --- |\n",
            map { "| $_->[1] | `$_->[2]` | $_->[4] |\n" } macro_rows('mod_career/base/error.h', 'CAREER_ERRORS')),
        sqlstates => join('', "| SQLSTATE | status | code | what else is done | when |\n| --- | --- | --- | --- | --- |\n",
            _sqlstates(), "| any other | 500 | `internal_error` | nothing | the error log has it, under the request id |\n"),
        tags => join('', "| tag | level | what happened | what to do |\n| --- | --- | --- | --- |\n",
            map { sprintf "| `CAREER%04d` | %s | %s | %s |\n", $_->[1], lc $_->[2], @{$_}[3, 4] }
                macro_rows('mod_career/base/log.h', 'CAREER_LOG_TAGS')),
        metrics => join('', "| metric | type | labels | what it says |\n| --- | --- | --- | --- |\n",
            map { sprintf "| `%s` | %s | %s | %s |\n", $_->[2], _type($_->[1]), _labels(@{$_}[3, 4]), $_->[5] }
                macro_rows('mod_career/base/metrics.h', 'CAREER_METRICS'))
    );
}

sub _type ($kind) { return $kind =~ /^(COUNTER|HISTOGRAM)$/ ? lc $kind : 'gauge' }

# The labels of a metric besides "host", with their values.
sub _labels (@labels) {
    my %name = map { $_->[0] => $_->[1] } macro_rows('mod_career/base/metrics.h', 'CAREER_LABELS');
    return join '; ', map { "`$name{$_}`: " . join ', ',
        map { $_->[2] } macro_rows('mod_career/base/metrics.h', "CAREER_LABEL_$_") } grep { $_ ne 'NONE' } @labels;
}

# What README.md has between the markers of that name.
sub readme_part ($name) {
    _text('README.md') =~ /^<!-- \Q$name\E:[^\n]*-->\n(.*?)^<!-- end \Q$name\E -->$/ms
        or die "README.md: no part marked $name\n";
    return $1;
}

1;
