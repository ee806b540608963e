import { type CallNumbers, DENIED_CALLS, GUARDED_CALLS } from './denied-calls.js';

/** The machines that a filter can be made for, as `process.arch` has them. */
export const FILTERED_MACHINES = ['x64', 'arm64'] as const;
export type FilteredMachine = (typeof FILTERED_MACHINES)[number];

/** Operations of classic BPF, linux/bpf_common.h. */
const LOAD = 0x20;
const IF_EQUAL = 0x15;
const IF_AT_LEAST = 0x35;
const IF_ANY_BIT = 0x45;
const RETURN = 0x06;

/** Where a filter finds what it is asked about, linux/seccomp.h; machines are little-endian. */
const CALL_AT = 0;
const MACHINE_AT = 4;
const argumentAt = (index: number): number => 16 + index * 8;

const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const failWith = (errno: number): number => 0x00050000 | errno;
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

/** AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64. */
const MACHINES: Readonly<Record<FilteredMachine, number>> = { x64: 0xc000003e, arm64: 0xc00000b7 };
/** From there on x64 has the calls of another of its interfaces (x32). */
const FIRST_X32_CALL = 0x40000000;

/** CLONE_NEWTIME is not among them: there it is a part of a signal's number. */
const CLONE_NEW_NAMESPACES = 0x7e020000;
const TERMINAL_REQUESTS = [0x5412, 0x541c]; // TIOCSTI, TIOCLINUX: type into it
/** Linux, the same in 32 bits, each with an old version's name; and the question which one is set. */
const PERSONALITIES = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];
/** Unix, IPv4, IPv6, netlink. No others: some, such as vsock, know of no namespace. */
const SOCKET_FAMILIES = [1, 2, 10, 16];

interface Instruction {
  readonly code: number;
  readonly operand: number;
  /** Instructions to leave out where a comparison holds, and where it doesn't. */
  readonly ifSo?: number;
  readonly otherwise?: number;
}

const load = (operand: number): Instruction => ({ code: LOAD, operand });
const give = (operand: number): Instruction => ({ code: RETURN, operand });

/** A filter of system calls in the kernel's own form: struct sock_filter, one after the other. */
export function compileFilter(machine: FilteredMachine): Buffer {
  const instructions = [
    load(MACHINE_AT),
    { code: IF_EQUAL, operand: MACHINES[machine], ifSo: 1 },
    give(KILL_PROCESS),
    load(CALL_AT),
    ...(machine === 'x64'
      ? [{ code: IF_AT_LEAST, operand: FIRST_X32_CALL, otherwise: 1 }, give(failWith(ENOSYS))]
      : []),
    ...Object.values(DENIED_CALLS).flatMap((call) => when(call[machine], [give(failWith(EPERM))])),
    ...guards((call) => call[machine]),
    give(ALLOW),
  ];
  return Buffer.concat(instructions.map(encode));
}

function guards(numberOf: (call: CallNumbers) => number | null): Instruction[] {
  const { clone, clone3, ioctl, personality, socket } = GUARDED_CALLS;
  return [
    // Its flags are in memory, which no filter sees; the C library then takes clone.
    ...when(numberOf(clone3), [give(failWith(ENOSYS))]),
    ...when(numberOf(clone), [
      load(argumentAt(0)),
      { code: IF_ANY_BIT, operand: CLONE_NEW_NAMESPACES, otherwise: 1 },
      give(failWith(EPERM)),
      give(ALLOW),
    ]),
    ...when(numberOf(ioctl), [...oneOf(1, TERMINAL_REQUESTS, failWith(EPERM)), give(ALLOW)]),
    ...when(numberOf(personality), [...oneOf(0, PERSONALITIES, ALLOW), give(failWith(EPERM))]),
    ...when(numberOf(socket), [...oneOf(0, SOCKET_FAMILIES, ALLOW), give(failWith(EAFNOSUPPORT))]),
  ];
}

/** For one call only; the instructions must end it. */
function when(call: number | null, instructions: readonly Instruction[]): Instruction[] {
  if (call === null) return [];
  return [{ code: IF_EQUAL, operand: call, otherwise: instructions.length }, ...instructions];
}

/** Ends it where the argument is one of these. */
function oneOf(index: number, values: readonly number[], verdict: number): Instruction[] {
  return [
    load(argumentAt(index)),
    ...values.flatMap((operand) => [{ code: IF_EQUAL, operand, otherwise: 1 }, give(verdict)]),
  ];
}

function encode({ code, operand, ifSo = 0, otherwise = 0 }: Instruction): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt8(ifSo, 2);
  bytes.writeUInt8(otherwise, 3);
  bytes.writeUInt32LE(operand >>> 0, 4);
  return bytes;
}
