import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type JobRow } from '../../src/jobs/job.entity.js';
import { VISIBLE_STATES, type VisibleState } from '../../src/jobs/job.types.js';
import { JobsRepository } from '../../src/jobs/jobs.repository.js';
import { aJob, claimed, CLOCK, type JobStore, openJobStore } from '../support/job-store.js';
import { describeOnDatabases } from '../support/services.js';

const NO_RESULT = { answerId: null, stderrId: null, outputs: null, exitCode: 0, signal: null, reason: null };
const JOBS = 240;

describeOnDatabases('The labels of jobs', (kind) => {
  let store: JobStore;

  beforeAll(async () => {
    store = await openJobStore((await kind.create()).url);
  });
  afterAll(() => store.source.destroy());

  describe('are found with the state that a job is in', () => {
    async function statesOf(user: string): Promise<VisibleState[]> {
      const found: VisibleState[] = [];
      for (const state of VISIBLE_STATES) {
        const ids = await store.jobs.list({
          user,
          limit: 10,
          now: 0,
          states: [state],
          labels: [{ key: 'a', value: 'b' }],
        });
        if (ids.length > 0) found.push(state);
      }
      return found;
    }

    it.each(['the server that granted it', 'another server'])('however it ends, by %s', async (server) => {
      const ending = server === 'another server' ? new JobsRepository(store.database) : store.jobs;
      for (const end of ['succeeded', 'failed'] as const) {
        const job = aJob({
          user: `${server} ${end}`,
          labels: { a: 'b', c: 'd' },
          inputFiles: [crypto.randomUUID()],
        });
        await store.jobs.insert(job);
        expect(await statesOf(job.owner)).toEqual(['queued']);
        const lease = await claimed(store.jobs, job.id);
        expect(await statesOf(job.owner)).toEqual(['staging']);
        expect(await ending.start(lease, CLOCK.now())).toBe(true);
        expect(await statesOf(job.owner)).toEqual(['running']);
        const result = { ...NO_RESULT, finishedAt: CLOCK.now() };
        expect(await ending.finish({ ...lease, attempt: 2 }, end, result)).toBe(false);
        expect(await statesOf(job.owner)).toEqual(['running']);
        expect(await ending.finish(lease, end, result)).toBe(true);
        expect(await statesOf(job.owner)).toEqual([end]);
        expect(await ending.finish(lease, end, result)).toBe(false);
      }
    });

    it('also where it was put back, and then cancelled', async () => {
      const job = aJob({ user: 'canceller', labels: { a: 'b' } });
      await store.jobs.insert(job);
      const lease = await claimed(store.jobs, job.id);
      expect(await store.jobs.putBack(lease, {})).toBe(true);
      expect(await statesOf(job.owner)).toEqual(['queued']);
      expect(await store.jobs.cancel(job.id, CLOCK.now(), '')).toBe(true);
      expect(await store.jobs.cancel(job.id, CLOCK.now(), '')).toBe(false);
      expect(await statesOf(job.owner)).toEqual(['cancelled']);
    });
  });

  it.each([64, 20])('are all looked for, %i at once, each once', async (count) => {
    const labels = Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 'v ']));
    const user = `${count} labels`;
    const [whole, ...others] = [
      labels,
      { ...labels, [`k${count - 1}`]: 'v' },
      { ...labels, k0: 'w' },
      { a: 'b' },
    ].map((of) => aJob({ user, labels: of }));
    for (const job of [whole, ...others]) if (job !== undefined) await store.jobs.insert(job);
    const wanted = Object.entries(labels).map(([key, value]) => ({ key, value }));
    const all = { user, limit: 10, now: 0, labels: [...wanted, ...wanted] };
    for (const states of [[], ['queued'], [...VISIBLE_STATES], ['running', 'staging']] as VisibleState[][]) {
      const found = await store.jobs.list({ ...all, states });
      expect(found).toEqual(states.length === 0 || states.includes('queued') ? [whole?.id] : []);
    }
  });

  describe('of many jobs', () => {
    const rows: JobRow[] = [];

    beforeAll(async () => {
      for (let n = 0; n < JOBS; n += 1) {
        const labels = { two: String(n % 2), seven: String(n % 7), half: String(n < JOBS / 2) };
        const state = VISIBLE_STATES[n % VISIBLE_STATES.length] ?? 'queued';
        rows.push({ ...aJob({ user: 'many', labels }), state });
      }
      await Promise.all(rows.map((row) => store.jobs.insert(row)));
    });

    const filters = [
      { two: '0' },
      { two: '1', seven: '3' },
      { seven: '3', two: '1' },
      { half: 'true', two: '0' },
    ];
    const states: VisibleState[][] = [
      ...[
        [],
        ['succeeded'],
        ['queued'],
        ['running'],
        ['queued', 'failed'],
        ['staging', 'running', 'cancelled'],
      ],
      ...[['queued', 'staging', 'running'], [...VISIBLE_STATES]],
    ] as VisibleState[][];

    it.each(filters.flatMap((labels) => states.map((of) => [labels, of] as const)))(
      '%j with the states %j are listed newest first, page by page',
      async (labels, of) => {
        const expected = rows
          .filter(({ state, labels: has }) => {
            const isIn = of.length === 0 || (of as string[]).includes(state);
            return isIn && Object.entries(labels).every(([key, value]) => has?.[key] === value);
          })
          .map(({ id }) => id)
          .sort()
          .reverse();
        const wanted = Object.entries(labels).map(([key, value]) => ({ key, value }));
        const filter = { user: 'many', limit: 7, now: 0, labels: wanted, states: of };
        const seen: string[] = [];
        for (let page: string[] = ['']; page.length > 0;) {
          const token = seen.at(-1);
          page = await store.jobs.list({ ...filter, ...(token === undefined ? {} : { pageToken: token }) });
          expect(page).toEqual(expected.slice(seen.length, seen.length + filter.limit + 1));
          seen.push(...page.slice(0, filter.limit));
        }
      },
    );
  });
});
