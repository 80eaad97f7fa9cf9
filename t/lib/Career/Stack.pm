# SPDX-License-Identifier: Apache-2.0
# Postgres, Redis and httpd with mod_career, together and private to one test, on loopback.
package Career::Stack;
use v5.36;

use Career::Client   ();
use Career::Httpd    ();
use Career::Log      ();
use Career::Place    qw(tree as_root temp_dir write_file read_file);
use Career::Postgres ();
use Career::Redis    ();
use Career::Token    qw(DEMO_USER SECRET);
use File::Copy       qw(copy);
use File::Path       qw(remove_tree);
use POSIX            ();

my @running;    # stacks of this process, in the order of their start
my $owner = $$;
my $log   = Career::Log->new;    # one for all of them: what a test announces holds wherever it shows

# Options, all of them optional:
#   mpm, modules, log_level, env, mpm_config   as in Career::Httpd
#   directives   { CareerX => 'value' | [values] | undef }, over the ones that make it work; undef as a whole: none
#   config       text for the main server, after the directives;  location => 0: without the resource's location
#   vhosts       [{ name, directives => {}, config => text }], each with the resource's location
#   migrate => 0 an empty database;  postgres, redis  options of those servers, 0: none
sub new ($class, %with) {
    my $self = bless { with => \%with, dir => temp_dir() }, $class;
    push @running, $self;
    $self->{rules} = "$self->{dir}/lua";
    $self->_copy_rules;
    mkdir "$self->{dir}/httpd";
    write_file("$self->{dir}/jwt.secret", SECRET, 0600);
    $log->secret(SECRET);
    $self->{postgres} = Career::Postgres->new(dir => "$self->{dir}/pg", %{ $with{postgres} || {} });
    $self->{redis} = Career::Redis->new(dir => "$self->{dir}/redis", %{ $with{redis} || {} });
    $log->secret($self->{redis}{password}) if $self->{redis}{password};
    return $self;
}

sub start ($class, %with) {
    my $self = ref $class ? $class : $class->new(%with);
    $self->start_servers;
    $self->httpd->start;
    return $self;
}

sub start_servers ($self) {
    my $with = $self->{with};
    if ($with->{postgres} // 1) {
        $self->{postgres}->start;
        $self->{postgres}->migrate if $with->{migrate} // 1;
    }
    $self->{redis}->start if $with->{redis} // 1;
    return $self;
}

# Made when first asked for, since its configuration names the ports of the others.
sub httpd ($self) {
    return $self->{httpd} //= Career::Httpd->new(dir => "$self->{dir}/httpd", $self->_httpd_options);
}

sub postgres ($self) { return $self->{postgres} }
sub redis ($self) { return $self->{redis} }
sub dir ($self) { return $self->{dir} }

sub _httpd_options ($self) {
    my $with = $self->{with};
    my $location = ($with->{location} // 1) ? _location() : '';
    my @vhosts = map { { name => $_->{name},
        config => join "\n", _lines($_->{directives} // {}), $location, $_->{config} // '' } } @{ $with->{vhosts} // [] };
    return (
        (map { exists $with->{$_} ? ($_ => $with->{$_}) : () } qw(mpm modules log_level env mpm_config career)),
        config => join("\n", _lines($self->directives), $location, $with->{config} // ''),
        vhosts => \@vhosts
    );
}

sub _location { return qq(<LocationMatch "^/api/profile/career\$">\nSetHandler career-profile\n</LocationMatch>) }

# What makes it work, with the test's own on top.
sub directives ($self) {
    my $own = $self->{with}{directives};
    return {} if exists $self->{with}{directives} && !defined $own;
    return {
        CareerDatabase  => $self->database,
        CareerRedis     => ($self->{with}{redis} // 1) ? '"' . $self->redis->url . '"' : 'none',
        CareerJwtSecret => qq("file:$self->{dir}/jwt.secret"),
        CareerRules     => qq("$self->{rules}"),
        _patient(%{ $own // {} })
    };
}

# A slow test machine must not turn "invalidated" into "pending", or a saved profile into 503. A test that is about
# one of these limits sets it.
my %patience = (
    CareerDatabasePool    => 'wait=5s',
    CareerDatabaseTimeout => 'connect=5s query=5s',
    CareerRedisTimeout    => 'connect=5s command=5s'
);

sub _patient (%own) {
    my %all = (%patience, CareerInvalidateWait => '5s', %own);
    for my $name (keys %patience) {
        my $set = $own{$name} // next;
        $all{$name} = join ' ', $set, grep { my ($key) = /(\w+=)/; $set !~ /\b$key/ } split / /, $patience{$name};
    }
    return %all;
}

# The value of CareerDatabase for a database of the private Postgres, quoted for httpd.
sub database ($self, %with) {
    return '"' . $self->postgres->conninfo_for(%with) =~ s/(["\\])/\\$1/gr . '"';
}

sub _lines ($directives) {
    return map { my $name = $_; map { "$name $_" } grep { defined } ref $directives->{$name}
        ? @{ $directives->{$name} } : $directives->{$name} } sort keys %$directives;
}

# New directives for a stack that runs: graceful (or signal => 'HUP') with the configuration made anew.
sub reconfigure ($self, %with) {
    my $signal = delete $with{signal};
    $self->{with} = { %{ $self->{with} }, %with };
    return $self->httpd->graceful($signal ? (signal => $signal) : (), $self->_httpd_options);
}

# The same with a stop and a start, as another MPM needs it.
sub restart ($self, %with) {
    $self->{with} = { %{ $self->{with} }, %with };
    return $self->httpd->restart($self->_httpd_options);
}

# httpd -t with other options: (true when good, what it printed)
sub configtest ($self, %with) {
    local $self->{with} = { %{ $self->{with} }, %with };
    return $self->httpd->configtest($self->_httpd_options);
}

# ------------------------------------------------------------------------------------------------- rules

sub rules_dir ($self) { return $self->{rules} }

sub _copy_rules ($self) {
    mkdir $self->{rules};
    chmod 0755, $self->{rules};
    for my $file (glob quotemeta(tree()) . '/lua/*.lua') {
        my $to = $self->{rules} . '/' . $file =~ s{.*/}{}r;
        copy($file, $to) or die "$to: $!\n";
        chmod 0644, $to;
    }
    return;
}

sub rules ($self, $file) { return read_file("$self->{rules}/$file") }

# A new text for a rules file, or a function that changes $_; put in place in one step.
sub edit_rules ($self, $file, $edit) {
    local $_ = $edit;
    if (ref $edit) {
        my $before = $_ = $self->rules($file);
        $edit->();
        die "edit_rules: nothing in $file changed\n" if $_ eq $before;
    }
    utf8::encode($_) if utf8::is_utf8($_);
    write_file("$self->{rules}/$file", $_, 0644);
    return;
}

# ------------------------------------------------------------------------------------------------- requests

sub base ($self) { return 'http://127.0.0.1:' . $self->httpd->port }

# request(METHOD => path, token => …, json => …, body => …, headers => {}, vhost => …); without `token` it is
# the demo user's, with `token => undef` there is none.
sub request ($self, $method, $path, %with) {
    my %headers = %{ $with{headers} // {} };
    my $token = exists $with{token} ? delete $with{token} : $self->token;
    $headers{Authorization} //= "Bearer $token" if defined $token;
    $self->_keep_secret($token) if defined $token;
    my $answer = Career::Client::request('127.0.0.1', $self->httpd->port, $method, $path, %with, headers => \%headers);
    ($self->{answered}) = ($answer->{headers}{'x-request-id'} // '') =~ /^([0-9a-f]{16})-\d+$/;
    return $answer;
}

# Does the code, which makes a request of this stack, say yes in every child? Many times in a row, and until as many
# processes have answered as there are (their part of the X-Request-Id tells them apart); where one of them never
# gets to answer, the row is long.
sub everywhere ($self, $code) {
    my %answered;
    for my $turn (1 .. 60) {
        return 0 unless $code->();
        $answered{ $self->{answered} }++ if defined $self->{answered};
        return 1 if $turn >= 12 && keys %answered >= $self->httpd->children;
    }
    return 1;
}

use constant RESOURCE => '/api/profile/career';
sub get ($self, %with) { return $self->request(GET => RESOURCE, %with) }
sub put ($self, $profile, %with) { return $self->request(PUT => RESOURCE, _body($profile), %with) }
sub patch ($self, $profile, %with) { return $self->request(PATCH => RESOURCE, _body($profile), %with) }
sub _body ($profile) { return ref $profile ? (json => $profile) : (body => $profile) }

# Any bytes; returns the first response, parsed, with everything that came in {raw}.
sub raw ($self, $bytes, %with) {
    my $answer = Career::Client::raw('127.0.0.1', $self->httpd->port, $bytes, %with);
    return { status => 0, headers => {}, content => '', %{ Career::Client::parse_response($answer) // {} },
        raw => $answer };
}

sub connect ($self) { return Career::Client::connect_to('127.0.0.1', $self->httpd->port) }

sub token ($self, %claims) {
    my $token = Career::Token::token(%claims);
    $self->_keep_secret($token);
    return $token;
}

# The whole of a token or its signature must not be logged; its header is no secret.
sub _keep_secret ($self, $token) {
    $log->secret($token, grep { defined && length >= 16 } (split /\./, $token)[1, 2]);
    return;
}

# ------------------------------------------------------------------------------------------------- the end

# A further server of the test, to be stopped with the rest.
sub also ($self, $server) { push @{ $self->{others} }, $server; return $server }

sub running { return @running }
sub log { return $log }

# Stops everything; returns the list of what the logs should not hold. A test that has taken a server away need not
# announce what the module says of that: the outbox is looked after, whether or not anybody asks for anything.
my %missed = (postgres => qr/CAREER030[139]: /, redis => qr/CAREER0401: /);

sub stop ($self) {
    return @{ $self->{faults} } if $self->{faults};
    my @faults;
    for my $stack (@running) { $log->expect($missed{$_}) for grep { $stack->{$_}{was_away} } keys %missed }
    eval { $_->stop } for reverse @{ $self->{others} // [] };
    for my $name (qw(httpd redis postgres)) {
        my $server = $self->{$name} // next;
        push @faults, "$name died" if $server->process && $server->process->pid && !$server->process->alive;
        eval { $server->stop } or push @faults, "$name did not stop" . ($@ && ": $@");
    }
    push @faults, $self->_log_faults;
    $self->{faults} = \@faults;
    @running = grep { $_ != $self } @running;
    if ($ENV{CAREER_KEEP}) { print STDERR "# kept: $self->{dir}\n" }
    else                   { remove_tree($self->{dir}, { safe => 0 }) }
    return @faults;
}

sub _log_faults ($self) {
    my $httpd = $self->{httpd};
    my @faults = map { $log->faults_of_httpd($_) } $httpd ? ($httpd->log, $httpd->output) : ();
    push @faults, $log->faults_of_postgres($self->{postgres}->log) if $self->{postgres}->process;
    for my $file (glob "$self->{dir}/httpd/{valgrind,asan,ubsan,tsan}.*") {
        my $text = read_file($file);
        push @faults, $text if $file !~ /valgrind/ || $text =~ /ERROR SUMMARY: [1-9]/;
    }
    return @faults;
}

# The last lines of the error log, for whoever has to find out what went wrong.
sub tail ($self, $lines = 20) {
    my @all = split /^/, $self->{httpd} ? $self->{httpd}->log : '';
    return join '', @all > $lines ? @all[-$lines .. -1] : @all;
}

sub stop_all { return map { $_->stop } reverse @running }

# A child of ours (fork in a test) ends nobody's servers.
END {
    if ($$ == $owner) {
        local $? = $?;
        eval { stop_all() };
    }
}

sub _end ($) {
    POSIX::_exit(130) if $$ != $owner;
    exit 130;
}
@SIG{qw(INT TERM HUP)} = (\&_end) x 3;

1;
