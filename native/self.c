#include "launcher.h"

#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* IOPRIO_WHO_PROCESS, which no header of glibc's has. */
#define WHO_PROCESS 1

/* What a command may change of its parent, and all that is forked later would inherit. */
struct self {
  struct rlimit limits[RLIM_NLIMITS];
  struct sched_param share;
  int nice, policy;
  long io_priority;
  cpu_set_t processors;
};

static struct self made;

static void look(struct self *self) {
  /* Whole, as it is compared. */
  memset(self, 0, sizeof *self);
  for (int resource = 0; resource < RLIM_NLIMITS; resource += 1)
    getrlimit((__rlimit_resource_t)resource, &self->limits[resource]);
  sched_getparam(0, &self->share);
  self->nice = getpriority(PRIO_PROCESS, 0);
  self->policy = sched_getscheduler(0);
  self->io_priority = syscall(SYS_ioprio_get, WHO_PROCESS, 0);
  sched_getaffinity(0, sizeof self->processors, &self->processors);
}

void self_remember(void) { look(&made); }

bool self_is_as_made(void) {
  struct self now_is;
  look(&now_is);
  return memcmp(&now_is, &made, sizeof made) == 0;
}
