import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { freeze } from './freeze.js';

/**
 * A shell between us and the daemon. It exits when the daemon does, and when its standard input ends,
 * which happens however Jest dies, it kills the daemon and removes the directory.
 */
const KEEPER = `
directory=$1; shift
exec 3<&0
"$@" </dev/null 1>&2 3<&- &
daemon=$!
echo $daemon
{ cat <&3 >/dev/null; kill -KILL $daemon 2>/dev/null; } &
keeper=$!
wait $daemon
code=$?
kill $keeper 2>/dev/null
[ -z "$directory" ] || rm -rf "$directory"
exit $code`;

/**
 * @typedef {object} Daemon
 * @property {number} pid
 * @property {() => boolean} alive
 * @property {(signal: NodeJS.Signals) => Promise<void>} end sends the signal, resolves once it has ended
 * @property {(signal: NodeJS.Signals) => void} signal
 * @property {() => string} log all that it printed
 */

/**
 * Starts a program that never outlives this process.
 *
 * @param {{ command: string, args: readonly string[], logPath: string, removeAfter?: string }} options
 *   `removeAfter`: a directory that goes when the program has ended
 * @returns {Promise<Daemon>}
 */
export async function startDaemon({ command, args, logPath, removeAfter = '' }) {
  const log = openSync(logPath, 'a');
  const keeper = spawn('/bin/sh', ['-c', KEEPER, 'keeper', removeAfter, command, ...args], {
    detached: true,
    stdio: ['pipe', 'pipe', log],
  });
  closeSync(log);
  const exited = once(keeper, 'exit');
  const lines = createInterface({ input: /** @type {import('node:stream').Readable} */ (keeper.stdout) });
  const pid = Number(/** @type {string[]} */ (await once(lines, 'line'))[0]);
  const alive = () => keeper.exitCode === null && keeper.signalCode === null;
  return {
    pid,
    alive,
    async end(signal) {
      if (alive()) process.kill(pid, signal);
      await exited;
    },
    signal(signal) {
      process.kill(pid, signal);
    },
    log: () => readFileSync(logPath, 'utf8'),
  };
}

/**
 * @typedef {object} Service a program that a test starts and stops at will
 * @property {() => Promise<void>} start
 * @property {() => Promise<void>} stop with SIGTERM; resolves once it has ended
 * @property {() => Promise<void>} kill with SIGKILL
 * @property {() => void} freeze returns once it is stopped
 * @property {() => void} thaw
 */

/**
 * @param {() => Promise<Daemon>} launch starts the program, and resolves when it answers
 * @returns {Promise<Service>} started
 */
export async function startService(launch) {
  let daemon = await launch();
  return {
    start: async () => {
      daemon = await launch();
    },
    stop: () => daemon.end('SIGTERM'),
    kill: () => daemon.end('SIGKILL'),
    freeze: () => {
      freeze(daemon.pid);
    },
    thaw: () => {
      daemon.signal('SIGCONT');
    },
  };
}
