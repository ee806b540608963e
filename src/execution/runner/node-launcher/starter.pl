# The starter of the launcher in Node where there is Perl; perl-starter.ts tells what it reads and says. One command at a time:
# a fork and one exec, of the command itself. It loads no module but this one, and warns by -w: each fork copies what is loaded.
use strict;

# Numbers of system calls, which are the processor's; then directories of cgroups.
my ($SETRLIMIT, $SETSID, $DUP3, $MEMFD_CREATE, $EXECVE, $COMMAND_GROUP, @PLACE_GROUPS) = @ARGV;
my %LIMIT = (cpu_seconds => 0, file_bytes => 1, core => 4, open_files => 7, locks => 10);
# As fcntl.h, sys/mman.h and sys/wait.h have them.
my ($O_RDONLY, $O_WRONLY, $F_DUPFD, $F_SETFD, $FD_CLOEXEC, $MFD_CLOEXEC, $WNOHANG) = (0, 1, 0, 2, 1, 1, 1);
my ($STDIN, $STDOUT, $STDERR) = (0, 1, 2);
# What the launcher gives: opened anew by each command, since what one sets on its own, such as O_NONBLOCK, is not for the next.
my ($OUTPUT, $ERRORS) = (3, 4);
# As sandbox/enclosure.ts has them.
my ($FILTER, $SECRETS, $TOLD) = (3, 4, 5);
my $BEYOND_ALL = 10;
my $LENGTH_BYTES = 4;
my $SMALL_BYTES = 16_384;
my $CANNOT_EXEC = 126;

# Where reports go also while standard output is the command's.
my $reports = ours(fcntl(STDOUT, $F_DUPFD, $BEYOND_ALL));
my @outputs = (ours($OUTPUT), ours($ERRORS));
my @default_signals = default_signals();

for my $group (@PLACE_GROUPS) {
  enter($group) or say("F $group: $!");
}
say('E 0');
while (1) { run(received(unpack('V', received($LENGTH_BYTES)))) }

# Closed by exec.
sub ours {
  my ($descriptor) = @_;
  open(my $handle, '>&=', $descriptor) or die "descriptor: $!";
  fcntl($handle, $F_SETFD, $FD_CLOEXEC) or die "descriptor: $!";
  return $handle;
}

sub say {
  my ($line) = @_;
  syswrite($reports, "$line\n");
}

sub received {
  my ($bytes) = @_;
  my $read = read(STDIN, my $text, $bytes);
  exit unless defined $read && $read == $bytes;
  return $text;
}

sub order_in {
  my @fields = split(/\0/, $_[0], -1);
  my %order = map { $_ => shift @fields } qw(directory locks cpu_seconds file_bytes open_files);
  $order{$_} = [splice(@fields, 0, shift @fields)] for qw(environment words words_inside);
  $order{filter} = shift @fields;
  $order{secrets} = [splice(@fields, 0, shift @fields)];
  return \%order;
}

# A small order is taken apart before the fork, after which each page that is written to is copied; a large one by the child, so
# that this process stays as small as it is.
sub run {
  my ($text) = @_;
  my $order = length($text) <= $SMALL_BYTES ? order_in($text) : undef;
  my $command = fork();
  return say("F fork: $!\nE 0") unless defined $command;
  become($order // order_in($text)) if $command == 0;
  undef $text;
  say('E ' . status_of($command));
}

# Whatever lost its parent is a child of this process too, where that is the first of its namespace.
sub status_of {
  my ($command) = @_;
  while (1) {
    my $ended = waitpid(-1, 0);
    my $status = $?;
    next if $ended != $command;
    1 while waitpid(-1, $WNOHANG) > 0;
    return $status;
  }
}

# ---- between fork and exec ----

sub become {
  my ($order) = @_;
  my $enclosed = $order->{filter} ne '';
  chdir($order->{directory}) or cannot('the working directory');
  limit($order);
  syscall($SETSID) >= 0 or cannot('a session');
  chdir('/') if $enclosed;
  take_as($STDIN, '/dev/null', $O_RDONLY);
  take_as($STDOUT, "/proc/self/fd/$OUTPUT", $O_WRONLY);
  take_as($STDERR, "/proc/self/fd/$ERRORS", $O_WRONLY);
  hand_in($order) if $enclosed;
  # Perl itself ignores it.
  $SIG{FPE} = 'DEFAULT';
  my @words = (@{$order->{words}}, $enclosed ? (@default_signals, @{$order->{words_inside}}) : ());
  # By the system call: Perl's own makes the environment one variable at a time, each search longer than the last.
  syscall($EXECVE, path_of($words[0]), pack('p*', @words, undef), pack('p*', @{$order->{environment}}, undef));
  cannot($words[0]);
}

sub limit {
  my ($order) = @_;
  if ($COMMAND_GROUP ne '') { enter($COMMAND_GROUP) or cannot($COMMAND_GROUP) }
  # Where memory runs out, the kernel takes the command before this process.
  write_to('/proc/self/oom_score_adj', 1000);
  set_limit(locks => $order->{locks});
  set_limit(core => 0);
  for my $name (qw(cpu_seconds file_bytes open_files)) {
    next if $order->{$name} == 0;
    set_limit($name => $order->{$name}) or cannot('the limits');
  }
}

sub set_limit {
  my ($name, $value) = @_;
  return syscall($SETRLIMIT, $LIMIT{$name}, pack('Q2', $value, $value)) == 0;
}

sub hand_in {
  my ($order) = @_;
  duplicate(secrets_in_memory($order->{secrets}), $SECRETS);
  take_as($FILTER, $order->{filter}, $O_RDONLY);
  duplicate($reports, $TOLD);
}

sub secrets_in_memory {
  my ($secrets) = @_;
  my $descriptor = syscall($MEMFD_CREATE, my $name = 'secrets', $MFD_CLOEXEC);
  cannot('memory for secrets') if $descriptor < 0;
  open(my $memory, '+>&=', $descriptor) or cannot('memory for secrets');
  print {$memory} (map { "$_\0" } @$secrets) or cannot('memory for secrets');
  # Writes what is still held back, too.
  seek($memory, 0, 0) or cannot('memory for secrets');
  return $memory;
}

sub take_as {
  my ($descriptor, $path, $flags) = @_;
  sysopen(my $opened, $path, $flags) or cannot($path);
  duplicate($opened, $descriptor);
}

# The duplicate is not closed by exec.
sub duplicate {
  my ($handle, $descriptor) = @_;
  cannot('descriptor') if syscall($DUP3, fileno($handle), $descriptor, 0) < 0;
}

sub cannot {
  my ($what) = @_;
  say("F $what: $!");
  exit($CANNOT_EXEC);
}

# ---- the rest ----

sub enter {
  my ($group) = @_;
  return write_to("$group/cgroup.procs", 0);
}

sub write_to {
  my ($path, $text) = @_;
  open(my $file, '>', $path) or return 0;
  return defined syswrite($file, $text);
}

sub path_of {
  my ($program) = @_;
  return $program if $program =~ m{/};
  for my $directory (split(/:/, $ENV{PATH})) {
    return "$directory/$program" if -x "$directory/$program";
  }
  return $program;
}

# What has `env` undo the ignored SIGINT and SIGQUIT that POSIX gives background children; nothing where it isn't GNU's.
sub default_signals {
  my @words = ('--default-signal=INT,QUIT');
  my $process = fork();
  die "fork: $!" unless defined $process;
  if ($process == 0) {
    close(STDERR);
    exec('env', @words, 'true') or exit($CANNOT_EXEC);
  }
  waitpid($process, 0);
  return $? == 0 ? @words : ();
}
