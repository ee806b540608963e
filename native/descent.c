#include "launcher.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOOK_AGAIN_NS 1000000
/* Whoever does not stop within that time is not waited for: it is all of a grace that may be short. */
#define STOPPED_WITHIN_MS 50

struct process {
  pid_t pid, parent, group;
  bool descends, zombie;
  /* By a signal, by who traces it, or in the kernel, as after a vfork: it can't fork. */
  bool halted;
};

/* Its second field is a name in parentheses that may itself hold anything. */
static bool read_process(const char *pid, struct process *process) {
  char path[64], stat[1024], state;
  int parent, group;
  snprintf(path, sizeof path, "/proc/%s/stat", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t length = read(fd, stat, sizeof stat - 1);
  close(fd);
  if (length <= 0) return false;
  stat[length] = '\0';
  const char *rest = strrchr(stat, ')');
  if (rest == NULL || sscanf(rest, ") %c %d %d", &state, &parent, &group) != 3) return false;
  *process = (struct process){.pid = atoi(pid), .parent = parent, .group = group};
  process->zombie = state == 'Z' || state == 'X';
  process->halted = state == 'T' || state == 't' || state == 'D';
  return true;
}

static struct bytes all_processes(void) {
  struct bytes found = {0};
  DIR *directory = opendir("/proc");
  if (directory == NULL) return found;
  for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    struct process process;
    if (isdigit((unsigned char)entry->d_name[0]) && read_process(entry->d_name, &process))
      bytes_append(&found, &process, sizeof process);
  }
  closedir(directory);
  return found;
}

static int by_pid(const void *one, const void *other) {
  pid_t a = ((const struct process *)one)->pid, b = ((const struct process *)other)->pid;
  return (a > b) - (a < b);
}

static bool descends(const struct process *all, size_t count, pid_t pid) {
  if (pid == getpid()) return true;
  struct process key = {.pid = pid};
  const struct process *found = bsearch(&key, all, count, sizeof *all, by_pid);
  return found != NULL && found->descends;
}

static void mark_descendants(struct process *all, size_t count, bool (*is_spared)(pid_t)) {
  for (bool found = true; found;) {
    found = false;
    for (size_t at = 0; at < count; at += 1) {
      if (all[at].descends || !descends(all, count, all[at].parent)) continue;
      if (is_spared != NULL && is_spared(all[at].pid)) continue;
      all[at].descends = found = true;
    }
  }
}

/* Those that are alive, by their ids. */
static struct bytes descendants(bool (*is_spared)(pid_t)) {
  struct bytes found = all_processes();
  struct process *all = (struct process *)(void *)found.data;
  size_t count = found.length / sizeof *all, kept = 0;
  if (count > 0) qsort(all, count, sizeof *all, by_pid);
  mark_descendants(all, count, is_spared);
  for (size_t at = 0; at < count; at += 1)
    if (all[at].descends && !all[at].zombie) all[kept++] = all[at];
  found.length = kept * sizeof *all;
  return found;
}

size_t signal_descendants(int signal, bool (*is_spared)(pid_t pid)) {
  struct bytes found = descendants(is_spared);
  const struct process *all = (const struct process *)(const void *)found.data;
  size_t count = found.length / sizeof *all;
  for (size_t at = 0; at < count; at += 1) {
    /* What forks and exits faster than /proc can be read is met only by a signal to its whole group. */
    if (signal == SIGKILL && all[at].group > 1 && all[at].group != getpgrp()) kill(-all[at].group, signal);
    kill(all[at].pid, signal);
  }
  free(found.data);
  return count;
}

static bool holds(const struct bytes *processes, pid_t pid) {
  const struct process *all = (const struct process *)(const void *)processes->data;
  for (size_t at = 0; at < processes->length / sizeof *all; at += 1)
    if (all[at].pid == pid) return true;
  return false;
}

/* Then they fork no more: whoever is just forking stops only after that. */
static bool are_halted(const struct bytes *processes, size_t first) {
  const struct process *all = (const struct process *)(const void *)processes->data;
  for (size_t at = first; at < processes->length / sizeof *all; at += 1) {
    char pid[16];
    struct process process;
    snprintf(pid, sizeof pid, "%d", all[at].pid);
    if (read_process(pid, &process) && !process.halted && !process.zombie) return false;
  }
  return true;
}

static bool stop_fresh(struct bytes *met) {
  struct bytes found = descendants(NULL);
  const struct process *all = (const struct process *)(const void *)found.data;
  bool any = false;
  for (size_t at = 0; at < found.length / sizeof *all; at += 1) {
    if (holds(met, all[at].pid)) continue;
    kill(all[at].pid, SIGSTOP);
    bytes_append(met, &all[at], sizeof *all);
    any = true;
  }
  free(found.data);
  return any;
}

void let_others_run(void) { nanosleep(&(struct timespec){.tv_nsec = LOOK_AGAIN_NS}, NULL); }

void terminate_descendants(struct bytes *met) {
  size_t first = met->length / sizeof(struct process);
  for (double until = now() + STOPPED_WITHIN_MS; now() < until;) {
    bool at_rest = are_halted(met, first);
    if (stop_fresh(met)) continue;
    if (at_rest) break;
    let_others_run();
  }
  const struct process *all = (const struct process *)(const void *)met->data;
  size_t count = met->length / sizeof *all;
  for (size_t at = first; at < count; at += 1) kill(all[at].pid, SIGTERM);
  /* The youngest first: whoever loses its parent while it is stopped gets a SIGHUP from the kernel. */
  for (size_t at = count; at > first; at -= 1) kill(all[at - 1].pid, SIGCONT);
}
