#include "launcher.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define OOM_SCORE "/proc/self/oom_score_adj"
/* Before its starter, the launcher and the server: where memory runs out, the command has used it. */
#define CHOSEN_FIRST "1000"

static struct {
  char **directories;
  size_t count;
} cgroups;
/* Of the command that runs. */
static int64_t cpu_us, own_bytes, written_before;
static int io = -1;

/* ---- cgroups: a starter enters those of its place once, and all that it forks is born there ---- */

void limits_set_cgroups(char **fields, size_t count) {
  cgroups.directories = calloc(count + 1, sizeof *cgroups.directories);
  if (cgroups.directories == NULL) abort();
  cgroups.count = count;
  for (size_t at = 0; at < count; at += 1) {
    cgroups.directories[at] = strdup(*fields);
    *fields += strlen(*fields) + 1;
  }
}

static bool write_text(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  bool written = write(fd, text, strlen(text)) >= 0;
  close(fd);
  return written;
}

bool limits_enter_cgroups(int64_t place) {
  for (size_t at = 0; at < cgroups.count; at += 1) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%" PRId64 "/cgroup.procs", cgroups.directories[at], place);
    if (!write_text(path, "0")) return false;
  }
  return true;
}

/* ---- limits of each process ---- */

static bool limit(__rlimit_resource_t resource, uint64_t most) {
  return most == 0 || setrlimit(resource, &(struct rlimit){most, most}) == 0;
}

bool limits_apply(const struct limits *limits) {
  write_text(OOM_SCORE, CHOSEN_FIRST);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  /* The whole tree's time is watched from outside; this one holds should nobody watch. */
  return limit(RLIMIT_CPU, limits->cpu_seconds == 0 ? 0 : limits->cpu_seconds + 1) && limit(RLIMIT_FSIZE, limits->file_bytes) &&
         limit(RLIMIT_NOFILE, limits->open_files);
}

/* ---- usage ---- */

/* By this process and all that it has reaped; -1: the host can't tell. */
static int64_t written_by_all(void) {
  char text[512];
  if (io < 0) io = open("/proc/self/io", O_RDONLY | O_CLOEXEC);
  ssize_t length = io < 0 ? -1 : pread(io, text, sizeof text - 1, 0);
  if (length <= 0) return -1;
  text[length] = '\0';
  const char *written = strstr(text, "wchar: ");
  return written == NULL ? -1 : strtoll(written + strlen("wchar: "), NULL, 10);
}

void usage_begin(void) {
  cpu_us = 0;
  written_before = written_by_all();
  /* Its process writes that before it is the command. */
  own_bytes = (int64_t)strlen(CHOSEN_FIRST);
}

void usage_add(int64_t us) { cpu_us += us; }

void usage_own(int64_t bytes) { own_bytes += bytes; }

struct usage usage_now(void) {
  int64_t written = written_by_all() - written_before - own_bytes;
  return (struct usage){.cpu_us = cpu_us, .written_bytes = io < 0 ? -1 : written < 0 ? 0 : written};
}
