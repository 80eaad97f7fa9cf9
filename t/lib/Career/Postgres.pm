# SPDX-License-Identifier: Apache-2.0
# A private Postgres on a unix socket (and a port, when asked), with the role and the database "career".
# initdb runs once; its result is kept in the build folder and copied for each server.
package Career::Postgres;
use v5.36;

use Career::Place   qw(tree as_root server_user web_user temp_dir free_port write_file read_file conninfo);
use Career::Process ();
use Fcntl           qw(:flock);
use File::Path      qw(make_path remove_tree);
use IPC::Open3      qw(open3);

my $bin;

# The newest server that is installed; initdb stands beside it.
sub bin {
    return $bin if $bin;
    my @dirs = sort { ($b =~ /(\d+)/)[0] <=> ($a =~ /(\d+)/)[0] } glob '/usr/lib/postgresql/*/bin';
    push @dirs, qx(pg_config --bindir 2>/dev/null) =~ s/\n//r, split /:/, $ENV{PATH};
    ($bin) = grep { length && -x "$_/initdb" && -x "$_/postgres" } $ENV{CAREER_PG_BIN} // '', @dirs;
    return $bin // die "no initdb and postgres found: make deps installs them\n";
}

sub version { return (qx('@{[bin()]}/postgres' --version) =~ /(\d+)/)[0] }

# dir: the folder for data, socket and log. durable: as a real one. port: listen on loopback too.
sub new ($class, %self) {
    my $self = bless \%self, $class;
    $self->{socket} //= "$self->{dir}/socket";
    $self->{data} = "$self->{dir}/data";
    make_path($self->{dir}) unless -d $self->{dir};
    $self->_socket_dir;
    $self->_create unless -s "$self->{data}/PG_VERSION";
    $self->_fits;
    return $self;
}

# Only Postgres itself and httpd's children get to the socket, for it asks for no password.
sub _socket_dir ($self) {
    mkdir $self->{socket};
    if (as_root()) {
        chmod 0711, $self->{dir};
        my $group = getgrgid((getpwnam web_user())[3]);
        chown scalar getpwnam(server_user()), scalar getgrnam($group), $self->{socket};
        chmod 0750, $self->{socket};
    } else {
        chmod 0700, $self->{socket};
    }
    return;
}

sub _fits ($self) {
    my $made = read_file("$self->{data}/PG_VERSION") + 0;
    return if $made == version();
    die "$self->{data} was made by Postgres $made and this is Postgres " . version() . ": remove it to start anew\n";
}

sub _create ($self) {
    my $template = _template();
    my $half = "$self->{data}.half";
    remove_tree($half);
    system('cp', '-a', '--reflink=auto', $template, $half) == 0 or die "cannot copy $template\n";
    rename $half, $self->{data} or die "$self->{data}: $!\n";
    return;
}

sub _template {
    my $kept = sprintf '%s/build/t/postgres-%s-%s', tree(), version(), $>;
    make_path(tree() . '/build/t');
    open my $lock, '>>', "$kept.lock" or die "$kept.lock: $!\n";
    flock $lock, LOCK_EX or die "$kept.lock: $!\n";
    return $kept if -d $kept;

    my $work = temp_dir('career-initdb');
    chown((getpwnam server_user())[2, 3], $work) if as_root();
    my $log = _as_server("$work/log", undef, bin() . '/initdb', '-D', "$work/data", '-U', 'postgres',
        '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync', '--wal-segsize=1');
    _as_server("$work/log2", "CREATE ROLE career LOGIN;\nCREATE DATABASE career OWNER career;\n",
        bin() . '/postgres', '--single', '-D', "$work/data", 'postgres');
    system('cp', '-a', "$work/data", "$kept.half") == 0 && rename "$kept.half", $kept
        or die "cannot keep $kept\n";
    remove_tree($work);
    return $kept;
}

# Runs one command to its end as the user that the server will have.
sub _as_server ($log, $input, @command) {
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        write_file("$log.in", $input // '');
        chmod 0644, "$log.in";
        open STDIN,  '<', "$log.in";
        open STDOUT, '>', $log;
        open STDERR, '>&', \*STDOUT;
        chdir '/';
        $ENV{LC_ALL} = 'C';
        my $user = server_user();
        unshift @command, 'setpriv', "--reuid=$user", "--regid=$user", '--init-groups', '--' if $user;
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    die "@command failed:\n" . read_file($log) if $?;
    return;
}

sub start ($self) {
    my @settings = (
        'unix_socket_directories=' . $self->{socket}, 'log_line_prefix=%m [%p] ', 'max_connections=120',
        'shared_buffers=32MB', 'log_checkpoints=off', 'timezone=UTC', 'log_timezone=UTC',
        $self->{durable} ? () : ('fsync=off', 'full_page_writes=off'),
        @{ $self->{settings} // [] }
    );
    for (1 .. 5) {
        $self->{port} = free_port() if $self->{tcp} && !$self->{fixed_port};
        my @listen = $self->{tcp} ? ('listen_addresses=127.0.0.1', "port=$self->{port}") : ('listen_addresses=');
        $self->{process} = Career::Process->new(
            name => 'Postgres', log => "$self->{dir}/log", user => server_user(), stop => 'INT',
            command => [bin() . '/postgres', '-D', $self->{data}, map { ('-c', $_) } @settings, @listen]);
        return $self if eval { $self->_begin; 1 };
        die $@ unless $self->{tcp} && $self->log =~ /could not bind/;
    }
    die $@;
}

sub _begin ($self) {
    unlink "$self->{data}/postmaster.pid" if $self->{crashed};    # of a process that we have seen die
    delete $self->{crashed};
    $self->_log_file;
    $self->{process}->start;
    $self->{process}->wait_ready(sub { (eval { read_file("$self->{data}/postmaster.pid") } // '') =~ /^(?:ready|standby)/m });
    $self->{fixed_port} = 1;
    return;
}

sub _log_file ($self) {
    open my $out, '>>', "$self->{dir}/log" or die "$self->{dir}/log: $!\n";
    return;
}

sub process ($self) { return $self->{process} }
sub stop ($self) { $self->{was_away} = 1; return !$self->{process} || $self->{process}->stop }
sub freeze ($self) { $self->{was_away} = 1; return $self->{process}->freeze }
sub thaw ($self) { return $self->{process}->thaw }
sub log ($self) { return read_file("$self->{dir}/log") }

sub crash ($self) {
    $self->{was_away} = $self->{crashed} = 1;
    return $self->{process}->crash;
}

# Another server that follows this one as a streaming replica, not started yet. Both need a port or a socket.
sub standby ($self, %with) {
    make_path($with{dir});
    mkdir "$with{dir}/data";
    chmod 0700, "$with{dir}/data";
    if (as_root()) {
        chmod 0711, $with{dir};
        chown((getpwnam server_user())[2, 3], "$with{dir}/data");
    }
    _as_server("$with{dir}/backup", undef, bin() . '/pg_basebackup', '-D', "$with{dir}/data", '-R', '-X', 'stream',
        '-c', 'fast', '--no-sync', '-d', $self->conninfo_for(user => 'postgres', dbname => 'postgres'));
    return Career::Postgres->new(%with);
}

sub promote ($self) { return $self->psql('SELECT pg_promote(true, 60)') eq 't' }

# What libpq needs to get here, for CareerDatabase.
sub conninfo_for ($self, %with) {
    my %all = (host => $self->{socket}, user => 'career', dbname => 'career', %with);
    $all{port} //= $self->{port} if $self->{port};
    return conninfo(map { $_ => $all{$_} } sort keys %all);
}

sub _psql ($self, %with) {
    local $ENV{PGOPTIONS} = '-c client_min_messages=warning';
    my @command = ('psql', '-X', '-q', '-A', '-t', '-F', "\x1f", '-v', 'ON_ERROR_STOP=1', @{ $with{arguments} // [] },
        '-d', $self->conninfo_for(user => $with{user} // 'postgres', $with{database} ? (dbname => $with{database}) : ()));
    my $pid = open3(my $in, my $out, undef, @command);
    binmode $_, ':utf8' for $in, $out;
    return ($pid, $in, $out);
}

# Runs SQL as the superuser (user => another) and returns what psql prints; dies with its message.
sub psql ($self, $sql, %with) {
    local $SIG{PIPE} = 'IGNORE';
    my ($pid, $in, $out) = $self->_psql(%with);
    print {$in} $sql;
    close $in;
    my $text = do { local $/; readline $out } // '';
    waitpid $pid, 0;
    $? and die "psql: $text\n";
    return $text =~ s/\n\z//r;
}

# The same as a list of rows, each a list of strings.
sub rows ($self, $sql, %with) {
    return map { [split /\x1f/, $_, -1] } split /\n/, $self->psql($sql, %with);
}

# A connection that stays, to hold locks with: ->do(SQL) returns what it printed, ->close ends it.
sub session ($self, %with) {
    my ($pid, $in, $out) = $self->_psql(%with, arguments => ['-n', '-v', 'ON_ERROR_STOP=0']);
    $in->autoflush(1);
    return bless { pid => $pid, in => $in, out => $out, turn => 0 }, 'Career::Postgres::Session';
}

# The migrations of the tree, in order, by the owner of the database, as an operator would.
sub migrate ($self, %with) {
    my @files = sort glob(quotemeta($with{from} // tree() . '/sql') . '/[0-9]*.sql');
    return unless @files;
    $self->psql('', user => 'career', %with, arguments => [map { ('-f', $_) } @files]);
    return;
}

package Career::Postgres::Session;
use v5.36;

sub begin ($self, $sql) {
    my $mark = '-- end of ' . ++$self->{turn};
    print { $self->{in} } "$sql\n\\echo '$mark'\n";
    return;
}

sub finish ($self) {
    my ($mark, $text) = ("-- end of $self->{turn}", '');
    while (defined(my $line = readline $self->{out})) {
        return $text =~ s/\n\z//r if $line eq "$mark\n";
        $text .= $line;
    }
    die "psql ended: $text\n";
}

sub do ($self, $sql) { $self->begin($sql); return $self->finish }

sub close ($self) {
    return unless $self->{pid};
    CORE::close $self->{in};
    waitpid delete $self->{pid}, 0;
    return;
}

sub DESTROY ($self) { local $?; return $self->close }

1;
