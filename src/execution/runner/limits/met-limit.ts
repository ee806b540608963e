import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import { type LimitName } from '../../limits.port.js';
import { type Captured, type LaunchRequest } from '../launcher.js';
import { type CommandEnd } from '../protocol.js';
import { type LimitWatch, MOST_REFUSED_FORKS } from './limit-watch.js';
import { type Counters } from './place-cgroup.js';
import { sizeOfTree } from './tree-size.js';

/** What a shell adds to the number of the signal that ended its command. */
const SIGNAL_OFFSET = 128;
/** What strerror(3) has for EMFILE: programs print it, in this case or another, when they end of it. */
const TOO_MANY_OPEN_FILES = /too many open files/i;
const LAST_WORDS_BYTES = 8_192;

/** All that is known of a command that has ended. */
export interface EndedCommand {
  readonly request: Pick<LaunchRequest, 'limits' | 'workingDirectory' | 'stderrPath'>;
  readonly end: CommandEnd;
  readonly counters: Counters;
  readonly watch: LimitWatch;
}

/**
 * The limit that a command met, null: none. One that was refused a process or a descriptor may have gone on without: it
 * met that limit only where it failed.
 */
export async function limitMetBy(ended: EndedCommand): Promise<LimitName | null> {
  const { limits } = ended.request;
  const met = ended.watch.met ?? metByCounters(ended);
  if (met !== null) return met;
  if (limits.diskBytes !== undefined && (await hasFilledDisk(ended, limits.diskBytes))) return 'diskBytes';
  return metByFailing(ended);
}

function metByCounters({ request, counters }: EndedCommand): LimitName | null {
  const { cpuSeconds = Infinity } = request.limits;
  if (counters.outOfMemory > 0) return 'memoryBytes';
  return (counters.cpuSeconds ?? 0) >= cpuSeconds ? 'cpuSeconds' : null;
}

function metByFailing(ended: EndedCommand): LimitName | null {
  const { request, end, counters } = ended;
  const { openFiles } = request.limits;
  const hasFailed = end.exitCode !== 0;
  if (counters.refusedForks > (hasFailed ? 0 : MOST_REFUSED_FORKS)) return 'pids';
  return hasFailed && openFiles !== undefined && ranOutOfFiles(ended, openFiles) ? 'openFiles' : null;
}

async function hasFilledDisk({ request, end }: EndedCommand, most: number): Promise<boolean> {
  const { SIGXFSZ } = constants.signals;
  if (end.signal === SIGXFSZ || end.exitCode === SIGNAL_OFFSET + SIGXFSZ) return true;
  const { bytes, largestFile, isMeasured } = await sizeOfTree(request.workingDirectory, most);
  // One that ignores the signal is told EFBIG, and its file is as long as it could be.
  return bytes > most || !isMeasured || (end.exitCode !== 0 && largestFile >= most);
}

function ranOutOfFiles({ request, end, watch }: EndedCommand, most: number): boolean {
  return watch.mostOpenFiles >= most || TOO_MANY_OPEN_FILES.test(lastWords(end.stderr, request.stderrPath));
}

function lastWords({ content }: Captured, path: string): string {
  if (content !== null) return content.toString('latin1');
  const buffer = Buffer.alloc(LAST_WORDS_BYTES);
  const fd = openSync(path, 'r');
  try {
    const from = Math.max(0, fstatSync(fd).size - LAST_WORDS_BYTES);
    return buffer.toString('latin1', 0, readSync(fd, buffer, 0, LAST_WORDS_BYTES, from));
  } finally {
    closeSync(fd);
  }
}
