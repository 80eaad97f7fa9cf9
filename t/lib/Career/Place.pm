# SPDX-License-Identifier: Apache-2.0
# Where things are and who may see them: the tree, the build, folders for servers, users, free ports.
package Career::Place;
use v5.36;

use Cwd        qw(abs_path);
use Exporter   qw(import);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use IO::Socket::INET;

our @EXPORT_OK = qw(tree build_dir as_root server_user web_user temp_dir enterable free_port held_port port_is_free
    write_file read_file conninfo);

my $tree = abs_path(dirname(__FILE__) . '/../../..');

sub tree { return $tree }

# $CAREER_BUILD is relative to the tree: build, or build/asan.
sub build_dir { return "$tree/" . ($ENV{CAREER_BUILD} // 'build') }

sub as_root { return $> == 0 }

sub _first_user (@names) {
    for my $name (@names) { return $name if defined getpwnam $name }
    die "none of these users exists: @names\n";
}

# Postgres refuses to run as root, and httpd's children should not.
sub server_user { return as_root() ? _first_user(qw(postgres nobody)) : undef }
sub web_user { return as_root() ? _first_user(qw(www-data apache http nobody)) : undef }

# May any user get there? Only root's servers care, for they become somebody else.
sub enterable ($path) {
    for (my $at = abs_path($path); ; $at = dirname($at)) {
        return 0 unless (stat $at)[2] & 0001;
        return 1 if $at eq '/';
    }
}

# A fresh folder for servers. Names of sockets must stay below 108 bytes, so that a long $TMPDIR will not do.
sub temp_dir ($name = 'career') {
    my ($base) = grep { defined && length() < 60 && -d && -w _ } $ENV{TMPDIR}, '/var/tmp', '/tmp';
    $base = '/var/tmp' if as_root() && !enterable($base);
    my $dir = tempdir("$name-XXXXXX", DIR => $base);
    chmod 0711, $dir if as_root();
    return $dir;
}

sub port_is_free ($port, $host = '127.0.0.1') {
    my $socket = IO::Socket::INET->new(LocalAddr => $host, LocalPort => $port, Proto => 'tcp', Listen => 1,
        ReuseAddr => 1);
    return defined $socket;
}

# A socket on a free port: one that listens, or (listen => 0) one that refuses whoever comes, as long as it is open.
# Nobody else can have the port meanwhile.
sub held_port (%with) {
    for (1 .. 5) {
        my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => free_port(), Proto => 'tcp',
            $with{listen} // 1 ? (Listen => 128, ReuseAddr => 1) : ());
        return $socket if $socket;
    }
    die "no free port can be had\n";
}

# Below the range from which the kernel takes ports of outgoing connections. Whoever listens on it must still be
# ready to lose the race for it and ask for another.
sub free_port {
    for (1 .. 200) {
        my $port = 20000 + int rand 12000;
        return $port if port_is_free($port);
    }
    die "no free port between 20000 and 32000\n";
}

sub write_file ($path, $content, $mode = undef) {
    my $new = "$path.new$$";
    open my $out, '>:raw', $new or die "$new: $!\n";
    chmod $mode, $new if defined $mode;
    print {$out} $content;
    close $out or die "$new: $!\n";
    rename $new, $path or die "$path: $!\n";
    return $path;
}

sub read_file ($path) {
    open my $in, '<:raw', $path or die "$path: $!\n";
    local $/;
    return readline($in) // '';
}

# key => value pairs as libpq reads them
sub conninfo (@pairs) {
    my @words;
    while (my ($key, $value) = splice @pairs, 0, 2) {
        $value = "'" . $value =~ s/([\\'])/\\$1/gr . "'" unless $value =~ m{\A[\w/.:-]+\z};
        push @words, "$key=$value";
    }
    return join ' ', @words;
}

srand($$ ^ time);
1;
