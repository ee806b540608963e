import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../../kernel/errors.js';
import { type Containment } from '../launcher.js';
import { lockLimitsOf } from '../lock-limit.js';
import { type LauncherRequest, MARK_VARIABLE, SYSTEM_PATH } from '../protocol.js';
import { inScratch } from '../scratch.js';
import { type CellKind } from './cell.js';
import { cgroupCell } from './cgroup-cell.js';
import { Deadline } from '../../../kernel/deadline.js';
import { markerCell } from './marker-cell.js';
import { namespaceCell } from './namespace-cell.js';
import { type RunResult } from './seat.js';
import { SeatPool } from './seat-pool.js';
import { type StarterProgram } from './starter-program.js';

/** Strongest first. */
const KINDS: readonly CellKind[] = [
  { containment: 'pid-namespace', make: namespaceCell(false) },
  { containment: 'pid-namespace', make: namespaceCell(true) },
  { containment: 'cgroup', make: cgroupCell },
  { containment: 'marker', make: markerCell },
];

const TETHER = ['setpriv', '--pdeathsig', 'KILL', '--'];

// Leaves a child behind: with the right exit code this has shown a start, a report and a kill.
const PROBE = { command: 'sleep 1000 & exit 7', exitCode: 7 };
const PROBE_MS = 10_000;

/** What the host offers: the means of containment, and the seats that use it. */
export interface ProbedHost {
  readonly containment: Containment;
  readonly seats: SeatPool;
}

type ProbeRequest = Omit<Extract<LauncherRequest, { op: 'start' }>, 'op'>;

/**
 * Finds the strongest containment by really using each.
 * @param request whose containment is the only one to try, or null
 * @throws Error that tells why each one failed
 */
export async function probeHost(
  { instance, containment: forced, cgroups }: ProbeRequest,
  starter: StarterProgram,
): Promise<ProbedHost> {
  const tether = await findTether();
  const faults: string[] = [];
  for (const { containment, make } of KINDS) {
    if (forced !== null && forced !== containment) continue;
    const seats = new SeatPool({ instance, starter, tether, makeCell: make }, cgroups);
    const fault = await tryOut(seats, instance);
    if (fault === null) return { containment, seats };
    faults.push(`${containment}: ${fault}`);
    await seats.dispose();
  }
  throw new Error(faults.join('; '));
}

/** Absent, a launcher that is killed leaves its starters to the client's sweep. */
async function findTether(): Promise<readonly string[]> {
  const [program = '', ...args] = TETHER;
  try {
    await promisify(execFile)(program, [...args, 'true'], { env: { PATH: SYSTEM_PATH } });
    return TETHER;
  } catch {
    return [];
  }
}

/** Null where it works, otherwise why it doesn't. */
async function tryOut(seats: SeatPool, instance: string): Promise<string | null> {
  try {
    const result = await inScratch(instance, (directory) => probe(seats, { instance, directory }));
    if (result.kind !== 'ended') return result.detail;
    return result.end.exitCode === PROBE.exitCode ? null : 'the starter tells no exit code';
  } catch (error) {
    return messageOf(error);
  }
}

async function probe(
  seats: SeatPool,
  { instance, directory }: { readonly instance: string; readonly directory: string },
): Promise<RunResult> {
  const seat = await seats.take(0);
  const order = {
    lockLimit: lockLimitsOf(instance)(0),
    command: PROBE.command,
    workingDirectory: directory,
    environment: [`PATH=${SYSTEM_PATH}`, `${MARK_VARIABLE}=${instance}/probe`],
    stdoutPath: join(directory, 'stdout'),
    stderrPath: join(directory, 'stderr'),
    enclosure: null,
    maxOutputBytes: 0,
    endBy: null,
    cpuSeconds: 0,
    fileBytes: 0,
    openFiles: 0,
    network: false,
  };
  const tooLong = setTimeout(() => {
    seat.stop(0);
  }, PROBE_MS);
  try {
    return await seat.execute(order, new Deadline(order.endBy), () => undefined);
  } finally {
    clearTimeout(tooLong);
  }
}
