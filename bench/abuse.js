/**
 * How long the service takes for others while one job abuses the machine, again and again: `POST /run`, `job_info`, and a short job
 * from its call to its end; beside the same without. Each abuse must be ended by its own limit, named in its reason. At most twice
 * as long is wanted. `npm run bench -- abuse spins` measures those alone whose name has that word; `SANDBOX` and `LAUNCHER` as ever.
 */
import { join } from 'node:path';
import { Abuser } from './abuse/abuser.js';
import { ABUSES, SETTINGS } from './abuse/abuses.js';
import { hangUp } from './shared/api.js';
import { inDirectory } from './shared/directory.js';
import { ownProcess } from './shared/own-process.js';
import { report } from './shared/report.js';
import { interleaved, percentile } from './shared/rounds.js';
import { startService } from './shared/services.js';

/** @typedef {import('./abuse/caller.js').Times} Times */

const CALLER = join(import.meta.dirname, 'abuse', 'caller.js');
const FOR_MS = 1_500;
/** One place for the abuse, one for the short job. */
const CONCURRENCY = 2;
const chosen = ABUSES.filter(({ name }) => name.includes(process.argv[3] ?? ''));
const SANDBOX = process.env.SANDBOX === undefined ? {} : { SANDBOX: process.env.SANDBOX };

await inDirectory(async (directory) => {
  const env = { ...SETTINGS, ...SANDBOX, LOG_LEVEL: 'info' };
  const service = await startService({ name: 'the service', directory, concurrency: CONCURRENCY, env });
  /** @type {import('./shared/own-process.js').OwnProcess<{ target: string, forMs: number }, Times>} */
  const caller = ownProcess(CALLER);
  const measure = () => caller.run({ target: service.url, forMs: FOR_MS });
  /** @type {Map<string, number>} */
  const ended = new Map();
  const abused = chosen.map((abuse) => ({
    name: abuse.name,
    run: async () => {
      const abuser = new Abuser(service.url, abuse);
      await abuser.begun();
      const times = await measure();
      ended.set(abuse.name, (ended.get(abuse.name) ?? 0) + (await abuser.end()));
      return times;
    },
  }));
  const times = await interleaved([{ name: 'calm', run: measure }, ...abused], { enoughMs: 60_000 });
  console.log(`\nended by their own limits: ${JSON.stringify(Object.fromEntries(ended))}\n`);
  for (const [what, name] of /** @type {const} */ ([
    ['accept', 'POST /run'],
    ['info', 'job_info'],
    ['job', 'a short job'],
  ]))
    for (const share of [0.5, 0.99]) {
      const figures = [...times].map(
        ([contestant, rounds]) =>
          /** @type {const} */ ([contestant, rounds.map((round) => percentile(round[what], share))]),
      );
      report(`abuse, ${name}, p${share * 100}`, 'ms', new Map(figures));
    }
  await caller.end();
  hangUp();
  await service.stop();
});
