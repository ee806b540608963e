import { execFile } from 'node:child_process';
import { constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SYSTEM_PATH } from '../protocol.js';

/** A pipe that can be opened again through /dev/stdout, which Node's own stdio pipes (sockets) can't. */
export interface Fifo {
  /** Non-blocking. */
  readonly readFd: number;
  /** Held open for good, so that the reader never sees an end between two commands. */
  readonly writeFd: number;
}

/** Makes nameless FIFOs: their names are gone when it resolves. */
export async function openFifos(count: number): Promise<Fifo[]> {
  const directory = mkdtempSync(join(tmpdir(), 'job-manager-'));
  try {
    const paths = Array.from({ length: count }, (_, index) => join(directory, String(index)));
    await promisify(execFile)('mkfifo', ['-m', '600', ...paths], { env: { PATH: SYSTEM_PATH } });
    return paths.map(openBothEnds);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function openBothEnds(path: string): Fifo {
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { readFd, writeFd: openSync(path, constants.O_WRONLY) };
}
