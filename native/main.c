#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 64
#define LAST_REPORTS_MS 1000

static int events_fd;
static struct watched requests = {REQUESTS, NULL}, reports = {REPORTS, NULL};
static bool closing, refused_to_start;
static volatile sig_atomic_t child_changed;

double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

void watch(int fd, struct watched *watched) {
  struct epoll_event event = {.events = watched->source == REPORTS ? 0 : EPOLLIN, .data.ptr = watched};
  epoll_ctl(events_fd, EPOLL_CTL_ADD, fd, &event);
}

/* ---- requests ---- */

static char *next_field(char **fields) {
  char *field = *fields;
  *fields += strlen(field) + 1;
  return field;
}

static int64_t next_number(char **fields) { return strtoll(next_field(fields), NULL, 10); }

/* Empty: never. */
static double next_time(char **fields) {
  const char *field = next_field(fields);
  return field[0] == '\0' ? INFINITY : strtod(field, NULL);
}

static void start(char *fields) {
  char fault[DETAIL_BYTES] = "";
  const char *forced = next_field(&fields);
  /* The instance, which the client alone has a use for. */
  next_field(&fields);
  limits_set_cgroups(&fields, (size_t)next_number(&fields));
  const char *containment = probe(forced, fault);
  report_begin(containment == NULL ? "unable" : "ready");
  report_text(containment == NULL ? fault : containment);
  report_end();
  refused_to_start = containment == NULL;
}

static void refuse(int64_t id, const char *detail) {
  report_begin("refused");
  report_number(id);
  report_text(detail);
  report_end();
}

static void take_enclosure(struct launch *launch, char **fields) {
  struct enclosure *enclosure = &launch->enclosure;
  const char *user = next_field(fields);
  enclosure->has_user = user[0] != '\0';
  enclosure->user = (uid_t)strtoul(user, NULL, 10);
  enclosure->filter = next_field(fields);
  launch->word_count = (size_t)next_number(fields);
  enclosure->wanted = launch->word_count > 0;
  launch->words = *fields;
  for (size_t left = launch->word_count; left > 0; left -= 1) next_field(fields);
  size_t secrets = (size_t)next_number(fields);
  enclosure->secrets = *fields;
  for (; secrets > 0; secrets -= 1) next_field(fields);
  enclosure->secrets_length = (size_t)(*fields - enclosure->secrets);
}

static void launch(char *fields, const char *end) {
  char fault[DETAIL_BYTES] = "";
  struct launch launch = {.id = next_number(&fields)};
  int64_t place = next_number(&fields);
  size_t words = (size_t)(end - fields);
  struct seat *seat = words > ARENA_BYTES ? NULL : seat_take(place, fault);
  if (seat == NULL) return refuse(launch.id, fault[0] == '\0' ? "command and environment together are too long" : fault);
  /* Where the starter can read them too. */
  memcpy(seat->shared->arena, fields, words);
  fields = seat->shared->arena;
  launch.lock_limit = strtoull(next_field(&fields), NULL, 10);
  launch.max_output = strtoull(next_field(&fields), NULL, 10);
  launch.end_by = next_time(&fields);
  launch.limits.cpu_seconds = strtoull(next_field(&fields), NULL, 10);
  launch.limits.file_bytes = strtoull(next_field(&fields), NULL, 10);
  launch.limits.open_files = strtoull(next_field(&fields), NULL, 10);
  launch.directory = next_field(&fields);
  launch.output_path = next_field(&fields);
  launch.error_path = next_field(&fields);
  launch.command = next_field(&fields);
  take_enclosure(&launch, &fields);
  launch.environment_count = (size_t)next_number(&fields);
  launch.environment = fields;
  seat_launch(seat, &launch);
}

static void take_request(char *fields, size_t length) {
  const char *end = fields + length, *op = next_field(&fields);
  if (strcmp(op, "start") == 0) return start(fields);
  if (strcmp(op, "launch") == 0) return launch(fields, end);
  struct seat *seat = seat_of(next_number(&fields));
  if (seat == NULL) return;
  if (strcmp(op, "stop") == 0) seat_stop(seat, next_time(&fields));
  if (strcmp(op, "endBy") == 0) seat->end_by = next_time(&fields);
}

/* ---- the loop ---- */

static void close_down(void) {
  closing = true;
  epoll_ctl(events_fd, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
  seats_kill_all();
}

static void handle(const struct watched *watched) {
  switch (watched->source) {
  case REQUESTS:
    if (!wire_read(take_request)) close_down();
    break;
  case CONTROL:
    seat_heard(watched->seat);
    break;
  case OUTPUT:
    seat_wrote(watched->seat, &watched->seat->output);
    break;
  case ERROR:
    seat_wrote(watched->seat, &watched->seat->error);
    break;
  case REPORTS:
    break;
  }
}

static void flush(void) {
  static bool waiting;
  bool left = wire_flush();
  if (left == waiting) return;
  waiting = left;
  struct epoll_event event = {.events = left ? EPOLLOUT : 0, .data.ptr = &reports};
  epoll_ctl(events_fd, EPOLL_CTL_MOD, STDOUT_FILENO, &event);
}

static void child_has_changed(int signal) {
  (void)signal;
  child_changed = 1;
}

static void set_up(void) {
  /* What the shell or supervisor handed on that started the server. */
  close_from(STDERR_FILENO + 1);
  /* It ends with its standard input, never by a signal meant for the service as a whole. */
  const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE};
  for (size_t at = 0; at < sizeof ignored / sizeof *ignored; at += 1) signal(ignored[at], SIG_IGN);
  sigaction(SIGCHLD, &(struct sigaction){.sa_handler = child_has_changed}, NULL);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  events_fd = epoll_create1(EPOLL_CLOEXEC);
  fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
  fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
  watch(STDIN_FILENO, &requests);
  watch(STDOUT_FILENO, &reports);
}

int main(int words, char **arguments) {
  if (words > 2 && strcmp(arguments[1], "inside") == 0) inside_main(arguments + 2);
  set_up();
  sigset_t none, child;
  sigemptyset(&none);
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, NULL);
  while (!(closing && !seats_busy()) && !refused_to_start) {
    struct epoll_event events[EVENTS];
    int count = epoll_pwait(events_fd, events, EVENTS, seats_keep_time(), &none);
    /* Before all that has come meanwhile: this process may have been stopped. */
    seats_keep_time();
    if (child_changed) {
      child_changed = 0;
      seats_reap();
    }
    for (int at = 0; at < count; at += 1) handle(events[at].data.ptr);
    flush();
  }
  seats_dispose();
  /* A server that closed the one pipe still reads the other. */
  struct pollfd reader = {.fd = STDOUT_FILENO, .events = POLLOUT};
  while (wire_flush() && poll(&reader, 1, LAST_REPORTS_MS) > 0) continue;
  return refused_to_start ? 1 : 0;
}
