import { execFile } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SYSTEM_PATH } from '../protocol.js';
import { inScratch } from '../scratch.js';

/** A pipe that can be opened again through /dev/stdout, which Node's own stdio pipes (sockets) can't. */
export interface Fifo {
  /** Non-blocking. */
  readonly readFd: number;
  /** Held open for good, so that the reader never sees an end between two commands. */
  readonly writeFd: number;
}

/** Makes nameless FIFOs: their names are gone when it resolves. */
export function openFifos(count: number, instance: string): Promise<Fifo[]> {
  return inScratch(instance, async (directory) => {
    const paths = Array.from({ length: count }, (_, index) => join(directory, String(index)));
    await promisify(execFile)('mkfifo', ['-m', '600', ...paths], { env: { PATH: SYSTEM_PATH } });
    return paths.map(openBothEnds);
  });
}

function openBothEnds(path: string): Fifo {
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return { readFd, writeFd: openSync(path, constants.O_WRONLY) };
}
