# SPDX-License-Identifier: Apache-2.0
# A private httpd with a generated configuration: its files, its life, its log. Knows no test and no database.
package Career::Httpd;
use v5.36;

use Career::Place   qw(build_dir as_root web_user free_port write_file read_file);
use Career::Process ();
use File::Path      qw(make_path);
use IO::Socket::INET;
use Time::HiRes     qw(sleep time);

# What every server of ours needs; a test names the others that it wants.
my @basic = qw(authz_core authn_core authz_host alias headers);

my ($program, $modules, %built_in);

# apxs knows where this httpd lives; what is linked into it must not be loaded again.
sub _locate {
    return if $program;
    my ($apxs) = grep { -x } map { ("$_/apxs", "$_/apxs2") } split /:/, $ENV{PATH};
    die "no apxs found: make deps installs it\n" unless $apxs;
    my ($sbin, $name, $dir) = map { chomp(my $value = qx('$apxs' -q $_)); $value } qw(SBINDIR PROGNAME LIBEXECDIR);
    ($program, $modules) = ("$sbin/$name", $dir);
    die "$program is not there: make deps installs it\n" unless -x $program;
    %built_in = map { $_ => 1 } qx('$program' -l) =~ /(\w+)\.c/g;
    return;
}

# dir; mpm: event, worker, prefork; modules: list of names; port; host; config: text for the main server;
# vhosts: list of { name, config }; log_level; env; career => 0: without mod_career; mpm_config: text;
# module: another mod_career.so than that of this build
sub new ($class, %self) {
    my $self = bless { mpm => 'event', host => '127.0.0.1', log_level => 'info', %self }, $class;
    _locate();
    make_path(map { "$self->{dir}/$_" } qw(run htdocs));
    chmod 0755, "$self->{dir}/htdocs";
    write_file("$self->{dir}/htdocs/static.txt", "x" x 700, 0644);
    return $self;
}

sub module_path { return build_dir() . '/mod_career.so' }

# Is it installed, or linked in: 'ssl', 'mpm_worker'?
sub has_module ($name) {
    _locate();
    return $built_in{"mod_$name"} || $built_in{$name} || -e "$modules/mod_$name.so";
}

my %processes = (
    prefork => "StartServers 2\nMinSpareServers 2\nMaxSpareServers 8\nMaxRequestWorkers 40",
    threads => "StartServers 2\nServerLimit 4\nThreadsPerChild 16\nMaxRequestWorkers 64\n"
        . "MinSpareThreads 16\nMaxSpareThreads 64",
);

sub _text ($self) {
    my @load = grep { !$built_in{"mod_$_"} && !$built_in{$_} } "mpm_$self->{mpm}", @basic, @{ $self->{modules} // [] };
    my @lines = (map { qq(LoadModule ${_}_module "$modules/mod_$_.so") } _unique(@load));
    push @lines, 'LoadModule career_module "' . ($self->{module} // module_path()) . '"' unless defined $self->{career} && !$self->{career};
    push @lines, 'User ' . web_user(), 'Group ' . getgrgid((getpwnam web_user())[3]) if as_root();
    push @lines,
        qq(ServerRoot "$self->{dir}"), qq(DefaultRuntimeDir "$self->{dir}/run"), qq(PidFile "$self->{dir}/run/pid"),
        "Listen $self->{host}:$self->{port}", 'ServerName localhost', 'ServerSignature Off', 'ServerTokens Prod',
        qq(ErrorLog "$self->{dir}/error.log"), "LogLevel $self->{log_level}",
        qq(LogFormat "%t %m %U %>s %B %D" plain), qq(CustomLog "$self->{dir}/access.log" plain),
        $processes{ $self->{mpm} eq 'prefork' ? 'prefork' : 'threads' }, $self->{mpm_config} // '',
        'GracefulShutdownTimeout 10', 'KeepAliveTimeout 5', 'Timeout 30',
        qq(DocumentRoot "$self->{dir}/htdocs"), '<Directory />', 'AllowOverride None', 'Require all denied',
        '</Directory>', qq(<Directory "$self->{dir}/htdocs">), 'Require all granted', '</Directory>',
        $self->{config} // '';
    for my $vhost (@{ $self->{vhosts} // [] }) {
        push @lines, "<VirtualHost $self->{host}:$self->{port}>", "ServerName $vhost->{name}", $vhost->{config},
            '</VirtualHost>';
    }
    return join "\n", @lines, '';
}

sub _unique (@names) { my %seen; return grep { !$seen{$_}++ } @names }

sub _file ($self) { return "$self->{dir}/httpd.conf" }

# May be called while it runs: a reload reads the file again.
sub write_config ($self) {
    $self->{port} //= free_port();
    return write_file($self->_file, $self->_text, 0600);
}

sub start ($self) {
    for (1 .. 5) {
        $self->write_config;
        my @command = ($program, '-f', $self->_file, '-D', 'FOREGROUND');
        unshift @command, split(' ', $ENV{CAREER_WRAP} =~ s/%d/$self->{dir}/gr) if $ENV{CAREER_WRAP};
        $self->{process} = Career::Process->new(
            name => 'httpd', log => "$self->{dir}/output.log", command => \@command, env => $self->_env);
        return $self if eval { $self->_begin; 1 };
        my $error = $@;    # a copy, for reading the log sets it anew
        die $error . $self->_tail
            if $self->{fixed_port} || $error . $self->log !~ /could not bind|Address already in use/;
        delete $self->{port};
        unlink "$self->{dir}/error.log", "$self->{dir}/output.log";
    }
    die "httpd found no free port\n";
}

# Sanitizers must be in the process before the module that was built with them. What httpd itself leaks when it
# ends is not looked at; valgrind tells the leaks of the module from its own.
sub _env ($self) {
    my %env = %{ $self->{env} // {} };
    @env{qw(LD_PRELOAD ASAN_OPTIONS)} = ($ENV{CAREER_PRELOAD}, 'detect_leaks=0') if $ENV{CAREER_PRELOAD};
    return \%env;
}

sub _begin ($self) {
    $self->{starts} = $self->_starts;
    $self->{process}->start;
    $self->{process}->wait_ready(sub { $self->_listens }, $ENV{CAREER_WRAP} ? 180 : 60);
    $self->{fixed_port} = 1;
    return;
}

sub _listens ($self) {
    return defined IO::Socket::INET->new(PeerAddr => $self->{host}, PeerPort => $self->{port}, Timeout => 1)
        && $self->_starts > $self->{starts};
}

# How often the log tells that a generation of it is ready.
sub _starts ($self) { return scalar(() = $self->log =~ /resuming normal operations/g) }

sub _tail ($self) {
    my @lines = split /^/, $self->log;
    return join '', @lines > 15 ? @lines[-15 .. -1] : @lines;
}

sub port ($self) { return $self->{port} }
sub process ($self) { return $self->{process} }
sub log ($self) { return eval { read_file("$self->{dir}/error.log") } // '' }
sub output ($self) { return eval { read_file("$self->{dir}/output.log") } // '' }
sub stop ($self) { return !$self->{process} || $self->{process}->stop }
sub restart ($self, %with) { $self->stop; $self->{$_} = $with{$_} for keys %with; return $self->start }

# A reload that lets requests finish (signal => 'HUP': one that does not), with another configuration if one is
# given. Returns once the new generation answers, and no child of before takes a request any more.
sub graceful ($self, %with) {
    my $signal = delete $with{signal} // 'USR1';
    $self->{$_} = $with{$_} for keys %with;
    $self->write_config;
    my $before   = $self->_starts;
    my @children = $self->children;
    kill $signal => $self->{process}->pid;
    my $end = time + 60;
    while ($self->_starts <= $before) {
        die "httpd did not come back from $signal:\n" . $self->_tail if time > $end || !$self->{process}->alive;
        sleep 0.02;
    }
    sleep 0.02 while time < $end && $self->_listening(@children);
    return $self;
}

# Those of the processes that hold the listening socket. One that is asked to go lets go of it before it finishes
# what it has; under prefork it goes.
sub _listening ($self, @pids) {
    my $port = sprintf '%04X', $self->{port};
    my %socket = map { /^\s*\d+: [0-9A-F]+:$port \S+ 0A (?:\S+ +){5}(\d+) / ? ("socket:[$1]" => 1) : () }
        split /\n/, read_file('/proc/net/tcp');
    return grep { my $pid = $_; grep { $socket{ readlink // '' } } glob "/proc/$pid/fd/*" } @pids;
}

# httpd -t with the configuration as it stands, or another: (true when good, what it printed)
sub configtest ($self, %with) {
    local @{$self}{ keys %with } = values %with;
    return $self->_try('-t');
}

# As a terminal or an init script starts it, in the background; for a configuration that cannot be used.
sub fails_to_start ($self) { return !($self->_try)[0] }

sub _try ($self, @options) {
    my $live = delete local $self->{fixed_port};
    my $file = "$self->{dir}/test.conf";
    $self->{port} //= free_port();
    write_file($file, $self->_text =~ s{/error\.log}{/test-error.log}r, 0600);
    my $pid = open my $out, '-|' // die "fork: $!\n";
    if (!$pid) {
        %ENV = (%ENV, LC_ALL => 'C', %{ $self->_env });
        open STDERR, '>&', \*STDOUT;
        exec $program, @options, '-f', $file or POSIX::_exit(127);
    }
    my $text = do { local $/; readline $out } // '';
    close $out;
    return ($? == 0, $text);
}

# The pids of the children that serve.
sub children ($self) { return $self->{process}->descendants }

1;
