import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { labelText } from '../../src/jobs/job-label.query.js';
import { type JobListing } from '../../src/jobs/job-page.query.js';
import { VISIBLE_STATES } from '../../src/jobs/job.types.js';
import { type ExpiredJob, ExpiredJobs } from '../../src/jobs/expiry/expired-jobs.js';
import { type JobRow } from '../../src/jobs/job.entity.js';
import { outcomesOfRows } from '../../src/jobs/job-label.outcome.js';
import { ALL_STATES, isVisible, type JobState, LEASED_STATES } from '../../src/jobs/job.states.js';
import { RequestKeys } from '../../src/jobs/idempotency/request-keys.repository.js';
import { OpenJobs } from '../../src/jobs/waiting/open-jobs.js';
import { RunnableJobs } from '../../src/jobs/runnable-jobs.js';
import { WaitingLine } from '../../src/jobs/waiting-line.js';
import { type JobsRepository } from '../../src/jobs/jobs.repository.js';
import { aJob, CLOCK, type JobStore, openJobStore } from '../support/job-store.js';
import { describeOnDatabases } from '../support/services.js';

const JOBS = 20_000;
const BATCH = 1_000;
/** When the database counted what is in its tables, for the last time before they grew. */
const COUNTED_AT = BATCH;
/** A page of 100, or each branch of it, may read so many rows: the page, the jobs of its labels, and a margin. */
const MOST_ROWS_READ = 1_000;
/** So few jobs are held by agents at any time, however many there are: they may be sorted. */
const HELD = 40;

const TABLES = ['job_manager_jobs', 'job_manager_job_labels', 'job_manager_idempotency_keys'];
/** Later than all that is due. */
const LONG_AFTER = 8_640_000_000_000_000;
const LAST_ID = 'ffffffff-ffff-7fff-bfff-ffffffffffff';
const NOBODY = '00000000-0000-4000-8000-000000000000';
/** The ids of a page that was found are put in order once more as they are joined. */
const JOINS_PAGE = 'USE TEMP B-TREE FOR group_concat(ORDER BY)';
/** A page begins at its token, by the index: at an id between two bounds. */
const BEGINS_AT_ID = /ORDER BY (j\.id|l\.job_id|job_id) DESC/;

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
  /** On a connection of its own: libsql does not end a statement that explains an UPDATE. */
  let planner: JobStore;
  let middle: JobRow;
  let waiting: ExpiredJob[];

  beforeAll(async () => {
    const { url } = await kind.create();
    store = await openJobStore(url);
    planner = await openJobStore(url);
    const rows = Array.from({ length: JOBS }, (_, n) => aged(aJob({ labels: labelsOf(n) }), n));
    if (kind.name === 'MariaDB') {
      for (const table of TABLES) await store.source.query(`ALTER TABLE ${table} STATS_AUTO_RECALC = 0`);
    }
    for (let start = 0; start < JOBS; start += BATCH) {
      await insertAll(store, rows.slice(start, start + BATCH));
      // SQLite never counts unless it is told to, which the service does not.
      if (start + BATCH === COUNTED_AT && kind.name === 'MariaDB') await count();
    }
    middle = rows[JOBS / 2] ?? aJob();
    const queued = rows.filter(({ state }) => state === 'queued').slice(-50);
    waiting = queued.map(({ id }) => ({ id, wasTried: false, hasLabels: false, hasWebhook: true }));
  }, 900_000);
  afterAll(async () => {
    await planner.source.destroy();
    await store.source.destroy();
  });

  async function count(): Promise<void> {
    await store.source.query(kind.name === 'SQLite' ? 'ANALYZE' : `ANALYZE TABLE ${TABLES.join(', ')}`);
  }

  const label = (key: string, value: string): { key: string; value: string } => ({ key, value });
  const page = (filter: Partial<JobListing>) => (jobs: JobsRepository) =>
    jobs.list({ user: 'anonymous', limit: 100, now: CLOCK.now(), pageToken: middle.id, ...filter });
  const pages: Record<string, Partial<JobListing>> = {
    'a page of all': {},
    ...Object.fromEntries(VISIBLE_STATES.map((state) => [`a page of ${state} jobs`, { states: [state] }])),
    'a page of several states': { states: ['failed', 'queued'] },
    'a page of all states': { states: VISIBLE_STATES },
    'a page of a label': { labels: [label('n', '1')] },
    'a page of a rare label': { labels: [label('rare', '5')] },
    'a page of two labels': { labels: [label('n', '1'), label('rare', '5')] },
    'a page of a label and a state': { labels: [label('n', '1')], states: ['failed'] },
    'a page of a label and what runs': { labels: [label('n', '1')], states: ['running'] },
    'a page of a label and what waits': { labels: [label('n', '1')], states: ['queued'] },
    'a page of labels and states': {
      labels: [label('n', '1'), label('rare', '5')],
      states: ['failed', 'queued', 'running'],
    },
  };
  const held = { jobId: NOBODY, attempt: 1, token: NOBODY };
  const queries: Record<string, (jobs: JobsRepository) => Promise<unknown>> = {
    'a job by its id': (jobs) => jobs.find(middle.id),
    ...Object.fromEntries(Object.entries(pages).map(([name, filter]) => [name, page(filter)])),
    'a page between two dates': (jobs) =>
      page({ createdBefore: middle.createdAt, createdAfter: middle.createdAt - 1e6 })(jobs),
    'what waits': () => new RunnableJobs(store.database).next({ limit: 100, labels: [], now: CLOCK.now() }),
    'what waits for labels': () =>
      new RunnableJobs(store.database).next({
        limit: 100,
        labels: ['gpu', 'zone=a', 'big'],
        now: CLOCK.now(),
      }),
    'all that agents hold': (jobs) => jobs.allHeld(),
    'what agents hold, of each': () => new WaitingLine(store.database).held(),
    'what is ahead of a job': () =>
      new WaitingLine(store.database).aheadOf({ ...middle, id: LAST_ID, requires: '' }),
    'the next expiry': (jobs) => jobs.nextDue('expiresAt'),
    'the next lease': (jobs) => jobs.nextDue('leaseUntil'),
    'the next retry': (jobs) => jobs.nextDue('notBefore'),
    'the next clean-up': (jobs) => jobs.nextDue('cleanupAt'),
    'all expired': () => new ExpiredJobs(store.database).due(LONG_AFTER, 100),
    'the burial of expired jobs': () => new ExpiredJobs(store.database).bury(waiting, 1),
    'the burial of those that were tried': () =>
      new ExpiredJobs(store.database).bury(
        waiting.map((job) => ({ ...job, wasTried: true })),
        1,
      ),
    'all lost leases': (jobs) => jobs.due('leaseUntil', LONG_AFTER, 100),
    'all retries': (jobs) => jobs.due('notBefore', LONG_AFTER, 100),
    'all clean-ups': (jobs) => jobs.due('cleanupAt', LONG_AFTER, 100),
    'what an agent holds': (jobs) => jobs.heldBy('agent-1'),
    'a claim': (jobs) => jobs.claim(middle.id, { token: middle.id, until: 1, agent: 'a' }, CLOCK.now()),
    'an end': (jobs) => jobs.finish(held, 'succeeded', { finishedAt: CLOCK.now() }),
    'old tombstones': (jobs) => jobs.prune(1, 100),
    'which awaited jobs are open': () => new OpenJobs(store.database).of(waiting.map(({ id }) => id)),
    'the job of a key': () =>
      new RequestKeys(store.database).find({ owner: 'anonymous', key: `key of ${middle.id}` }),
    'old keys': () => new RequestKeys(store.database).prune(NOBODY, 100),
    'the removal of old keys': () => new RequestKeys(store.database).forget(waiting.map(({ id }) => id)),
  };

  describe.each(['with statistics of an almost empty table', 'with fresh statistics'])('%s', (statistics) => {
    beforeAll(async () => {
      if (statistics === 'with fresh statistics') await count();
    });

    it.each(Object.entries(queries))('%s uses an index and reads no more than it must', async (_, query) => {
      const statements = await recorded(store, () => query(store.jobs));
      expect(statements).not.toEqual([]);
      for (const statement of statements) {
        if (kind.name === 'SQLite') await expectSqlitePlan(planner, statement);
        else await expectMysqlPlan(planner, statement);
      }
    });
  });
});

function labelsOf(n: number): Record<string, string> {
  return { n: String(n % 3), rare: String(n % 17) };
}

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
  const there = rows.filter(({ state }) => isVisible(state));
  const labels = there.flatMap(({ id, owner, labels, state }) =>
    Object.entries(labels ?? {}).flatMap(([key, value]) =>
      outcomesOfRows(state).map((outcome) => ({ owner, label: labelText(key, value), outcome, jobId: id })),
    ),
  );
  await source.getRepository('JobLabel').insert(labels);
  const keys = rows.map(({ id, owner }) => {
    return { owner, idempotencyKey: `key of ${id}`, jobId: id, fingerprint: '' };
  });
  await source.getRepository('IdempotencyKey').insert(keys);
}

/** What goes through TypeORM is heard by its logger, what goes past it by whoever stands in the way. */
async function recorded({ source, database }: JobStore, action: () => Promise<unknown>): Promise<Recorded[]> {
  const statements: Recorded[] = [];
  const { logger } = source;
  const rows = jest.spyOn(database, 'rows');
  const writes = jest.spyOn(database, 'atomically');
  const changes = jest.spyOn(database, 'change');
  const counts = jest.spyOn(database, 'countUp');
  source.logger = Object.create(logger, {
    logQuery: { value: (sql: string, parameters: unknown[] = []) => statements.push({ sql, parameters }) },
  }) as typeof logger;
  try {
    await action();
  } finally {
    source.logger = logger;
    statements.push(...rows.mock.calls.map(([statement]) => statement));
    statements.push(...writes.mock.calls.flatMap(([all]) => all));
    statements.push(...changes.mock.calls.map(([statement]) => statement));
    statements.push(...counts.mock.calls.map(([{ update }]) => update));
    rows.mockRestore();
    writes.mockRestore();
    changes.mockRestore();
    counts.mockRestore();
  }
  return statements.filter(({ sql }) =>
    /^\s*(SELECT|WITH|UPDATE|DELETE FROM job_manager_idempotency_keys)/i.test(sql),
  );
}

async function expectSqlitePlan({ database }: JobStore, { sql, parameters }: Recorded): Promise<void> {
  const plan = await database.rows<{ detail: string }>({ sql: `EXPLAIN QUERY PLAN ${sql}`, parameters });
  const details = plan
    .map(({ detail }) => detail)
    .filter((detail) => detail !== JOINS_PAGE)
    .join('\n');
  expect(details).toMatch(/USING .*(INDEX|PRIMARY KEY)/);
  expect(details).not.toMatch(/SCAN (j|l|o\d*|Job|job_manager\w*)$/m);
  if (sql.startsWith('UPDATE')) expect(details).toMatch(/\(id=\?\)/);
  if (BEGINS_AT_ID.test(sql)) expect(details).toMatch(/id>\? AND \w*id<\?/);
  const sortsFew = sql.includes('UNION ALL') || /state.{0,3} IN/.test(sql);
  if (!sortsFew) expect(details).not.toContain('TEMP B-TREE');
}

async function expectMysqlPlan({ source }: JobStore, { sql, parameters }: Recorded): Promise<void> {
  const plan = await source.query<MysqlPlanRow[]>(`EXPLAIN ${sql}`, [...parameters]);
  // As `ref` it would walk all that is newer than the page. MariaDB may look at another index as well, as a filter.
  const types = BEGINS_AT_ID.test(sql)
    ? /^(const|eq_ref|range)$/
    : /^(const|eq_ref|ref|range|index)(\|filter)?$/;
  for (const { table, type, key, Extra } of plan) {
    if (table === null || table.startsWith('<')) continue;
    expect({ table, type, key }).toEqual({
      table,
      type: expect.stringMatching(types),
      key: expect.any(String),
    });
    if (sql.includes('GROUP BY')) expect(Extra).toContain('Using index for group-by');
    if (!/state.{0,3} IN/.test(sql)) expect(Extra ?? '').not.toContain('filesort');
  }
  // What is counted up to a bound is read, written down and read again.
  const branches = sql.split('UNION ALL').length + (sql.includes('AS waiting') ? 2 : 0);
  expect(await rowsRead(source, { sql, parameters })).toBeLessThanOrEqual(MOST_ROWS_READ * branches);
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
