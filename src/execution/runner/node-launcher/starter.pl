# The starter of the launcher in Node where there is Perl; perl-starter.ts tells what it reads and says. One command at a time:
# a fork and one exec, of the command itself. It loads no module but these two: each fork copies what is loaded.
use strict;
use warnings;

# Numbers of system calls, which are the processor's; then directories of cgroups.
my ($SETRLIMIT, $SETSID, $DUP3, $COMMAND_GROUP, @PLACE_GROUPS) = @ARGV;
my %LIMIT = (cpu_seconds => 0, file_bytes => 1, core => 4, open_files => 7, locks => 10);
# As fcntl.h and sys/wait.h have them.
my ($O_RDONLY, $O_WRONLY, $F_DUPFD, $F_SETFD, $FD_CLOEXEC, $WNOHANG) = (0, 1, 0, 2, 1, 1);
my ($STDIN, $STDOUT, $STDERR) = (0, 1, 2);
# What the launcher gives: opened anew by each command, since what one sets on its own, such as O_NONBLOCK, is not for the next.
my ($OUTPUT, $ERRORS) = (3, 4);
# As sandbox/enclosure.ts has them.
my ($FILTER, $SECRETS, $TOLD) = (3, 4, 5);
my $BEYOND_ALL = 10;
my $CANNOT_EXEC = 126;

$/ = "\0";
# Where reports go also while standard output is the command's.
my $reports = ours(fcntl(STDOUT, $F_DUPFD, $BEYOND_ALL));
my @outputs = (ours($OUTPUT), ours($ERRORS));
my $default_signals;

for my $group (@PLACE_GROUPS) {
  enter($group) or say("F $group: $!");
}
say('E 0');
while (1) { run(order()) }

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

sub field {
  my $field = <STDIN>;
  exit unless defined $field;
  chomp $field;
  return $field;
}

sub fields {
  my $count = field();
  return [map { field() } 1 .. $count];
}

sub order {
  my %order = map { $_ => field() } qw(directory locks cpu_seconds file_bytes open_files);
  $order{$_} = fields() for qw(environment words words_inside);
  $order{filter} = field();
  $order{secrets} = fields();
  return \%order;
}

sub run {
  my ($order) = @_;
  my ($secrets, $teller);
  if ($order->{filter} ne '') {
    $default_signals //= default_signals();
    pipe($secrets, $teller) or return say("F pipe: $!\nE 0");
  }
  my $command = fork();
  return say("F fork: $!\nE 0") unless defined $command;
  become($order, $secrets) if $command == 0;
  if (defined $teller) {
    close($secrets);
    tell_secrets($order->{secrets}, $teller);
  }
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

# By a process of its own, since they may be more than a pipe holds.
sub tell_secrets {
  my ($secrets, $teller) = @_;
  my $process = fork();
  if (defined $process && $process == 0) {
    print {$teller} map { "$_\0" } @$secrets;
    exit;
  }
  close($teller);
}

# ---- between fork and exec ----

sub become {
  my ($order, $secrets) = @_;
  my $enclosed = defined $secrets;
  chdir($order->{directory}) or cannot('the working directory');
  limit($order);
  syscall($SETSID);
  chdir('/') if $enclosed;
  take_as($STDIN, '/dev/null', $O_RDONLY);
  take_as($STDOUT, "/proc/self/fd/$OUTPUT", $O_WRONLY);
  take_as($STDERR, "/proc/self/fd/$ERRORS", $O_WRONLY);
  hand_in($order->{filter}, $secrets) if $enclosed;
  %ENV = map { split(/=/, $_, 2) } @{$order->{environment}};
  my @words = (@{$order->{words}}, $enclosed ? (@$default_signals, @{$order->{words_inside}}) : ());
  { no warnings 'exec'; exec { $words[0] } @words; }
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
  my ($filter, $secrets) = @_;
  duplicate($secrets, $SECRETS);
  take_as($FILTER, $filter, $O_RDONLY);
  duplicate($reports, $TOLD);
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

# What has `env` undo the ignored SIGINT and SIGQUIT that POSIX gives background children; nothing where it isn't GNU's.
sub default_signals {
  my @words = ('--default-signal=INT,QUIT');
  my $process = fork() // return [];
  if ($process == 0) {
    close(STDERR);
    { no warnings 'exec'; exec('env', @words, 'true'); }
    exit($CANNOT_EXEC);
  }
  waitpid($process, 0);
  return $? == 0 ? \@words : [];
}
