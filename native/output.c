#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWNER_ONLY 0600
#define CHUNK_BYTES 65536
/* So much is told with the end of the command, and needs no file: HELD_BYTES in protocol.ts. */
#define HELD_BYTES 16384

void output_begin(struct output *output, const char *path, uint64_t limit, double file_from) {
  /* A command may have changed it through /dev/stdout. */
  fchmod(output->pipe, OWNER_ONLY);
  output->path = path;
  output->limit = limit;
  output->bytes = 0;
  output->file_from = file_from;
  output->file = -1;
  output->held_length = 0;
  output->stopped = false;
}

static enum taken failed(char *fault) {
  snprintf(fault, DETAIL_BYTES, "%s", strerror(errno));
  return TAKEN_FAULT;
}

/* Blocks: that is the backpressure, and the bound on memory. */
static enum taken write_whole(const struct output *output, const char *data, size_t length, char *fault) {
  while (length > 0) {
    ssize_t written = write(output->file, data, length);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed(fault);
    data += written;
    length -= (size_t)written;
  }
  return TAKEN_ALL;
}

enum taken output_to_file(struct output *output, char *fault) {
  if (output->file >= 0) return TAKEN_ALL;
  /* Whatever a command put there meanwhile was not asked for. */
  unlink(output->path);
  output->file = open(output->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, OWNER_ONLY);
  if (output->file < 0) return failed(fault);
  return write_whole(output, output->held, output->held_length, fault);
}

static enum taken keep(struct output *output, const char *data, size_t length, char *fault) {
  if (output->file < 0 && output->held_length + length <= HELD_BYTES && now() < output->file_from) {
    if (output->held == NULL && (output->held = malloc(HELD_BYTES)) == NULL) return failed(fault);
    memcpy(output->held + output->held_length, data, length);
    output->held_length += length;
    return TAKEN_ALL;
  }
  if (output_to_file(output, fault) == TAKEN_FAULT) return TAKEN_FAULT;
  return write_whole(output, data, length, fault);
}

static enum taken keep_within_limit(struct output *output, const char *data, size_t length, char *fault) {
  uint64_t room = output->limit - output->bytes;
  size_t kept = length < room ? length : (size_t)room;
  enum taken taken = kept == 0 ? TAKEN_ALL : keep(output, data, kept, fault);
  if (taken == TAKEN_ALL) output->bytes += kept;
  if (taken == TAKEN_ALL && kept < length) taken = TAKEN_LIMIT;
  output->stopped = taken != TAKEN_ALL;
  return taken;
}

enum taken output_take(struct output *output, bool all, char *fault) {
  static char chunk[CHUNK_BYTES];
  enum taken taken = TAKEN_ALL;
  do {
    ssize_t length = read(output->pipe, chunk, sizeof chunk);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) break;
    if (!output->stopped) taken = keep_within_limit(output, chunk, (size_t)length, fault);
  } while (all);
  return taken;
}

void output_end(struct output *output) {
  if (output->file >= 0) close(output->file);
  output->file = -1;
  output->stopped = true;
}
