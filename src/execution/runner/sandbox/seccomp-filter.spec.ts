import { describe, expect, it } from '@jest/globals';
import { DENIED_CALLS, GUARDED_CALLS } from './denied-calls.js';
import { compileFilter, type FilteredMachine, FILTERED_MACHINES } from './seccomp-filter.js';

const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;
const EAFNOSUPPORT = 0x00050061;
const MACHINES = { x64: 0xc000003e, arm64: 0xc00000b7 };
const READ = { x64: 0, arm64: 63 };

/** What the kernel does with it. */
function verdict(filter: Buffer, call: number, machine: number, args: readonly number[] = []): number {
  const data = new Map([
    [0, call],
    [4, machine],
    ...args.map((value, index) => [16 + 8 * index, value] as const),
  ]);
  let loaded = 0;
  for (let at = 0; at < filter.length; at += 8) {
    const operand = filter.readUInt32LE(at + 4);
    const skip = (holds: boolean): number => 8 * filter.readUInt8(at + (holds ? 2 : 3));
    switch (filter.readUInt16LE(at)) {
      case 0x20:
        loaded = data.get(operand) ?? 0;
        break;
      case 0x15:
        at += skip(loaded === operand);
        break;
      case 0x35:
        at += skip(loaded >= operand);
        break;
      case 0x45:
        at += skip((loaded & operand) !== 0);
        break;
      case 0x06:
        return operand;
      default:
        throw new Error('no such instruction');
    }
  }
  throw new Error('the filter has no end');
}

describe.each(FILTERED_MACHINES)('the filter of system calls on %s', (name: FilteredMachine) => {
  const filter = compileFilter(name);
  const ask = (call: number | null, ...args: number[]): number =>
    verdict(filter, call ?? -1, MACHINES[name], args);

  it('allows what is not named', () => {
    expect(ask(READ[name])).toBe(ALLOW);
  });

  it('kills who speaks to the kernel as another machine does', () => {
    const other = name === 'x64' ? 0x40000003 : 0x40000028;
    expect(verdict(filter, READ[name], other)).toBe(KILL);
  });

  it.each(Object.entries(DENIED_CALLS))('denies %s', (_call, numbers) => {
    if (numbers[name] !== null) expect(ask(numbers[name])).toBe(EPERM);
  });

  it('denies clone where it makes namespaces', () => {
    const clone = GUARDED_CALLS.clone[name];
    expect(ask(clone, 17)).toBe(ALLOW);
    for (const flag of [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000])
      expect(ask(clone, flag | 17)).toBe(EPERM);
    expect(ask(GUARDED_CALLS.clone3[name])).toBe(ENOSYS);
  });

  it('denies typing into a terminal', () => {
    const ioctl = GUARDED_CALLS.ioctl[name];
    expect(ask(ioctl, 0, 0x5401)).toBe(ALLOW);
    expect(ask(ioctl, 0, 0x5412)).toBe(EPERM);
    expect(ask(ioctl, 0, 0x541c)).toBe(EPERM);
  });

  it('allows the usual personalities, and sockets that namespaces hold', () => {
    expect(ask(GUARDED_CALLS.personality[name], 0xffffffff)).toBe(ALLOW);
    expect(ask(GUARDED_CALLS.personality[name], 0x40000)).toBe(EPERM);
    for (const family of [1, 2, 10, 16]) expect(ask(GUARDED_CALLS.socket[name], family)).toBe(ALLOW);
    for (const family of [17, 29, 38, 40]) expect(ask(GUARDED_CALLS.socket[name], family)).toBe(EAFNOSUPPORT);
  });

  if (name === 'x64')
    it('has no calls of x32', () => {
      expect(ask(0x40000000 + READ.x64)).toBe(ENOSYS);
    });
});
