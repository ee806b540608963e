import { fileURLToPath } from 'node:url';
import { type LaunchOrder } from '../protocol.js';
import { enclosedWords } from './enclosed-command.js';
import { ownCpuLimit, type StarterProgram, type StarterSurroundings } from './starter-program.js';

const SCRIPT = fileURLToPath(new URL('starter.pl', import.meta.url));

/**
 * The numbers of setrlimit(2), setsid(2), dup3(2), memfd_create(2) and execve(2): Perl by itself knows no such functions, or
 * makes too much of them, but can make any system call.
 */
const SYSTEM_CALLS: Readonly<Partial<Record<NodeJS.Architecture, readonly number[]>>> = {
  x64: [160, 112, 292, 319, 59],
  arm64: [164, 157, 24, 279, 221],
};

const LENGTH_BYTES = 4;
const SIGNAL_BITS = 0x7f;
const EXIT_CODE_SHIFT = 8;

/**
 * A starter in Perl: one `exec` a command, of the command itself, where a shell needs three. It reads a length (32 bits,
 * little-endian) and so many bytes: fields with NUL between them, lists with their length before them. It says `E` with the
 * status that waitpid(2) gives.
 */
export const perlStarter: StarterProgram = {
  words({ cgroup, cgroups }: StarterSurroundings) {
    const calls = SYSTEM_CALLS[process.arch];
    if (calls === undefined) throw new Error(`the starter in Perl knows nothing of ${process.arch}`);
    return ['perl', '-w', SCRIPT, ...calls.map(String), cgroup ?? '', ...cgroups];
  },

  opening() {
    return '';
  },

  orderOf({ enclosure, ...order }: LaunchOrder) {
    const { outside, inside } =
      enclosure === null
        ? { outside: ['/bin/sh', '-c', order.command], inside: [] }
        : enclosedWords(order, enclosure);
    const fields = [
      ...[order.workingDirectory, order.lockLimit, ownCpuLimit(order)],
      ...[order.fileBytes, order.openFiles],
      ...list(order.environment),
      ...list(outside),
      ...list(inside),
      enclosure?.filterPath ?? '',
      ...list(enclosure?.secrets ?? []),
    ];
    const text = Buffer.from(fields.join('\0'));
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(text.length);
    return Buffer.concat([length, text]);
  },

  statusOf(status) {
    const signal = status & SIGNAL_BITS;
    return signal === 0 ? { exitCode: status >> EXIT_CODE_SHIFT, signal: null } : { exitCode: null, signal };
  },
};

function list(words: readonly string[]): readonly (string | number)[] {
  return [words.length, ...words];
}
