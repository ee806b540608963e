/*
 * The native launcher: starts and ends commands for a server that holds its standard input and output. What the two say to each
 * other is in src/execution/runner/protocol.ts, what the launcher promises in src/execution/runner/launcher.ts.
 *
 *   main.c      the event loop, and what the server asks for
 *   wire.c      frames in, frames out
 *   seat.c      a seat: room for one command at a time, and when it must end
 *   starter.c   the process behind a seat, which forks, contains and reaps the commands
 *   self.c      what a command could change of that process
 *   enclosure.c the sandbox of a command, as far as it is not another program's
 *   inside.c    the first process in a sandbox
 *   starters.c  how such a process is made and ended
 *   probe.c     what this host offers
 *   descent.c   who descends from whom, where there is no namespace
 *   output.c    what a command writes: in memory while it is little, in a file otherwise
 *   limits.c    the cgroups of a seat, what a command may use, and what it used
 */
#ifndef LAUNCHER_H
#define LAUNCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What the kernel takes for arguments and environment, and the paths of one launch, with room for the pointers to them. */
#define ARENA_BYTES (2304u * 1024u)
#define DETAIL_BYTES 256

/* ---- wire.c ---- */

struct bytes {
  char *data;
  size_t length, capacity;
};

void bytes_append(struct bytes *bytes, const void *data, size_t length);

/* False at the end of standard input. `take` gets each whole request, its fields each ended by NUL. */
bool wire_read(void (*take)(char *fields, size_t length));
void report_begin(const char *op);
void report_text(const char *text);
void report_number(int64_t number);
void report_bytes(const char *data, size_t length);
void report_end(void);
/* Writes what the server takes now; true where some is left for later. */
bool wire_flush(void);

/* ---- output.c ---- */

struct output {
  int pipe; /* read end, non-blocking */
  const char *path;
  uint64_t limit, bytes;
  double file_from; /* monotonic ms: from then on a file has what was written, so that it can be watched */
  int file;         /* -1: all of it is held in memory */
  size_t held_length;
  char *held;
  bool stopped; /* the rest is dropped */
};

enum taken { TAKEN_ALL, TAKEN_LIMIT, TAKEN_FAULT };

void output_begin(struct output *output, const char *path, uint64_t limit, double file_from);
/* Takes what is in the pipe, one chunk or all of it. `fault` is told where the file can't be written. */
enum taken output_take(struct output *output, bool all, char *fault);
enum taken output_to_file(struct output *output, char *fault);
/* What comes from now on is dropped. */
void output_end(struct output *output);

/* ---- starter.c, and what it shares with the launcher, each writing while the other waits ---- */

enum containment { PID_NAMESPACE, USER_PID_NAMESPACE, SUBREAPER };

/* A sandbox, as `Enclosure` in enclosure.ts has it. */
struct enclosure {
  bool wanted, has_user;
  uid_t user; /* and group */
  const char *filter;
  const char *secrets; /* each ended by NUL */
  size_t secrets_length;
};

/* Of each process of a command; 0: not limited. */
struct limits {
  uint64_t cpu_seconds, file_bytes, open_files;
};

/* Of a command with all that descends from it. */
struct usage {
  int64_t cpu_us, written_bytes; /* the latter -1 where this host can't tell */
};

struct shared {
  const char *directory;
  struct enclosure enclosure;
  char **arguments;
  char **environment;
  uint64_t lock_limit;
  struct limits limits;
  struct usage usage;
  int status;          /* of the shell, as wait(2) has it */
  bool killed_running; /* the shell was alive when it was killed */
  bool spent;          /* the command has changed what the next one would find */
  char fault[DETAIL_BYTES];
  _Alignas(16) char arena[ARENA_BYTES];
};

/* From the launcher to a starter, a byte each. */
#define RUN 'R'
#define TERMINATE 'T'
#define KILL 'K'
/* From a starter to the launcher. */
#define READY 'Y'
#define NOT_BEGUN 'F'
#define SHELL_ENDED 'S' /* and has left others behind */
#define ALL_ENDED 'E'

struct starter_ends {
  struct shared *shared;
  int control, output, error;
  int64_t place; /* of the seat */
  uid_t user; /* as they are outside */
  gid_t group;
};

_Noreturn void starter_main(const struct starter_ends *ends);

/* ---- self.c ---- */

/* In a starter: its limits, its share of the processors and which of them it may use; and whether all that is so still. */
void self_remember(void);
bool self_is_as_made(void);

/* ---- enclosure.c ---- */

/* What the first process in a sandbox says, in memory that it shares with the starter. */
struct told {
  int begun, ended;
  int status; /* of the shell, as wait(2) has it */
};

/* The descriptor on which it does. DESCRIPTORS in enclosure.ts has all of them. */
#define TOLD_FD 5

/* Before each command. Null where it can't be had, errno says why. */
struct told *enclosure_prepare(const struct enclosure *enclosure);
/* Between fork and exec; null, or what could not be had, errno says why. */
/* What makes the sandbox copies its first process into it, held to the limits of the command. */
void enclosure_leave_room(struct limits *limits);
const char *enclosure_enter(const struct enclosure *enclosure, const char *directory);

/* ---- inside.c ---- */

_Noreturn void inside_main(char **arguments);

/* ---- descent.c ---- */

/* Sends a signal to all that descends from this process, but not to the spared ones (null: nobody) and theirs; says to how many. */
size_t signal_descendants(int signal, bool (*is_spared)(pid_t pid));
/* SIGTERM, then SIGCONT, to all of them that have not been met so. They are stopped first: what they fork would be missed, and what
   they start since they are to end must not be met. */
void terminate_descendants(struct bytes *met);
/* For a millisecond. */
void let_others_run(void);

/* ---- seat.c ---- */

enum source { REQUESTS, REPORTS, CONTROL, OUTPUT, ERROR };

struct watched {
  enum source source;
  struct seat *seat;
};

struct seat {
  struct seat *next;
  int64_t place; /* its number, which names its cgroups */
  struct shared *shared;
  pid_t starter; /* 0: none */
  int control;
  struct output output, error;
  struct watched watched[ERROR + 1];
  bool busy;
  /* The command that it runs. */
  int64_t id;
  double end_by, kill_at, give_up_at; /* monotonic ms, INFINITY: never */
  bool terminating, killing, overdue, limit_reached;
  char fault[DETAIL_BYTES];
};

struct launch {
  int64_t id;
  uint64_t lock_limit, max_output;
  struct limits limits;
  double end_by;
  const char *directory, *output_path, *error_path, *command;
  struct enclosure enclosure;
  char *words; /* of the sandbox: what comes before the command; each ended by NUL */
  size_t word_count;
  char *environment; /* each ended by NUL, an empty one after the last */
  size_t environment_count;
};

/* That of a place, into whose arena the fields of a launch are put. Null: it can't be had, `fault` says why. */
struct seat *seat_take(int64_t place, char *fault);
void seat_set_words(struct shared *shared, const struct launch *launch, char **pointers);
void seat_launch(struct seat *seat, const struct launch *launch);
/* That runs a command, or whose process it is; null: there is none. */
struct seat *seat_of(int64_t id);
struct seat *seat_behind(pid_t starter);
void seat_stop(struct seat *seat, double grace);
void seat_heard(struct seat *seat);
void seat_wrote(struct seat *seat, struct output *output);
/* Kills what is due, and says when to come again, in ms; -1: never. */
int seats_keep_time(void);
void seats_reap(void);
bool seats_busy(void);
void seats_kill_all(void);
void seats_dispose(void);

/* ---- starters.c ---- */

extern enum containment contained_by;

bool starter_start(struct seat *seat, char *fault);
/* Kills it, with all that it has started. */
void starter_end(struct seat *seat);
/* It is dead. */
void starter_let_go(struct seat *seat);
/* What a starter left that died before its command: this process is the next one to get its orphans. */
void end_orphans(void);
void send_order(const struct seat *seat, char order);
/* The next word of a starter; 0 where it says nothing. */
char hear_within(const struct seat *seat, int ms);
void close_from(int first);

/* ---- probe.c ---- */

/* Finds the strongest containment that works here, by use. Null where none does, `fault` says why. */
const char *probe(const char *forced, char *fault);

/* ---- limits.c ---- */

/* The directories in which each place has its cgroup, kept for good. */
void limits_set_cgroups(char **directories, size_t count);
/* In a starter: false where it can't enter the cgroups of its place, errno says why. */
bool limits_enter_cgroups(int64_t place);
/* Between fork and exec. */
bool limits_apply(const struct limits *limits);
/* In a starter: what its command has used is counted anew from here; and told. */
void usage_begin(void);
void usage_add(int64_t cpu_us);
/* The starter itself has written so many bytes. */
void usage_own(int64_t bytes);
struct usage usage_now(void);

/* ---- main.c ---- */

double now(void);
void watch(int fd, struct watched *watched);

#endif
