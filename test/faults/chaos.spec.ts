import { expect, it } from '@jest/globals';
import { forMs } from '../support/for-ms.js';
import { describeWithOwnServices } from '../support/services.js';
import { planFaults } from './chaos/fault-plan.js';
import { LABELS } from './chaos/fleet.js';
import { planJob } from './chaos/job-plan.js';
import { newRecord } from './chaos/job-record.js';
import { Random } from './chaos/random.js';
import { Scenario } from './chaos/scenario.js';

const DAY_MS = 86_400_000;
const SEED = Number(process.env.CHAOS_SEED ?? Math.floor(Date.now() / DAY_MS));
const LASTS_MS = Number(process.env.CHAOS_MINUTES ?? 0.6) * 60_000;
const JOBS_PER_SECOND = 4;
/** The start, the end of the last faults, and until all has settled and is cleaned up. */
const AROUND_MS = 400_000;

describeWithOwnServices('a fleet of servers and agents, whatever dies, hangs or loses its connection', () => {
  it(
    `ends each job as it must, once, and leaves nothing (CHAOS_SEED=${SEED})`,
    async () => {
      const random = new Random(SEED);
      const lanes = planFaults(random.fork(), LASTS_MS);
      const scenario = await Scenario.make({ seed: SEED, random: random.fork(), agentConcurrency: 4 });
      const inputs = await scenario.store(Array.from({ length: 5 }, (_, index) => `input ${index}\n`));
      const { yard } = scenario;
      const jobs = random.fork();
      const records = Array.from({ length: Math.round((LASTS_MS / 1_000) * JOBS_PER_SECOND) }, (_, index) =>
        newRecord(
          planJob(jobs.next() * LASTS_MS, { index, yard, random: jobs.fork(), inputs, labels: LABELS }),
        ),
      );

      await scenario.run(records, async (workload, watcher) => {
        const over = new AbortController();
        const watching = watcher.watch(over.signal);
        const faults = scenario.faults.run(lanes, over.signal);
        await Promise.all([workload.run(), faults, forMs(LASTS_MS)]);
        over.abort();
        await watching;
      });
      expect(scenario.faults.counts.size).toBeGreaterThan(0);
    },
    LASTS_MS + AROUND_MS,
  );
});
