#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * Where a working directory can be found by a user who may not enter those above it, within a mount namespace that only the
 * program sees which makes the sandbox. It exists everywhere; STAGED_AT in enclosure.ts.
 */
#define STAGED_AT "/tmp"

static int secrets_fd = -1, told_fd = -1;
static struct told *told;
/* Of the first process inside, which what makes the sandbox copies into it. */
static off_t program_bytes;

static bool make(void) {
  if (told != NULL) return true;
  secrets_fd = memfd_create("secrets", MFD_CLOEXEC);
  told_fd = memfd_create("told", MFD_CLOEXEC);
  if (secrets_fd < 0 || told_fd < 0 || ftruncate(told_fd, sizeof *told) < 0) return false;
  void *memory = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED, told_fd, 0);
  if (memory == MAP_FAILED) return false;
  told = memory;
  struct stat program;
  if (stat("/proc/self/exe", &program) == 0) program_bytes = program.st_size;
  return true;
}

static bool write_secrets(const struct enclosure *enclosure) {
  if (ftruncate(secrets_fd, 0) < 0) return false;
  for (size_t at = 0; at < enclosure->secrets_length;) {
    ssize_t written = pwrite(secrets_fd, enclosure->secrets + at, enclosure->secrets_length - at, (off_t)at);
    if (written < 0) return false;
    at += (size_t)written;
  }
  usage_own((int64_t)enclosure->secrets_length);
  /* Whoever reads it shares the place with this process. */
  return lseek(secrets_fd, 0, SEEK_SET) == 0;
}

struct told *enclosure_prepare(const struct enclosure *enclosure) {
  if (!make() || !write_secrets(enclosure)) return NULL;
  *told = (struct told){0};
  usage_own(program_bytes);
  return told;
}

void enclosure_leave_room(struct limits *limits) {
  uint64_t needed = (uint64_t)program_bytes;
  if (limits->file_bytes != 0 && limits->file_bytes < needed) limits->file_bytes = needed;
}

static const char *stage(const char *directory) {
  if (unshare(CLONE_NEWNS) < 0) return "a mount namespace";
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return "mount /";
  return mount(directory, STAGED_AT, NULL, MS_BIND, NULL) < 0 ? "mount the working directory" : NULL;
}

static const char *become(uid_t user, const char *directory) {
  /* So that they can be opened again through /dev/stdout. */
  if (fchown(STDOUT_FILENO, user, user) < 0 || fchown(STDERR_FILENO, user, user) < 0) return "the owner of a pipe";
  const char *lacking = stage(directory);
  if (lacking != NULL) return lacking;
  return setgroups(0, NULL) < 0 || setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0 ? "another user" : NULL;
}

const char *enclosure_enter(const struct enclosure *enclosure, const char *directory) {
  int filter = open(enclosure->filter, O_RDONLY);
  if (filter < 0) return enclosure->filter;
  int program = open("/proc/self/exe", O_RDONLY);
  if (program < 0) return "/proc/self/exe";
  /* Beyond those that are to be written over. */
  int found[] = {filter, secrets_fd, told_fd, program};
  const int count = sizeof found / sizeof *found, first = STDERR_FILENO + 1;
  for (int at = 0; at < count; at += 1)
    if ((found[at] = fcntl(found[at], F_DUPFD_CLOEXEC, first + count)) < 0) return "descriptors";
  for (int at = 0; at < count; at += 1)
    if (dup2(found[at], first + at) < 0) return "descriptors";
  return enclosure->has_user ? become(enclosure->user, directory) : NULL;
}
