#include "launcher.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct process {
  pid_t pid, parent, group;
  bool descends, zombie;
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
  *process = (struct process){.pid = atoi(pid), .parent = parent, .group = group, .zombie = state == 'Z' || state == 'X'};
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
      if (all[at].descends || is_spared(all[at].pid) || !descends(all, count, all[at].parent)) continue;
      all[at].descends = found = true;
    }
  }
}

size_t signal_descendants(int signal, bool (*is_spared)(pid_t pid)) {
  struct bytes found = all_processes();
  struct process *all = (struct process *)(void *)found.data;
  size_t count = found.length / sizeof *all, reached = 0;
  if (count > 0) qsort(all, count, sizeof *all, by_pid);
  mark_descendants(all, count, is_spared);
  for (size_t at = 0; at < count; at += 1) {
    if (!all[at].descends || all[at].zombie) continue;
    reached += 1;
    /* What forks and exits faster than /proc can be read is met only by a signal to its whole group. */
    if (signal == SIGKILL && all[at].group > 1 && all[at].group != getpgrp()) kill(-all[at].group, signal);
    kill(all[at].pid, signal);
  }
  free(found.data);
  return reached;
}
