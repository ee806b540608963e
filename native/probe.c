#include "launcher.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#define ANSWER_WITHIN_MS 3000
#define PROBE_EXIT_CODE 7

/* Leaves a child behind: with the right exit code this has shown a start, a report and a kill. */
static bool try_out(char *fault) {
  static char environment[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const struct launch launch = {.directory = "/", .command = "sleep 1000 & exit 7", .environment = environment, .environment_count = 1};
  struct seat *seat = seat_take(0, fault);
  if (seat == NULL) return false;
  seat_set_words(seat->shared, &launch, (char **)(void *)seat->shared->arena);
  send_order(seat, RUN);
  bool survived = hear_within(seat, ANSWER_WITHIN_MS) == SHELL_ENDED;
  if (survived) send_order(seat, KILL);
  bool ended = survived && hear_within(seat, ANSWER_WITHIN_MS) == ALL_ENDED;
  int status = seat->shared->status;
  if (ended && WIFEXITED(status) && WEXITSTATUS(status) == PROBE_EXIT_CODE) return true;
  snprintf(fault, DETAIL_BYTES, "a command did not start, or did not end as it should");
  starter_end(seat);
  return false;
}

const char *probe(const char *forced, char *fault) {
  static const char *const names[] = {
      [PID_NAMESPACE] = "pid-namespace", [USER_PID_NAMESPACE] = "pid-namespace", [SUBREAPER] = "subreaper"};
  snprintf(fault, DETAIL_BYTES, "the native launcher has no such containment");
  for (enum containment kind = PID_NAMESPACE; kind <= SUBREAPER; kind += 1) {
    if (forced[0] != '\0' && strcmp(forced, names[kind]) != 0) continue;
    contained_by = kind;
    if (try_out(fault)) return names[kind];
  }
  return NULL;
}
