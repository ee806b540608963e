/** Number of a system call on each machine; null: it has none. */
export interface CallNumbers {
  readonly x64: number | null;
  readonly arm64: number | null;
}

const on = (x64: number | null, arm64: number | null): CallNumbers => ({ x64, arm64 });

/** What a command has no use for, and what breaks out of sandboxes are made of: EPERM, whatever the arguments. */
export const DENIED_CALLS: Readonly<Record<string, CallNumbers>> = {
  // What is mounted where.
  mount: on(165, 40),
  umount2: on(166, 39),
  pivot_root: on(155, 41),
  chroot: on(161, 51),
  mount_setattr: on(442, 442),
  open_tree: on(428, 428),
  move_mount: on(429, 429),
  fsopen: on(430, 430),
  fsconfig: on(431, 431),
  fsmount: on(432, 432),
  fspick: on(433, 433),
  swapon: on(167, 224),
  swapoff: on(168, 225),
  quotactl: on(179, 60),
  quotactl_fd: on(443, 443),
  // Namespaces; clone and clone3 have rules of their own.
  unshare: on(272, 97),
  setns: on(308, 268),
  // Other processes.
  ptrace: on(101, 117),
  process_vm_readv: on(310, 270),
  process_vm_writev: on(311, 271),
  process_madvise: on(440, 440),
  pidfd_getfd: on(438, 438),
  kcmp: on(312, 272),
  // Keys are not in any namespace.
  keyctl: on(250, 219),
  add_key: on(248, 217),
  request_key: on(249, 218),
  // Wide ways into the kernel.
  bpf: on(321, 280),
  perf_event_open: on(298, 241),
  userfaultfd: on(323, 282),
  io_uring_setup: on(425, 425),
  io_uring_enter: on(426, 426),
  io_uring_register: on(427, 427),
  // Files by handle, past all directories.
  open_by_handle_at: on(304, 265),
  name_to_handle_at: on(303, 264),
  fanotify_init: on(300, 262),
  lookup_dcookie: on(212, 18),
  // The machine itself.
  kexec_load: on(246, 104),
  kexec_file_load: on(320, 294),
  init_module: on(175, 105),
  finit_module: on(313, 273),
  delete_module: on(176, 106),
  create_module: on(174, null),
  query_module: on(178, null),
  get_kernel_syms: on(177, null),
  reboot: on(169, 142),
  acct: on(163, 89),
  syslog: on(103, 116),
  settimeofday: on(164, 170),
  clock_settime: on(227, 112),
  clock_adjtime: on(305, 266),
  adjtimex: on(159, 171),
  sethostname: on(170, 161),
  setdomainname: on(171, 162),
  vhangup: on(153, 58),
  nfsservctl: on(180, 42),
  iopl: on(172, null),
  ioperm: on(173, null),
  modify_ldt: on(154, null),
  uselib: on(134, null),
  _sysctl: on(156, null),
};

/** Those of which it depends on an argument. */
export const GUARDED_CALLS = {
  clone: on(56, 220),
  clone3: on(435, 435),
  ioctl: on(16, 29),
  personality: on(135, 92),
  socket: on(41, 198),
} satisfies Record<string, CallNumbers>;
