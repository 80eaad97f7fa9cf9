# SPDX-License-Identifier: Apache-2.0
# What was measured, as medians, ratios and tables.
#
# A ratio is taken within each round, where both sides had the same machine, and its median shown.
package Bench::Report;
use v5.36;

use Exporter   qw(import);
use List::Util qw(min max);

our @EXPORT_OK = qw(median ratio ratios clearly against table number);

sub median (@values) {
    my @sorted = sort { $a <=> $b } grep { defined } @values or return undef;
    return @sorted % 2 ? $sorted[@sorted / 2] : ($sorted[@sorted / 2 - 1] + $sorted[@sorted / 2]) / 2;
}

# rounds of two measures, a figure of theirs: the first's over the second's, round by round
sub ratios ($over, $under, $figure = 'rate') {
    my @ratios;
    for my $round (0 .. min($#$over, $#$under)) {
        my ($above, $below) = map { $_->[$round]{$figure} } $over, $under;
        push @ratios, $above / $below if defined $above && $below;
    }
    return @ratios;
}

# Their median, least and greatest.
sub ratio (@of) {
    my @ratios = ratios(@of);
    return @ratios ? (median(@ratios), min(@ratios), max(@ratios)) : ();
}

# Do they differ from 1 by more than chance (sign test, two-sided, 1 %)? 1: above, -1: below, 0: nobody knows.
sub clearly (@ratios) {
    my ($above, $below) = (scalar(grep { $_ > 1 } @ratios), scalar(grep { $_ < 1 } @ratios));
    my $rounds = $above + $below or return 0;
    my ($ways, $all) = (1, 0);
    for my $few (0 .. min($above, $below)) {
        $all += $ways;
        $ways *= ($rounds - $few) / ($few + 1);
    }
    return 2 * $all / 2**$rounds > 0.01 ? 0 : $above > $below ? 1 : -1;
}

# A goal and whether the value meets it, for a table: at least (positive), at most (negative), or none.
sub against ($value, $goal) {
    return ('', '') unless defined $goal && defined $value;
    return $goal > 0 ? (">= $goal", $value >= $goal ? 'met' : 'missed') : ('<= ' . -$goal, $value <= -$goal ? 'met' : 'missed');
}

sub number ($value, $digits = 2) {
    return '-' unless defined $value;
    my $text = sprintf "%.${digits}f", $value;
    1 while $text =~ s/^(\d+)(\d{3})/$1,$2/;
    return $text;
}

# Rows of cells, the first being the heading, as a Markdown table that can be read on a screen, too.
sub table (@rows) {
    my @width = map { my $column = $_; max 2, map { length($_->[$column] // '') } @rows } 0 .. $#{ $rows[0] };
    my @lines = map { _row(\@width, @$_) } @rows;
    splice @lines, 1, 0, '| ' . join(' | ', map { $_ ? '-' x ($width[$_] - 1) . ':' : '-' x $width[0] } 0 .. $#width) . ' |';
    return join "\n", @lines, '';
}

sub _row ($width, @cells) {
    return '| ' . join(' | ', map { sprintf $_ ? "%$width->[$_]s" : "%-$width->[$_]s", $cells[$_] // '' } 0 .. $#$width)
        . ' |';
}

1;
