import { fstat, fstatSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';

const SAMPLES = 32;
const inThread = promisify(fstat);

/**
 * Ms that it takes to have one of Node's threads do something, and to hear of it, beyond what is done: a hundredth on a quick
 * machine, some hundredths on a slow one.
 *
 * @param descriptor of any open file
 * @throws what the system says of a descriptor that was closed meanwhile
 */
export async function threadHopMs(descriptor: number): Promise<number> {
  const hops: number[] = [];
  while (hops.length < SAMPLES) {
    const beganAt = performance.now();
    await inThread(descriptor);
    const heardAt = performance.now();
    fstatSync(descriptor);
    hops.push(heardAt - beganAt - (performance.now() - heardAt));
  }
  // Most of the rest waited for what else the event loop has to do.
  return hops.toSorted((a, b) => a - b)[SAMPLES / 4] ?? 0;
}
