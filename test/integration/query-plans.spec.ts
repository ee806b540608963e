import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type JobRow } from '../../src/jobs/job.entity.js';
import { ALL_STATES, isVisible, type JobState, LEASED_STATES } from '../../src/jobs/job.states.js';
import { type JobsRepository } from '../../src/jobs/jobs.repository.js';
import { aJob, type JobStore, openJobStore } from '../support/job-store.js';
import { describeOnDatabases } from '../support/services.js';

const JOBS = 6_000;
const BATCH = 500;
/** Statements about a page may read so many rows: the page, what is skipped in it, and a margin. */
const MOST_ROWS_READ = 800;
/** So few jobs are held by agents at any time, however many there are: they may be sorted. */
const HELD = 40;

interface Recorded {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

interface MysqlPlanRow {
  readonly table: string | null;
  readonly type: string | null;
  readonly key: string | null;
  readonly Extra: string | null;
}

describeOnDatabases('The plan of each query', (kind) => {
  let store: JobStore;
  let middle: JobRow;

  beforeAll(async () => {
    store = await openJobStore((await kind.create()).url);
    const rows = Array.from({ length: JOBS }, (_, n) => aged(aJob({ labels: { n: String(n % 3) } }), n));
    for (let start = 0; start < JOBS; start += BATCH)
      await insertAll(store, rows.slice(start, start + BATCH));
    await store.source.query(
      kind.name === 'SQLite' ? 'ANALYZE' : 'ANALYZE TABLE job_manager_jobs, job_manager_job_labels',
    );
    middle = rows[JOBS / 2] ?? aJob();
  }, 120_000);
  afterAll(() => store.source.destroy());

  const listing = { user: 'anonymous', limit: 100, now: Date.now() };
  const queries: Record<string, (jobs: JobsRepository) => Promise<unknown>> = {
    'a job by its id': (jobs) => jobs.find(middle.id),
    'a page of all': (jobs) => jobs.list({ ...listing, pageToken: middle.id }),
    'a page of one state': (jobs) => jobs.list({ ...listing, states: ['succeeded'], pageToken: middle.id }),
    'a page of several states': (jobs) =>
      jobs.list({ ...listing, states: ['failed', 'queued'], pageToken: middle.id }),
    'a page between two dates': (jobs) =>
      jobs.list({ ...listing, createdBefore: middle.createdAt, createdAfter: middle.createdAt - 1e6 }),
    'a page of a label': (jobs) =>
      jobs.list({ ...listing, labels: [{ key: 'n', value: '1' }], pageToken: middle.id }),
    'what waits': (jobs) => jobs.nextWaiting(100, [], Date.now()),
    'what waits for labels': (jobs) => jobs.nextWaiting(100, ['gpu', 'zone=a', 'big'], Date.now()),
    'all that agents hold': (jobs) => jobs.allHeld(),
    'the next expiry': (jobs) => jobs.nextDue('expiresAt'),
    'the next lease': (jobs) => jobs.nextDue('leaseUntil'),
    'the next retry': (jobs) => jobs.nextDue('notBefore'),
    'the next clean-up': (jobs) => jobs.nextDue('cleanupAt'),
    'all expired': (jobs) => jobs.due('expiresAt', 1, 100),
    'all lost leases': (jobs) => jobs.due('leaseUntil', 1, 100),
    'all retries': (jobs) => jobs.due('notBefore', 1, 100),
    'all clean-ups': (jobs) => jobs.due('cleanupAt', 1, 100),
    'what an agent holds': (jobs) => jobs.heldBy('agent-1'),
    'old tombstones': (jobs) => jobs.prune(1, 100),
  };

  describe.each(Object.entries(queries))('%s', (_, query) => {
    it('uses an index and reads no more than it must', async () => {
      const statements = await recorded(store, () => query(store.jobs));
      expect(statements).not.toEqual([]);
      for (const statement of statements) {
        if (kind.name === 'SQLite') await expectSqlitePlan(store, statement);
        else await expectMysqlPlan(store, statement);
      }
    });
  });
});

/** Spread over states, owners of one name, times and deadlines, as a table is after long use. */
function aged(row: JobRow, n: number): JobRow {
  const state = stateOfNth(n);
  const gone = !isVisible(state);
  const held = isLeased(state);
  return {
    ...row,
    state,
    goneAt: gone ? row.createdAt + n : null,
    leaseUntil: held ? row.createdAt + n : null,
    agent: held ? `agent-${String(n % 50)}` : null,
    notBefore: state === 'queued' && n % 16 === 0 ? row.createdAt + n : null,
    expiresAt: gone ? null : row.createdAt + 1e9 + n,
    cleanupAt: n % 100 === 0 ? row.createdAt + n : null,
  };
}

/** The first few are held by agents; all others are in the other states, in turn. */
function stateOfNth(n: number): JobState {
  const states = ALL_STATES.filter((state) => isLeased(state) === n < HELD);
  return states[n % states.length] ?? 'queued';
}

function isLeased(state: JobState): boolean {
  return (LEASED_STATES as readonly JobState[]).includes(state);
}

async function insertAll({ source }: JobStore, rows: JobRow[]): Promise<void> {
  await source.getRepository<JobRow>('Job').insert(rows);
  const labels = rows.map(({ id, owner, labels }) => ({
    owner,
    label: `n=${labels?.n ?? ''}`,
    jobId: id,
  }));
  await source.getRepository('JobLabel').insert(labels);
}

/** What goes through TypeORM is heard by its logger, what goes past it by whoever stands in the way. */
async function recorded({ source, database }: JobStore, action: () => Promise<unknown>): Promise<Recorded[]> {
  const statements: Recorded[] = [];
  const { logger } = source;
  const rows = jest.spyOn(database, 'rows');
  source.logger = Object.create(logger, {
    logQuery: { value: (sql: string, parameters: unknown[] = []) => statements.push({ sql, parameters }) },
  }) as typeof logger;
  try {
    await action();
  } finally {
    source.logger = logger;
    statements.push(...rows.mock.calls.map(([statement]) => statement));
    rows.mockRestore();
  }
  return statements.filter(({ sql }) => /^\s*(SELECT|WITH)/i.test(sql));
}

async function expectSqlitePlan({ source }: JobStore, { sql, parameters }: Recorded): Promise<void> {
  const plan = await source.query<{ detail: string }[]>(`EXPLAIN QUERY PLAN ${sql}`, [...parameters]);
  const details = plan.map(({ detail }) => detail).join('\n');
  expect(details).toMatch(/USING .*(INDEX|PRIMARY KEY)/);
  expect(details).not.toMatch(/SCAN (j|l|o|Job|job_manager\w*)$/m);
  const sortsFew = sql.includes('UNION ALL') || /state.{0,3} IN/.test(sql);
  if (!sortsFew) expect(details).not.toContain('TEMP B-TREE');
}

async function expectMysqlPlan({ source }: JobStore, { sql, parameters }: Recorded): Promise<void> {
  const plan = await source.query<MysqlPlanRow[]>(`EXPLAIN ${sql}`, [...parameters]);
  for (const { table, type, key, Extra } of plan) {
    if (table === null || table.startsWith('<')) continue;
    expect({ table, type, key }).toEqual({
      table,
      type: expect.stringMatching(/^(const|eq_ref|ref|range|index)$/),
      key: expect.any(String),
    });
    if (!/state.{0,3} IN/.test(sql)) expect(Extra ?? '').not.toContain('filesort');
  }
  expect(await rowsRead(source, { sql, parameters })).toBeLessThanOrEqual(MOST_ROWS_READ);
}

/** What the storage engine really touched, by its own count: the optimizer's estimates hide a walk over newer rows. */
async function rowsRead(source: JobStore['source'], { sql, parameters }: Recorded): Promise<number> {
  const runner = source.createQueryRunner();
  try {
    await runner.query('FLUSH STATUS');
    await runner.query(sql, [...parameters]);
    const status = (await runner.query("SHOW SESSION STATUS LIKE 'Handler_read%'")) as { Value: string }[];
    return status.reduce((sum, { Value }) => sum + Number(Value), 0);
  } finally {
    await runner.release();
  }
}
