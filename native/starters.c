#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READY_WITHIN_MS 3000

enum containment contained_by;

void send_order(const struct seat *seat, char order) {
  /* Two or three bytes at the most are under way: it never blocks. One to a starter that just died is heard of. */
  while (send(seat->control, &order, 1, MSG_NOSIGNAL) < 0 && errno == EINTR) continue;
}

void close_from(int first) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, (unsigned)first, ~0U, 0) == 0) return;
#endif
  for (int fd = (int)sysconf(_SC_OPEN_MAX); fd >= first; fd -= 1) close(fd);
}

/* Nothing of the launcher's stays open in a starter but its three ends. */
static void keep_only(struct starter_ends *ends) {
  int *kept[] = {&ends->control, &ends->output, &ends->error};
  const int first = STDERR_FILENO + 1, clear_of = first + 3;
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < first; fd += 1) dup2(null, fd);
  for (int at = 0; at < 3; at += 1) *kept[at] = fcntl(*kept[at], F_DUPFD_CLOEXEC, clear_of);
  for (int at = 0; at < 3; at += 1) *kept[at] = dup3(*kept[at], first + at, O_CLOEXEC);
  close_from(clear_of);
}

static pid_t fork_starter(struct starter_ends *ends) {
  const unsigned long flags[] = {
      [PID_NAMESPACE] = CLONE_NEWPID | CLONE_NEWNS,
      [USER_PID_NAMESPACE] = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS,
      [SUBREAPER] = 0,
  };
  ends->user = getuid();
  ends->group = getgid();
  pid_t pid = (pid_t)syscall(SYS_clone, flags[contained_by] | SIGCHLD, 0, 0, 0, 0);
  if (pid != 0) return pid;
  keep_only(ends);
  starter_main(ends);
}

static void close_ends(const int *pair) {
  close(pair[0]);
  close(pair[1]);
}

char hear_within(const struct seat *seat, int ms) {
  char word = 0;
  struct pollfd told = {.fd = seat->control, .events = POLLIN};
  int ready;
  while ((ready = poll(&told, 1, ms)) < 0 && errno == EINTR) continue;
  if (ready > 0 && read(seat->control, &word, 1) < 0) return 0;
  return word;
}

static bool is_starter(pid_t pid) { return seat_behind(pid) != NULL; }

void end_orphans(void) {
  if (contained_by != SUBREAPER) return;
  while (signal_descendants(SIGKILL, is_starter) > 0) {
    seats_reap();
    let_others_run();
  }
}

void starter_let_go(struct seat *seat) {
  close(seat->control);
  close(seat->output.pipe);
  close(seat->error.pipe);
  seat->starter = 0;
}

/* With a namespace's first process the kernel ends all in it, and lets it be reaped only then. */
void starter_end(struct seat *seat) {
  if (seat->starter == 0) return;
  kill(seat->starter, SIGKILL);
  while (waitpid(seat->starter, NULL, 0) < 0 && errno == EINTR) continue;
  starter_let_go(seat);
  end_orphans();
}

static bool open_ends(int *control, int *output, int *error) {
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0) return false;
  if (pipe2(output, O_CLOEXEC) == 0) {
    if (pipe2(error, O_CLOEXEC) == 0) return true;
    close_ends(output);
  }
  close_ends(control);
  return false;
}

bool starter_start(struct seat *seat, char *fault) {
  int control[2], output[2], error[2];
  if (!open_ends(control, output, error)) return snprintf(fault, DETAIL_BYTES, "pipes: %s", strerror(errno)), false;
  struct starter_ends ends = {.shared = seat->shared, .control = control[1], .output = output[1], .error = error[1], .place = seat->place};
  pid_t pid = fork_starter(&ends);
  int cause = errno;
  close(control[1]);
  close(output[1]);
  close(error[1]);
  seat->control = control[0];
  seat->output.pipe = output[0];
  seat->error.pipe = error[0];
  seat->starter = pid < 0 ? 0 : pid;
  if (pid > 0 && hear_within(seat, READY_WITHIN_MS) == READY) {
    int *const nonblocking[] = {&seat->control, &seat->output.pipe, &seat->error.pipe};
    for (int at = 0; at < 3; at += 1) fcntl(*nonblocking[at], F_SETFL, O_NONBLOCK);
    return true;
  }
  snprintf(fault, DETAIL_BYTES, "%s", pid < 0 ? strerror(cause) : seat->shared->fault);
  if (pid > 0) starter_end(seat);
  else starter_let_go(seat);
  return false;
}

