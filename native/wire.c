#include "launcher.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LENGTH_BYTES 4
#define CHUNK_BYTES 65536

static struct bytes requests, reports;
static size_t frame_start;

void bytes_append(struct bytes *bytes, const void *data, size_t length) {
  if (bytes->length + length > bytes->capacity) {
    size_t capacity = (bytes->length + length) * 2;
    char *grown = realloc(bytes->data, capacity);
    if (grown == NULL) abort();
    bytes->data = grown;
    bytes->capacity = capacity;
  }
  if (length > 0) memcpy(bytes->data + bytes->length, data, length);
  bytes->length += length;
}

static void drop_first(struct bytes *bytes, size_t length) {
  bytes->length -= length;
  if (bytes->length > 0) memmove(bytes->data, bytes->data + length, bytes->length);
}

static uint32_t length_at(const char *data) {
  const unsigned char *byte = (const unsigned char *)data;
  return byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 | (uint32_t)byte[3] << 24;
}

static void take_frames(void (*take)(char *, size_t)) {
  size_t taken = 0;
  while (requests.length - taken >= LENGTH_BYTES) {
    size_t length = length_at(requests.data + taken);
    if (requests.length - taken - LENGTH_BYTES < length) break;
    take(requests.data + taken + LENGTH_BYTES, length);
    taken += LENGTH_BYTES + length;
  }
  drop_first(&requests, taken);
}

bool wire_read(void (*take)(char *fields, size_t length)) {
  static char chunk[CHUNK_BYTES];
  for (;;) {
    ssize_t length = read(STDIN_FILENO, chunk, sizeof chunk);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EAGAIN) return true;
    if (length <= 0) return false;
    bytes_append(&requests, chunk, (size_t)length);
    take_frames(take);
    if ((size_t)length < sizeof chunk) return true;
  }
}

void report_begin(const char *op) {
  frame_start = reports.length;
  bytes_append(&reports, "\0\0\0\0", LENGTH_BYTES);
  report_text(op);
}

void report_text(const char *text) { bytes_append(&reports, text, strlen(text) + 1); }

void report_number(int64_t number) {
  char text[24];
  snprintf(text, sizeof text, "%" PRId64, number);
  report_text(text);
}

void report_bytes(const char *data, size_t length) { bytes_append(&reports, data, length); }

void report_end(void) {
  size_t length = reports.length - frame_start - LENGTH_BYTES;
  for (int byte = 0; byte < LENGTH_BYTES; byte += 1)
    reports.data[frame_start + (size_t)byte] = (char)(length >> (8 * byte));
}

bool wire_flush(void) {
  size_t written = 0;
  while (written < reports.length) {
    ssize_t length = write(STDOUT_FILENO, reports.data + written, reports.length - written);
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EAGAIN) break;
    /* The server is gone, which the end of standard input says too. */
    if (length < 0) written = reports.length;
    else written += (size_t)length;
  }
  drop_first(&reports, written);
  return reports.length > 0;
}
