# SPDX-License-Identifier: Apache-2.0
# The alert rules in conf/, and the exposition that they are about, before the judges of Prometheus: promtool.
# Without it (make check-alerts installs it) only what needs no judge is looked at.
use v5.36;
use Career::Test;
use Career::Contract qw(minimal);
use Career::Place    qw(tree read_file write_file);
use Career::Source   qw(macro_rows);

my $file  = tree() . '/conf/career-alerts.yml';
my $rules = read_file($file);
my %known = map { $_->[2] => $_->[1] } macro_rows('mod_career/base/metrics.h', 'CAREER_METRICS');

subtest 'what the rules are about' => sub {
    my @expressions = $rules =~ /^ +expr: (?:\|\n((?: {10,}.*\n)+)|(.*)\n)/mg;
    my %named = map { $_ => 1 } map { /\b(career_\w+)/g } grep { defined } @expressions;
    cmp_ok scalar keys %named, '>', 8, 'metrics are named';
    for my $name (sort keys %named) {
        my $base = $name =~ s/_bucket$//r;
        ok $known{$base} && ($base eq $name || $known{$base} eq 'HISTOGRAM'), "$name is counted";
    }
    my %tags = map { sprintf('CAREER%04d', $_->[1]) => 1 } macro_rows('mod_career/base/log.h', 'CAREER_LOG_TAGS');
    is_deeply [grep { !$tags{$_} } $rules =~ /(CAREER\d{4})/g], [], 'and tags that there are';
    my @alerts = $rules =~ /- alert: (\w+)/g;
    is scalar(() = $rules =~ /severity: (?:page|ticket) /g), scalar @alerts, 'each is worth waking somebody, or is not';
    is scalar(() = $rules =~ /description: '/g), scalar @alerts, 'and says what to do';
};

my ($promtool) = grep { -x } map { "$_/promtool" } split /:/, $ENV{PATH};
SKIP: {
    skip 'promtool is not installed (Debian: prometheus)', 3 unless $promtool;

    my $run = sub ($input, @arguments) {
        my $pid = open my $out, '-|' // die "fork: $!\n";
        if (!$pid) {
            open STDIN,  '<',  $input;
            open STDERR, '>&', \*STDOUT;
            exec $promtool, @arguments or POSIX::_exit(127);
        }
        my $text = do { local $/; readline $out } // '';
        close $out;
        return ($?, $text);
    };

    my ($status, $text) = $run->('/dev/null', 'check', 'rules', $file);
    is $status, 0, 'promtool takes the rules' or diag $text;

    my $stack = Career::Stack->start(config => qq(<Location "/career/metrics">\nSetHandler career-metrics\n</Location>));
    $stack->put(minimal()), $stack->get, $stack->get(token => undef);
    my $exposition = $stack->request(GET => '/career/metrics', token => undef)->{content};
    write_file($stack->dir . '/metrics', $exposition);
    ($status, $text) = $run->($stack->dir . '/metrics', 'check', 'metrics');
    is_deeply [$status, $text], [0, ''], 'and has nothing to say of the exposition';

    # A minute of a database that is down, an outbox that grows old, and a host where all is well.
    write_file($stack->dir . '/alerts_test.yml', <<~"END");
        rule_files: ["$file"]
        evaluation_interval: 1m
        tests:
          - interval: 1m
            input_series:
              - { series: 'career_database_up{host="a"}', values: '0x10' }
              - { series: 'career_database_up{host="b"}', values: '1x10' }
              - { series: 'career_outbox_oldest_age_seconds{host="a"}', values: '0+60x10' }
              - { series: 'career_outbox_oldest_age_seconds{host="b"}', values: '0x10' }
              - { series: 'career_requests_total{host="a",method="GET",code="503"}', values: '0+6x10' }
              - { series: 'career_requests_total{host="a",method="GET",code="200"}', values: '0+60x10' }
              - { series: 'career_requests_total{host="b",method="GET",code="200"}', values: '0+60x10' }
              - { series: 'career_requests_total{host="b",method="GET",code="503"}', values: '0x10' }
            alert_rule_test:
              - { eval_time: 0m, alertname: CareerDatabaseDown }
              - eval_time: 2m
                alertname: CareerDatabaseDown
                exp_alerts: [{ exp_labels: { severity: page, host: a }, exp_annotations: {
                  summary: "Postgres of a cannot be used",
                  description: "Every request is answered with 503. The error log has a line CAREER0301 or CAREER0306 with the cause." } }]
              - { eval_time: 2m, alertname: CareerCachesStale }
              - eval_time: 8m
                alertname: CareerCachesStale
                exp_alerts: [{ exp_labels: { severity: ticket, host: a }, exp_annotations: {
                  summary: "Caches of a have been stale for 8m 0s",
                  description: "Saves wait in the outbox for their caches to be cleared. Is Redis away (CAREER0401), does it refuse a command (CAREER0403), or does caches.lua fail (CAREER0404)?" } }]
              - eval_time: 9m
                alertname: CareerRequestsFail
                exp_alerts: [{ exp_labels: { severity: page, host: a }, exp_annotations: {
                  summary: "More than 1 % of the requests to a fail",
                  description: "9.091% of the answers are 500 or 503. career-status says what is wrong; the error log has a line CAREER0001 with the cause." } }]
        END
    ($status, $text) = $run->('/dev/null', 'test', 'rules', $stack->dir . '/alerts_test.yml');
    is $status, 0, 'the rules fire when they should, and only then' or diag $text;
}

done_testing;
