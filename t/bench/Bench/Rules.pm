# SPDX-License-Identifier: Apache-2.0
# What the rules as shipped cost: a check of a whole profile, a function on top, a reload.
package Bench::Rules;
use v5.36;
use Bench::Load   qw(output_of);
use Bench::Report qw(table number);
use Career::Place qw(build_dir tree);
use Exporter      qw(import);
our @EXPORT_OK = qw(rules_cost rules_table);

# rules_cost(quick?) → { check, function, reload } in nanoseconds
sub rules_cost ($quick) {
    my $lua = tree() . '/lua';
    my %cost;
    @cost{qw(check function reload)} = split ' ',
        output_of(build_dir() . '/bench/rules', $lua, "$lua/cases/complete.json", $quick ? 20_000 : 200_000);
    return \%cost;
}

sub rules_table ($cost) {
    my @rows = (['', 'us', 'goal', '']);
    for (['check of a complete profile', 'check', 10], ['a trivial validate function, more', 'function', 15],
        ['reload of both files, off the request path', 'reload', 20_000]) {
        my ($label, $name, $goal) = @$_;
        my $spent = $cost->{$name} / 1000;
        push @rows, [$label, number($spent), "<= $goal", $spent <= $goal ? 'met' : 'missed'];
    }
    return table(@rows);
}

1;
