/*
 * The least that the jobs of the benchmark take on this machine: the work of bare-loop.js without Node.
 * vfork-loop DIRECTORY JOBS CONCURRENCY: runs `/bin/sh -c true` so often, so many at once, each in a directory of its own
 * with its standard output in a file there; prints the seconds.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONCURRENCY = 256, MAX_PATH = 4096 };

struct job {
  pid_t pid;
  int output;
  char directory[MAX_PATH];
};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void path_of_output(const struct job *job, char path[MAX_PATH + 8]) {
  snprintf(path, MAX_PATH + 8, "%s/stdout", job->directory);
}

static void start(struct job *job, const char *root, long number, int nothing) {
  char path[MAX_PATH + 8];
  snprintf(job->directory, sizeof job->directory, "%s/%ld", root, number);
  path_of_output(job, path);
  if (mkdir(job->directory, 0777) != 0) err(1, "mkdir %s", job->directory);
  job->output = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (job->output < 0) err(1, "open %s", path);
  job->pid = vfork();
  if (job->pid < 0) err(1, "vfork");
  if (job->pid != 0) return;
  if (chdir(job->directory) == 0 && dup2(nothing, 0) == 0 && dup2(job->output, 1) == 1 && dup2(nothing, 2) == 2)
    execl("/bin/sh", "sh", "-c", "true", (char *)NULL);
  _exit(127);
}

static void finish(const struct job *job, int status) {
  char path[MAX_PATH + 8];
  path_of_output(job, path);
  if (status != 0) errx(1, "the command of %s failed", job->directory);
  if (close(job->output) != 0 || unlink(path) != 0 || rmdir(job->directory) != 0) err(1, "%s", job->directory);
}

int main(int count, char **arguments) {
  static struct job jobs[MAX_CONCURRENCY];
  if (count != 4) errx(2, "usage: vfork-loop DIRECTORY JOBS CONCURRENCY");
  const char *root = arguments[1];
  const long total = atol(arguments[2]);
  const long places = atol(arguments[3]);
  if (places < 1 || places > MAX_CONCURRENCY) errx(2, "CONCURRENCY is 1 to %d", MAX_CONCURRENCY);
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  const double began = now();
  long next = 0;
  for (; next < places && next < total; next++) start(&jobs[next], root, next, nothing);
  for (long ended = 0; ended < total; ended++) {
    int status;
    const pid_t pid = wait(&status);
    if (pid < 0) err(1, "wait");
    struct job *job = jobs;
    while (job->pid != pid) job++;
    finish(job, status);
    if (next < total) start(job, root, next++, nothing);
  }
  printf("%f\n", now() - began);
  return 0;
}
