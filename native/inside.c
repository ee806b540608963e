#include "launcher.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The first process of a sandbox. It runs the command, and tells how that ended; with it the kernel ends all others. */

#define CANNOT_BEGIN 126

static volatile sig_atomic_t terminated, not_begun;

static void asked_to_end(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)context;
  /* Of a process outside; the command must not be able to outlive its shell. */
  if (info->si_pid == 0) terminated = 1;
}

static void tell(const struct told *told) {
  if (pwrite(TOLD_FD, told, sizeof *told, 0) < 0) _exit(CANNOT_BEGIN);
}

static void set_up(void) {
  /* The command, which is of the same user, can't have its descriptors. */
  prctl(PR_SET_DUMPABLE, 0);
  for (int fd = STDERR_FILENO + 1; fd < TOLD_FD; fd += 1) close(fd);
  close_from(TOLD_FD + 1);
  fcntl(TOLD_FD, F_SETFD, FD_CLOEXEC);
  sigaction(SIGTERM, &(struct sigaction){.sa_sigaction = asked_to_end, .sa_flags = SA_SIGINFO | SA_RESTART}, NULL);
}

static _Noreturn void become(char **arguments) {
  sigset_t none;
  sigemptyset(&none);
  sigaction(SIGTERM, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
  sigprocmask(SIG_SETMASK, &none, NULL);
  setsid();
  execv(arguments[0], arguments);
  perror(arguments[0]);
  not_begun = 1;
  _exit(CANNOT_BEGIN);
}

static pid_t begin(char **arguments) {
  pid_t shell = vfork();
  if (shell == 0) become(arguments);
  if (shell < 0 || not_begun) _exit(CANNOT_BEGIN);
  return shell;
}

_Noreturn void inside_main(char **arguments) {
  set_up();
  pid_t shell = begin(arguments), pid;
  struct told told = {.begun = 1};
  tell(&told);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  int status;
  while ((pid = waitpid(-1, &status, __WALL)) > 0) {
    if (pid != shell) continue;
    told.status = status;
    told.ended = 1;
    tell(&told);
    /* What is left has the rest of the grace, where there is one. */
    if (!terminated) break;
  }
  _exit(0);
}
