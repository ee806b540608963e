#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define CANNOT_EXEC 126
#define LOOK_AGAIN_MS 2

static struct shared *shared;
static int control, mounts = -1;
static char output_path[32], error_path[32];
/* The shell of the command; 0: it has ended. */
static pid_t shell;
/* The command is running, or something of it is alive. */
static bool occupied, killing;
/* What is told from within its sandbox; null: it has none. */
static volatile struct told *told;
/* It is to get a SIGTERM as soon as it has begun. */
static bool terminating;
/* Who got one; only where there is no namespace, in which the kernel sends it to all in one step. */
static struct bytes met;

static void say(char what) {
  usage_own(1);
  while (write(control, &what, 1) < 0 && errno == EINTR) continue;
}

static _Noreturn void give_up(const char *what) {
  snprintf(shared->fault, sizeof shared->fault, "%s: %s", what, strerror(errno));
  say(NOT_BEGUN);
  _exit(1);
}

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  /* Some kernels have no setgroups file, and want none. */
  if (fd < 0 && errno == ENOENT) return;
  if (fd < 0 || write(fd, text, strlen(text)) < 0) give_up(path);
  close(fd);
}

/* To the very ids that it has outside. */
static void map_user(uid_t user, gid_t group) {
  char map[64];
  write_file("/proc/self/setgroups", "deny");
  snprintf(map, sizeof map, "%u %u 1", user, user);
  write_file("/proc/self/uid_map", map);
  snprintf(map, sizeof map, "%u %u 1", group, group);
  write_file("/proc/self/gid_map", map);
}

static void enter_namespace(void) {
  if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0) give_up("mount /");
  if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) give_up("mount /proc");
  mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
  if (mounts < 0) give_up("/proc/self/mountinfo");
}

static void child_ended(int signal) { (void)signal; }

static void reset_signals(void) {
  for (int signal = 1; signal < NSIG; signal += 1)
    if (signal != SIGKILL && signal != SIGSTOP) sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
  sigaction(SIGCHLD, &(struct sigaction){.sa_handler = child_ended, .sa_flags = SA_NOCLDSTOP}, NULL);
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGCHLD);
  sigprocmask(SIG_SETMASK, &mask, NULL);
}

/* ---- between fork and exec: the place for limits, and for namespaces of a command's own ---- */

static _Noreturn void cannot(const char *what) {
  snprintf(shared->fault, sizeof shared->fault, "%s: %s", what, strerror(errno));
  _exit(CANNOT_EXEC);
}

static void take_as(int descriptor, const char *path, int flags) {
  int fd = open(path, flags);
  if (fd < 0 || dup2(fd, descriptor) < 0) cannot(path);
  if (fd != descriptor) close(fd);
}

/* Runs in the memory of the starter, which waits: it may write to nothing but `shared`. */
static _Noreturn void become_command(void) {
  const struct enclosure *enclosure = &shared->enclosure;
  sigset_t mask;
  sigemptyset(&mask);
  /* Not for the program that makes the sandbox: it would take the command along. */
  if (enclosure->wanted) sigaddset(&mask, SIGTERM);
  sigprocmask(SIG_SETMASK, &mask, NULL);
  setsid();
  struct rlimit mark = {shared->lock_limit, shared->lock_limit};
  setrlimit(RLIMIT_LOCKS, &mark);
  if (chdir(shared->directory) < 0) cannot("the working directory");
  /* Opened anew: what a command sets on its own, such as O_NONBLOCK, is not for the next. */
  take_as(STDIN_FILENO, "/dev/null", O_RDONLY);
  take_as(STDOUT_FILENO, output_path, O_WRONLY);
  take_as(STDERR_FILENO, error_path, O_WRONLY);
  struct limits limits = shared->limits;
  if (enclosure->wanted) enclosure_leave_room(&limits);
  if (!limits_apply(&limits)) cannot("the limits");
  const char *lacking = enclosure->wanted ? enclosure_enter(enclosure, shared->directory) : NULL;
  if (lacking != NULL) cannot(lacking);
  if (enclosure->wanted && chdir("/") < 0) cannot("/");
  execve(shared->arguments[0], shared->arguments, shared->environment);
  cannot(shared->arguments[0]);
}

static void run(void) {
  shared->fault[0] = '\0';
  shared->killed_running = shared->spent = terminating = false;
  met.length = 0;
  usage_begin();
  told = shared->enclosure.wanted ? enclosure_prepare(&shared->enclosure) : NULL;
  bool prepared = told != NULL || !shared->enclosure.wanted;
  pid_t pid = prepared ? vfork() : -1;
  if (pid == 0) become_command();
  if (pid < 0) snprintf(shared->fault, sizeof shared->fault, "fork: %s", strerror(errno));
  if (shared->fault[0] == '\0') {
    shell = pid;
    occupied = true;
    killing = false;
    return;
  }
  if (pid > 0) waitpid(pid, NULL, 0);
  say(NOT_BEGUN);
}

/* ---- until nothing of it is alive ---- */

/* In a namespace: every process but this one, in one step of the kernel's. */
static void kill_all(void) {
  if (contained_by == SUBREAPER) signal_descendants(SIGKILL, NULL);
  else kill(-1, SIGKILL);
}

static void terminate_all(void) {
  if (contained_by == SUBREAPER) return terminate_descendants(&met);
  kill(-1, SIGTERM);
  kill(-1, SIGCONT);
}

static void terminate(void) {
  terminating = told != NULL && !told->begun;
  if (terminating) return;
  terminate_all();
}

/* How the command ended, where what has ended is the program that made its sandbox. */
static int status_within(int status) {
  if (told == NULL) return status;
  return told->ended ? told->status : SIGKILL;
}

static void told_end(void) {
  /* The event counts since the last look. */
  struct pollfd changed = {.fd = mounts, .events = POLLPRI};
  if (mounts >= 0 && poll(&changed, 1, 0) > 0) shared->spent = true;
  if (!self_is_as_made()) shared->spent = true;
  bool begun = told == NULL || told->begun || killing;
  if (!begun) snprintf(shared->fault, sizeof shared->fault, "the sandbox can't be made");
  occupied = killing = terminating = false;
  shared->usage = usage_now();
  say(begun ? ALL_ENDED : NOT_BEGUN);
}

/* All that a command leaves becomes a child of this process, so where there is none, nothing is alive. */
static void reap(void) {
  bool shell_ended = false;
  for (;;) {
    int status;
    struct rusage used;
    pid_t pid = wait4(-1, &status, WNOHANG | __WALL, &used);
    if (pid < 0 && errno == EINTR) continue;
    if (pid < 0) break;
    if (pid == 0) {
      if (shell_ended) say(SHELL_ENDED);
      return;
    }
    usage_add((used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 + used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    if (pid != shell) continue;
    shared->status = status_within(status);
    shell = 0;
    shell_ended = true;
    /* A shell that held the signal back while it forked left a child that nobody has asked to end. */
    if (met.length > 0 && told == NULL && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) terminate_all();
  }
  if (occupied) told_end();
}

static void obey(char order) {
  if (order == RUN) run();
  if (order == TERMINATE) terminate();
  if (order == KILL) {
    shared->killed_running = shell != 0 && (told == NULL || !told->ended);
    killing = occupied;
  }
}

_Noreturn void starter_main(const struct starter_ends *ends) {
  shared = ends->shared;
  control = ends->control;
  snprintf(output_path, sizeof output_path, "/proc/self/fd/%d", ends->output);
  snprintf(error_path, sizeof error_path, "/proc/self/fd/%d", ends->error);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, "job-starter");
  /* Whoever starts a command is not to be put off the processor by it; its share stays the same. */
  sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
  reset_signals();
  if (contained_by == SUBREAPER && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) give_up("subreaper");
  if (contained_by == USER_PID_NAMESPACE) map_user(ends->user, ends->group);
  if (!limits_enter_cgroups(ends->place)) give_up("its cgroups");
  if (contained_by != SUBREAPER) enter_namespace();
  self_remember();
  say(READY);
  sigset_t none;
  sigemptyset(&none);
  for (;;) {
    struct pollfd asked = {.fd = control, .events = POLLIN};
    struct timespec again = {.tv_nsec = LOOK_AGAIN_MS * 1000000};
    char order;
    int ready = ppoll(&asked, 1, killing || terminating ? &again : NULL, &none);
    if (ready > 0) {
      ssize_t length = read(control, &order, 1);
      if (length == 0) _exit(0);
      if (length > 0) obey(order);
    }
    if (terminating) terminate();
    if (killing) kill_all();
    reap();
  }
}
