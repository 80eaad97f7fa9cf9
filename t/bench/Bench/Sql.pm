# SPDX-License-Identifier: Apache-2.0
# Scripts for pgbench from the statements of the module: the same text, with pgbench's variables for its parameters.
package Bench::Sql;
use v5.36;

use Bench::Load   qw(output_of);
use Bench::Stage  ();
use Career::Place qw(build_dir);
use Exporter      qw(import);

our @EXPORT_OK = qw(select_script upsert_script);

# pgbench knows numbers only, so that the user's id is made from one in the server.
my $draw = "\\set user random(1, :users)\n\\set number random(1, 2000000000)\n";
my $user = Bench::Stage::user_sql(':user');

sub _statement ($name) { return output_of(build_dir() . '/bench/statements', $name) =~ s/\s+\z//r }

# In a literal, what looks like one of pgbench's variables is spelt otherwise: the server reads the same text.
sub _shield ($sql) {
    return $sql =~ s{('(?:[^']|'')*')}{ my $text = $1; $text =~ s/:(?=[A-Za-z_])/\\003A/g ? "U&$text" : $text }ger;
}

sub select_script () {
    return $draw . _shield(_statement('READ')) =~ s/\$1\b/($user)/r . ";\n";
}

# The write of two fields where a version holds, which it always does here; places as in the header. pgbench has no null
# among its values, and one in the text would be planned away, so what is not sent is made null as late as a parameter is.
sub upsert_script () {
    my %value = (1 => ':number', 7 => ':number', 10 => '(CASE WHEN :no::bool THEN p.extra END)', 11 => "($user)", 12 => 'p.version');
    my $update = _shield(_statement('UPDATE_BRIEFLY')) =~ s/coalesce\(\$(?!7\b)\d+, (p\.\w+)\)/coalesce(CASE WHEN :no::bool THEN $1 END, $1)/gr
        =~ s/\$(\d+)/$value{$1}/gr;
    return "\\set no 0\n$draw$update;\n";
}

1;
