/** Jobs per second of a service that holds 500 MB more in its heap, beside the same service without them. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inDirectory } from './shared/directory.js';
import { loadOf } from './shared/load.js';
import { report } from './shared/report.js';
import { interleaved } from './shared/rounds.js';
import { startService } from './shared/services.js';

const BALLAST_MB = 500;
const CONCURRENCY = 2;
const BALLAST = join(import.meta.dirname, 'heap', 'ballast.js');

await inDirectory(async (directory) => {
  const options = { directory, concurrency: CONCURRENCY };
  const plain = await startService({ name: 'SQLite', ...options });
  const heavy = await startService({
    name: `SQLite and ${BALLAST_MB} MB`,
    ...options,
    env: {
      BALLAST_MB: String(BALLAST_MB),
      NODE_OPTIONS: `--import=${JSON.stringify(BALLAST)} --max-old-space-size=4096`,
    },
  });
  const more = (await residentMb(heavy.pid)) - (await residentMb(plain.pid));
  if (more < BALLAST_MB) throw new Error(`the heavier service holds only ${more} MB more`);
  console.log(`${CONCURRENCY} commands at once; the second service is resident with ${more} MB more`);
  const services = [plain, heavy];
  const loads = services.map(loadOf);
  report('heap', 'jobs/s', await interleaved(loads, { atLeast: 5, atMost: 9, enoughMs: 60_000 }));
  for (const { end } of loads) await end();
  for (const { stop } of services) await stop();
});

/** @param {number} pid */
async function residentMb(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
}
