/**
 * Jobs per second of a service with SANDBOX=bubblewrap, from `POST /run` of `true` over HTTP to `succeeded`, beside a bare Node
 * loop that starts bubblewrap with the very same arguments, and beside a service without a sandbox. `CONCURRENCY`: commands at
 * once. `LAUNCHER`: that one alone.
 */
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { inDirectory } from './shared/directory.js';
import { jobsPerSecond, loadOf } from './shared/load.js';
import { ownProcess } from './shared/own-process.js';
import { report } from './shared/report.js';
import { interleaved } from './shared/rounds.js';
import { startService } from './shared/services.js';

const CONCURRENCY = Number(process.env.CONCURRENCY ?? 2);
const BARE_LOOP = join(import.meta.dirname, 'sandbox', 'bare-loop.js');
const SANDBOX = { SANDBOX: 'bubblewrap' };
/** Those whose commands are of another user must find their directory. */
const PASSABLE = 0o711;

await inDirectory(async (directory) => {
  await chmod(directory, PASSABLE);
  const options = { directory, concurrency: CONCURRENCY };
  const services = [await startService({ ...options, name: 'in a sandbox', env: SANDBOX })];
  if (process.env.LAUNCHER === undefined) {
    const env = { ...SANDBOX, LAUNCHER: 'node' };
    services.push(await startService({ ...options, name: 'in a sandbox, launcher in Node', env }));
  }
  services.push(await startService({ ...options, name: 'without one' }));
  /** @type {import('./shared/own-process.js').OwnProcess<import('./shared/own-process.js').Work, number>} */
  const loop = ownProcess(BARE_LOOP);
  const bare = jobsPerSecond('bare loop of bubblewrap', (jobs) =>
    loop.run({ target: join(directory, 'bare'), jobs, concurrency: CONCURRENCY }),
  );
  const loads = services.map(loadOf);
  console.log(`${CONCURRENCY} commands at once; every job succeeded, every 20th answer compared`);
  report('sandbox', 'jobs/s', await interleaved([bare, ...loads]));
  await loop.end();
  for (const { end } of loads) await end();
  for (const { stop } of services) await stop();
});
