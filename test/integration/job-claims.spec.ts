import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { type JobRow } from '../../src/jobs/job.entity.js';
import { JobsRepository } from '../../src/jobs/jobs.repository.js';
import { aJob, claimed, CLOCK, type JobStore, openJobStore } from '../support/job-store.js';
import { describeOnDatabases } from '../support/services.js';

const aJobWithFiles = (): JobRow => aJob({ inputFiles: [crypto.randomUUID()] });

describeOnDatabases('A claim', (kind) => {
  let store: JobStore;
  let jobs: JobsRepository;

  beforeAll(async () => {
    store = await openJobStore((await kind.create()).url);
    jobs = store.jobs;
  });
  afterAll(() => store.source.destroy());

  async function inserted(row: JobRow): Promise<JobRow> {
    await jobs.insert(row);
    return row;
  }

  it('is granted to one of many', async () => {
    const { id } = await inserted(aJob());
    const tokens = Array.from({ length: 20 }, () => crypto.randomUUID());
    const granted = await Promise.all(
      tokens.map((token) => jobs.claim(id, { token, until: CLOCK.now() + 1_000, agent: 'a' }, CLOCK.now())),
    );
    expect(granted.filter(Boolean)).toHaveLength(1);
    const row = await jobs.find(id);
    expect(row).toMatchObject({
      attempt: 1,
      leaseToken: tokens[granted.findIndex((claim) => claim !== null)],
    });
  });

  it('is refused to a user who has as many running jobs as he may, whoever asks, and however many at once', async () => {
    const servers = [1, 2].map(() => new JobsRepository(store.database, { maxRunningPerUser: 3 }));
    const rows: JobRow[] = [];
    for (let n = 0; n < 20; n += 1) rows.push(await inserted(aJob({ user: 'many' })));
    const claim = (jobId: string, n: number): Promise<unknown> => {
      const lease = { token: crypto.randomUUID(), until: CLOCK.now() + 1_000, agent: 'a' };
      return servers[n % 2]?.claim(jobId, lease, CLOCK.now()) ?? Promise.resolve(null);
    };
    const granted = await Promise.all(rows.map(({ id }, n) => claim(id, n)));
    expect(granted.filter((claim) => claim !== null)).toHaveLength(3);
    const [held, waiting] = [true, false].map((isHeld) =>
      rows.filter((_, n) => (granted[n] !== null) === isHeld).map(({ id }) => id),
    ) as [[string], [string, string]];
    expect(await jobs.cancel(held[0], CLOCK.now(), '')).toBe(true);
    expect(await claim(waiting[0], 0)).not.toBeNull();
    expect(await claim(waiting[1], 1)).toBeNull();
    expect(await claim((await inserted(aJob({ user: 'other' }))).id, 1)).not.toBeNull();
  });

  it('begins with staging where there are files, and with running where there are none', async () => {
    const withFiles = await inserted(aJobWithFiles());
    const without = await inserted(aJob({ inputFiles: [] }));
    await claimed(jobs, withFiles.id);
    await claimed(jobs, without.id);
    expect(await jobs.find(withFiles.id)).toMatchObject({ state: 'staging', startedAt: null });
    expect(await jobs.find(without.id)).toMatchObject({ state: 'running', startedAt: expect.any(Number) });
  });

  it.each([
    ['accepted here', () => jobs, 'short'],
    ['accepted here, and too long to be remembered', () => jobs, 'x'.repeat(5_000)],
    ['accepted by another server', () => new JobsRepository(store.database), 'short'],
  ])('tells what its agent needs of a job %s', async (_, server, text) => {
    const row = await inserted(
      aJob({
        command: `echo ${text}`,
        ttl: 1_000n,
        env: { A: 'ü' },
        outputFiles: ['*'],
        labels: { a: 'b' },
      }),
    );
    const { owner, command, spec, needsStaging, expiresAt, labels } = row;
    const lease = { token: crypto.randomUUID(), until: CLOCK.now() + 1_000, agent: 'a' };
    const brief = { owner, command, spec, needsStaging, expiresAt, labels, attempt: 1 };
    expect(await server().claim(row.id, lease, CLOCK.now())).toEqual(brief);
  });

  it('counts each attempt, whoever grants it', async () => {
    const { id } = await inserted(aJob());
    const other = new JobsRepository(store.database);
    for (const [n, server] of [jobs, other, jobs].entries()) {
      const lease = await claimed(server, id);
      expect(lease.attempt).toBe(n + 1);
      expect((await jobs.find(id))?.attempt).toBe(n + 1);
      expect(await jobs.putBack(lease, { notBefore: null })).toBe(true);
    }
  });

  it('reads no row that was accepted here', async () => {
    const { id } = await inserted(aJob());
    const rows = jest.spyOn(store.database, 'rows');
    await claimed(jobs, id);
    const readings = rows.mock.calls.map(([{ sql }]) => sql);
    rows.mockRestore();
    expect(readings).toEqual([]);
  });

  it('is refused by a server that accepted the job, once another has cancelled it', async () => {
    const { id } = await inserted(aJob());
    expect(await new JobsRepository(store.database).cancel(id, CLOCK.now(), '')).toBe(true);
    const lease = { token: crypto.randomUUID(), until: CLOCK.now() + 1_000, agent: 'a' };
    expect(await jobs.claim(id, lease, CLOCK.now())).toBeNull();
  });

  it.each(['cancelled', 'deleted'] as const)('is refused for a %s job', async (state) => {
    const { id } = await inserted(aJob());
    expect(
      await (state === 'cancelled' ? jobs.cancel(id, CLOCK.now(), '') : jobs.bury(id, CLOCK.now())),
    ).toBe(true);
    const lease = { token: crypto.randomUUID(), until: CLOCK.now() + 1_000, agent: 'a' };
    expect(await jobs.claim(id, lease, CLOCK.now())).toBeNull();
    expect((await jobs.find(id))?.attempt).toBe(0);
  });

  it('is refused from the moment of expiry on', async () => {
    const row = await inserted(aJob({ ttl: 100n }));
    const lease = { token: crypto.randomUUID(), until: CLOCK.now() + 1_000, agent: 'a' };
    expect(await jobs.claim(row.id, lease, row.expiresAt ?? 0)).toBeNull();
    expect(await jobs.claim(row.id, lease, (row.expiresAt ?? 0) - 1)).not.toBeNull();
  });

  it('is refused until a delay is over', async () => {
    const row = await inserted({ ...aJob(), notBefore: CLOCK.now() + 60_000 });
    const lease = { token: crypto.randomUUID(), until: CLOCK.now() + 1_000, agent: 'a' };
    expect(await jobs.claim(row.id, lease, CLOCK.now())).toBeNull();
  });
});
