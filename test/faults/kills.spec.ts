import { expect, it } from '@jest/globals';
import pLimit from 'p-limit';
import { forMs } from '../support/for-ms.js';
import { describeWithOwnServices } from '../support/services.js';
import { type Lane } from './chaos/fault-plan.js';
import { planPlainJob } from './chaos/job-plan.js';
import { type JobRecord, newRecord } from './chaos/job-record.js';
import { Random } from './chaos/random.js';
import { Scenario } from './chaos/scenario.js';

const JOBS = Number(process.env.KILL_JOBS ?? 600);
const KILLS = Number(process.env.KILLS ?? 10);
const SEED = Number(process.env.CHAOS_SEED ?? Date.now() % 2 ** 31);
const CALLS_AT_ONCE = 8;
const VICTIMS = ['server-1', 'server-2', 'agent-1', 'agent-2', 'agent-3', 'mariadb', 'redis', 'data-manager'];

function planKills(random: Random, target: string): Lane {
  return Array.from({ length: KILLS }, () => ({
    pauseMs: Math.round(random.between(200, 3_000)),
    what: 'kill',
    target,
    forMs: Math.round(random.between(0, 500)),
  }));
}

describeWithOwnServices('kill -9 of each process of a fleet', () => {
  it(
    `${KILLS} times over, at random moments, loses none of ${JOBS} jobs and doubles none (CHAOS_SEED=${SEED})`,
    async () => {
      const random = new Random(SEED);
      const scenario = await Scenario.make({ seed: SEED, random: random.fork(), agentConcurrency: 8 });
      const records: JobRecord[] = [];
      await scenario.run(records, async (workload) => {
        const limit = pLimit(CALLS_AT_ONCE);
        const submitOne = async (): Promise<void> => {
          // One whose answer was lost may run or not: whoever needs a job starts another.
          for (let accepted = false; !accepted;) {
            const record = newRecord(planPlainJob(records.length, scenario.yard, random.between(0.1, 0.9)));
            records.push(record);
            await workload.submit(record);
            accepted = record.submission === 'accepted';
            if (!accepted) await forMs(100);
          }
        };
        await Promise.all([
          scenario.faults.run(
            VICTIMS.map((victim) => planKills(random.fork(), victim)),
            new AbortController().signal,
          ),
          ...Array.from({ length: JOBS }, () => limit(submitOne)),
        ]);
      });
      const kills = [...scenario.faults.counts.values()].reduce((sum, count) => sum + count, 0);
      expect(kills).toBe(VICTIMS.length * KILLS);
      expect(records.filter(({ submission }) => submission === 'accepted')).toHaveLength(JOBS);
    },
    900_000 + JOBS * 200,
  );
});
