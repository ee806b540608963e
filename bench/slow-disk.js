/**
 * Jobs per second of a service on SQLite whose disk takes `SLOW_FLUSH_MS` (2) longer for each flush, beside the same service on
 * the disk as it is.
 */
import { join } from 'node:path';
import { compiled } from './shared/compiled.js';
import { inDirectory } from './shared/directory.js';
import { loadOf } from './shared/load.js';
import { report } from './shared/report.js';
import { interleaved } from './shared/rounds.js';
import { startService } from './shared/services.js';

const SLOW_FLUSH_MS = Number(process.env.SLOW_FLUSH_MS ?? 2);
const CONCURRENCY = 2;
const SOURCE = join(import.meta.dirname, 'slow-disk', 'slow-flush.c');

await inDirectory(async (directory) => {
  const library = join(directory, 'slow-flush.so');
  if (!(await compiled(SOURCE, library, ['-shared', '-fPIC'])))
    throw new Error('no C compiler is on PATH: it makes the disk slow');
  const options = { directory, concurrency: CONCURRENCY };
  const plain = await startService({ name: 'SQLite', ...options });
  const slow = await startService({
    name: `SQLite, flushes ${SLOW_FLUSH_MS} ms longer`,
    ...options,
    env: { LD_PRELOAD: library, SLOW_FLUSH_US: String(SLOW_FLUSH_MS * 1_000) },
  });
  const services = [plain, slow];
  const loads = services.map(loadOf);
  report('slow-disk', 'jobs/s', await interleaved(loads, { atMost: 7, enoughMs: 60_000, warmUp: 4 }));
  for (const { end } of loads) await end();
  for (const { stop } of services) await stop();
});
