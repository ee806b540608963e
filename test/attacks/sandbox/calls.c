/*
 * One attack by a system call each: `calls NAME [ARGUMENT...]`. Prints what it got, `GOT …`, or `STOPPED …`.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int verdict(const char *what, long result) {
  if (result < 0) printf("STOPPED %s: %s\n", what, strerror(errno));
  else printf("GOT %s\n", what);
  return 0;
}

/* Kept apart, so that a call which ends its process ends no other. */
static int in_child(const char *what, void (*attack)(void)) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) attack();
  int status;
  waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) printf("GOT %s\n", what);
  else printf("STOPPED %s: status %d\n", what, status);
  return 0;
}

static int connect_to(const char *what, int family, const struct sockaddr *address, socklen_t length) {
  int fd = socket(family, SOCK_STREAM, 0);
  return verdict(what, fd < 0 ? fd : connect(fd, address, length));
}

static int connect_tcp(const char *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  return connect_to("a port of the host", AF_INET, (struct sockaddr *)&address, sizeof address);
}

static int connect_unix(const char *path, int is_abstract) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path + is_abstract, path, sizeof address.sun_path - 2);
  socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)is_abstract + strlen(path));
  return connect_to("a socket of the host", AF_UNIX, (struct sockaddr *)&address, length);
}

static int trace(pid_t pid) { return verdict("another process to trace", ptrace(PTRACE_SEIZE, pid, 0, 0)); }

static int read_memory(pid_t pid, const char *address) {
  char byte;
  struct iovec own = {&byte, 1}, other = {(void *)strtoull(address, NULL, 16), 1};
  return verdict("another process's memory", process_vm_readv(pid, &own, 1, &other, 1, 0));
}

static void trace_me(void) { _exit(ptrace(PTRACE_TRACEME, 0, 0, 0) < 0); }

static void clone_user(void) {
  long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  _exit(pid < 0);
}

static void clone3_user(void) {
  struct clone_args arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
  long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (pid == 0) _exit(0);
  _exit(pid < 0);
}

static void foreign_call(void) {
#ifdef __x86_64__
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory"); /* getpid of 32-bit programs */
  _exit(result <= 0);
#else
  _exit(1);
#endif
}

static int namespaces(void) {
  in_child("a user namespace by clone", clone_user);
  in_child("a user namespace by clone3", clone3_user);
  return verdict("a user namespace by unshare", unshare(CLONE_NEWUSER));
}

static int mounts(void) {
  verdict("a mount", mount("none", ".", "tmpfs", 0, NULL));
  umount2(".", MNT_DETACH);
  verdict("a mount by the new calls", syscall(SYS_fsopen, "tmpfs", 0));
  return verdict("another root", chroot("."));
}

static int kernel(void) {
  char ring[256] = {0};
  verdict("io_uring", syscall(SYS_io_uring_setup, 1, ring));
  verdict("userfaultfd", syscall(SYS_userfaultfd, 1 /* user mode only */));
  verdict("a key", syscall(SYS_add_key, "user", "attack", "x", 1, KEY_SPEC_PROCESS_KEYRING));
  verdict("another personality", personality(ADDR_NO_RANDOMIZE));
  char handle[128] = {0};
  *(unsigned *)(void *)handle = 64;
  int mount_id;
  return verdict("a file's handle", syscall(SYS_name_to_handle_at, AT_FDCWD, ".", handle, &mount_id, 0));
}

static int terminal(void) {
  int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  if (fd < 0) return verdict("a terminal", fd);
  unlockpt(fd);
  int other = open(ptsname(fd), O_RDWR | O_NOCTTY);
  return verdict("to type into a terminal", ioctl(other, TIOCSTI, "x"));
}

int main(int count, char **arguments) {
  const char *name = count > 1 ? arguments[1] : "", *first = count > 2 ? arguments[2] : "0";
  if (strcmp(name, "tcp") == 0) return connect_tcp(first);
  if (strcmp(name, "unix") == 0) return connect_unix(first, 0);
  if (strcmp(name, "abstract") == 0) return connect_unix(first, 1);
  if (strcmp(name, "trace") == 0) return trace(atoi(first));
  if (strcmp(name, "trace-me") == 0) return in_child("to be traced", trace_me);
  if (strcmp(name, "memory") == 0) return read_memory(atoi(first), count > 3 ? arguments[3] : "0");
  if (strcmp(name, "namespaces") == 0) return namespaces();
  if (strcmp(name, "mounts") == 0) return mounts();
  if (strcmp(name, "kernel") == 0) return kernel();
  if (strcmp(name, "terminal") == 0) return terminal();
  if (strcmp(name, "foreign-call") == 0) return in_child("a call of another machine", foreign_call);
  fprintf(stderr, "no such attack\n");
  return 2;
}
