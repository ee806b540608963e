/* To be preloaded: each flush takes SLOW_FLUSH_US microseconds more, in the thread that asks for it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

static void take_longer(void)
{
    const char *microseconds = getenv("SLOW_FLUSH_US");
    if (microseconds)
        usleep((useconds_t)atol(microseconds));
}

typedef int flush(int);

int fsync(int fd)
{
    take_longer();
    return ((flush *)dlsym(RTLD_NEXT, "fsync"))(fd);
}

int fdatasync(int fd)
{
    take_longer();
    return ((flush *)dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
