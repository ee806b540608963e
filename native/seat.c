#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A command that runs longer may be watched: what it has written goes to the file. HELD_MS in protocol.ts. */
#define HELD_MS 100
/* A starter that has not told the end by then was stopped by its command, or is lost. */
#define TOLD_WITHIN_MS 1000
/* A command line beyond this is given back to the kernel. */
#define USUAL_ARENA_BYTES 65536

static struct seat *seats;

static struct seat *new_seat(int64_t place) {
  struct seat *seat = calloc(1, sizeof *seat);
  if (seat == NULL) return NULL;
  seat->shared = mmap(NULL, sizeof *seat->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (seat->shared == MAP_FAILED) return free(seat), NULL;
  seat->output.file = seat->error.file = -1;
  seat->place = place;
  for (enum source source = CONTROL; source <= ERROR; source += 1) seat->watched[source] = (struct watched){source, seat};
  seat->next = seats;
  seats = seat;
  return seat;
}

struct seat *seat_take(int64_t place, char *fault) {
  struct seat *seat = seats;
  while (seat != NULL && seat->place != place) seat = seat->next;
  if (seat == NULL) seat = new_seat(place);
  if (seat != NULL && seat->busy) return snprintf(fault, DETAIL_BYTES, "the place is taken"), NULL;
  if (seat == NULL) return snprintf(fault, DETAIL_BYTES, "%s", strerror(ENOMEM)), NULL;
  if (seat->starter == 0) {
    if (!starter_start(seat, fault)) return NULL;
    watch(seat->control, &seat->watched[CONTROL]);
    watch(seat->output.pipe, &seat->watched[OUTPUT]);
    watch(seat->error.pipe, &seat->watched[ERROR]);
  }
  return seat;
}

/* ---- running a command ---- */

static char **point_at(char **pointers, char *words, size_t count) {
  for (; count > 0; count -= 1) {
    *pointers++ = words;
    words += strlen(words) + 1;
  }
  return pointers;
}

void seat_set_words(struct shared *shared, const struct launch *launch, char **pointers) {
  shared->directory = launch->directory;
  shared->enclosure = launch->enclosure;
  shared->lock_limit = launch->lock_limit;
  shared->limits = launch->limits;
  shared->arguments = pointers;
  pointers = point_at(pointers, launch->words, launch->word_count);
  *pointers++ = "/bin/sh";
  *pointers++ = "-c";
  *pointers++ = (char *)(uintptr_t)launch->command;
  *pointers++ = NULL;
  shared->environment = pointers;
  *point_at(pointers, launch->environment, launch->environment_count) = NULL;
}

static void begin(struct seat *seat, const struct launch *launch) {
  seat->busy = true;
  seat->id = launch->id;
  seat->end_by = launch->end_by;
  seat->kill_at = seat->give_up_at = INFINITY;
  seat->terminating = seat->killing = seat->overdue = seat->limit_reached = false;
  seat->fault[0] = '\0';
  seat->shared->usage = (struct usage){.cpu_us = 0, .written_bytes = -1};
  double file_from = now() + HELD_MS;
  output_begin(&seat->output, launch->output_path, launch->max_output, file_from);
  output_begin(&seat->error, launch->error_path, launch->max_output, file_from);
}

static void free_seat(struct seat *seat) {
  output_end(&seat->output);
  output_end(&seat->error);
  seat->busy = false;
}

static void refuse(struct seat *seat, const char *detail) {
  report_begin("refused");
  report_number(seat->id);
  report_text(detail);
  report_end();
  free_seat(seat);
}

static void tell_end(struct seat *seat, int status) {
  const struct output *streams[] = {&seat->output, &seat->error};
  report_begin("ended");
  report_number(seat->id);
  report_number(WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  report_number(WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  report_number(seat->limit_reached);
  report_number(seat->overdue);
  report_number(seat->shared->usage.cpu_us);
  report_number(seat->shared->usage.written_bytes);
  for (int at = 0; at < 2; at += 1) {
    report_number((int64_t)streams[at]->bytes);
    report_number(streams[at]->file < 0 ? (int64_t)streams[at]->held_length : -1);
  }
  for (int at = 0; at < 2; at += 1)
    if (streams[at]->file < 0) report_bytes(streams[at]->held, streams[at]->held_length);
  report_end();
}

static void kill_command(struct seat *seat) {
  if (seat->killing) return;
  seat->killing = true;
  seat->give_up_at = now() + TOLD_WITHIN_MS;
  send_order(seat, KILL);
}

static void taken(struct seat *seat, enum taken taken) {
  if (taken == TAKEN_LIMIT) seat->limit_reached = true;
  if (taken != TAKEN_ALL) kill_command(seat);
}

/* What the dead have written may still be in the pipes. */
static void drain(struct seat *seat) {
  struct output *streams[] = {&seat->output, &seat->error};
  for (int at = 0; at < 2; at += 1)
    if (output_take(streams[at], true, seat->fault) == TAKEN_LIMIT) seat->limit_reached = true;
}

/* Nothing of the command is alive. */
static void conclude(struct seat *seat, int status) {
  drain(seat);
  if (seat->fault[0] == '\0') {
    tell_end(seat, status);
  } else {
    report_begin("lost");
    report_number(seat->id);
    report_text(seat->fault);
    report_end();
  }
  free_seat(seat);
  struct shared *shared = seat->shared;
  const char *last = (const char *)shared->environment;
  if (last > shared->arena + USUAL_ARENA_BYTES) madvise(shared, sizeof *shared, MADV_REMOVE);
}

void seat_launch(struct seat *seat, const struct launch *launch) {
  struct shared *shared = seat->shared;
  begin(seat, launch);
  /* The pointers come after the words. */
  uintptr_t end = (uintptr_t)launch->environment;
  char *variable = launch->environment;
  for (size_t left = launch->environment_count; left > 0; left -= 1) variable += strlen(variable) + 1;
  end = ((uintptr_t)variable + sizeof(char *)) & ~(uintptr_t)(sizeof(char *) - 1);
  if (end + (launch->word_count + launch->environment_count + 5) * sizeof(char *) > (uintptr_t)shared->arena + ARENA_BYTES)
    return refuse(seat, "command and environment together are too long");
  seat_set_words(shared, launch, (char **)end);
  /* This process may have been stopped. */
  if (seat->end_by <= now()) {
    seat->overdue = true;
    return conclude(seat, SIGKILL);
  }
  send_order(seat, RUN);
}

struct seat *seat_of(int64_t id) {
  for (struct seat *seat = seats; seat != NULL; seat = seat->next)
    if (seat->busy && seat->id == id) return seat;
  return NULL;
}

void seat_stop(struct seat *seat, double grace) {
  double kill_at = now() + grace;
  if (seat->kill_at <= kill_at) return;
  seat->kill_at = kill_at;
  if (grace <= 0) return kill_command(seat);
  if (!seat->terminating) send_order(seat, TERMINATE);
  seat->terminating = true;
}

struct seat *seat_behind(pid_t pid) {
  struct seat *seat = seats;
  while (seat != NULL && seat->starter != pid) seat = seat->next;
  return seat;
}

/* What it has written, if anything, is not a command's: the program said it that was to make the sandbox. */
static void not_begun(struct seat *seat) {
  char detail[DETAIL_BYTES * 4];
  drain(seat);
  const struct output *error = &seat->error;
  int length = error->file < 0 ? (int)error->held_length : 0;
  snprintf(detail, sizeof detail, "%s%s%.*s", seat->shared->fault, length > 0 ? ": " : "", length, error->held);
  refuse(seat, detail);
}

static void ended(struct seat *seat) {
  const struct shared *shared = seat->shared;
  int status = shared->status;
  /* One that came to its end meanwhile was not killed for it. */
  seat->overdue = seat->overdue && shared->killed_running && WIFSIGNALED(status);
  bool spent = shared->spent;
  conclude(seat, status);
  if (spent) starter_end(seat);
}

void seat_heard(struct seat *seat) {
  char word;
  if (seat->starter == 0) return;
  ssize_t length = read(seat->control, &word, 1);
  /* Its ends stay ready then, and a wait that finds something ready lets no signal through. */
  if (length == 0) return seats_reap();
  if (length < 0 || !seat->busy) return;
  if (word == NOT_BEGUN) not_begun(seat);
  if (word == ALL_ENDED) ended(seat);
  if (word != SHELL_ENDED) return;
  if (seat->kill_at == INFINITY) kill_command(seat);
}

void seat_wrote(struct seat *seat, struct output *output) {
  if (seat->starter != 0) taken(seat, output_take(output, false, seat->fault));
}

/* ---- time, and the death of starters ---- */

static double earlier(double one, double other) { return one < other ? one : other; }

/* When a held output must go to its file. */
static double file_due(const struct output *output) {
  return output->file < 0 && output->held_length > 0 ? output->file_from : INFINITY;
}

static double keep_time(struct seat *seat, double time) {
  if (seat->end_by <= time && !seat->killing) {
    seat->overdue = true;
    kill_command(seat);
  }
  if (seat->kill_at <= time) kill_command(seat);
  if (seat->give_up_at <= time) {
    seat->give_up_at = INFINITY;
    kill(seat->starter, SIGKILL);
  }
  struct output *streams[] = {&seat->output, &seat->error};
  double due = seat->killing ? seat->give_up_at : earlier(seat->end_by, seat->kill_at);
  for (int at = 0; at < 2 && !seat->killing; at += 1) {
    if (file_due(streams[at]) <= time) taken(seat, output_to_file(streams[at], seat->fault));
    due = earlier(due, file_due(streams[at]));
  }
  return due;
}

int seats_keep_time(void) {
  double time = now(), due = INFINITY;
  for (struct seat *seat = seats; seat != NULL; seat = seat->next)
    if (seat->busy) due = earlier(due, keep_time(seat, time));
  if (due == INFINITY) return -1;
  double ms = ceil(due - now());
  return ms < 0 ? 0 : ms > 3600000 ? 3600000 : (int)ms;
}

static void starter_died(struct seat *seat) {
  drain(seat);
  starter_let_go(seat);
  end_orphans();
  if (!seat->busy) return;
  if (!seat->killing) snprintf(seat->fault, sizeof seat->fault, "the process that started it died");
  conclude(seat, SIGKILL);
}

void seats_reap(void) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | __WALL)) > 0) {
    struct seat *seat = seat_behind(pid);
    if (seat == NULL) continue;
    /* A command may stop the very process that is to tell its end. */
    if (WIFSTOPPED(status)) kill(pid, SIGCONT);
    else starter_died(seat);
  }
}

bool seats_busy(void) {
  for (const struct seat *seat = seats; seat != NULL; seat = seat->next)
    if (seat->busy) return true;
  return false;
}

void seats_kill_all(void) {
  for (struct seat *seat = seats; seat != NULL; seat = seat->next)
    if (seat->busy) seat_stop(seat, 0);
}

void seats_dispose(void) {
  for (struct seat *seat = seats; seat != NULL; seat = seat->next) starter_end(seat);
}

