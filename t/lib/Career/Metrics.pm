# SPDX-License-Identifier: Apache-2.0
# Reads career-metrics of a stack, where it is at /career/metrics.
package Career::Metrics;
use v5.36;

use Exporter qw(import);

our @EXPORT_OK = qw(metrics metric);

# Every line: 'name{label="value",…}' => number
sub metrics ($stack, %with) {
    my $answer = $stack->request(GET => '/career/metrics', token => undef, %with);
    die "career-metrics: $answer->{status} $answer->{content}\n" unless $answer->{status} == 200;
    return map { /^([^#].*) (\S+)$/ ? ($1 => $2) : () } split /\n/, $answer->{content};
}

# The value of one line: metric(stack, name, label => value, …, vhost => name); whatever the order of the labels.
sub metric ($stack, $name, %labels) {
    my @vhost = exists $labels{vhost} ? (vhost => delete $labels{vhost}) : ();
    my %all   = metrics($stack, @vhost);
    my @found = grep { _is($_, $name, %labels) } keys %all;
    die "career-metrics has " . @found . " lines $name with these labels\n" if @found != 1;
    return $all{ $found[0] };
}

sub _is ($line, $name, %labels) {
    my ($own, $rest) = $line =~ /^(\w+)\{(.*)\}$/ or return 0;
    my %has = $rest =~ /(\w+)="((?:\\.|[^"\\])*)"/g;
    return $own eq $name && keys %has == keys %labels && !grep { ($has{$_} // '') ne $labels{$_} } keys %labels;
}

1;
