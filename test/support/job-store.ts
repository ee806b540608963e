import { afterAll, beforeAll } from '@jest/globals';
import { type DataSource } from 'typeorm';
import { createDataSource } from '../../src/database/data-source.js';
import { Database } from '../../src/database/database.js';
import { dialectOf } from '../../src/database/database-url.js';
import { migrate } from '../../src/database/migrate.js';
import { MIGRATIONS } from '../../src/database/migrations/index.js';
import { ExpiredJobs } from '../../src/jobs/expiry/expired-jobs.js';
import { entitiesFor } from '../../src/jobs/entities.js';
import { type LimitPolicy } from '../../src/jobs/limit-policy.js';
import { type JobRow } from '../../src/jobs/job.entity.js';
import { type JobsOptions } from '../../src/jobs/jobs.options.js';
import { JobsRepository, type LeaseKey } from '../../src/jobs/jobs.repository.js';
import { Admission } from '../../src/jobs/admission.js';
import { type RunRequest } from '../../src/jobs/job.types.js';
import { type FileStore } from '../../src/data-manager/file-store.js';
import { SteadyClock } from '../../src/kernel/clock.js';
import { type DatabaseKind } from './services.js';

export const TABLE_PREFIX = 'job_manager_';

/** A data source as the service makes it, on a database of the test's own. Not migrated. */
export function dataSourceFor(url: string): DataSource {
  const target = { dialect: dialectOf(url), tablePrefix: TABLE_PREFIX };
  return createDataSource({
    url,
    tablePrefix: TABLE_PREFIX,
    entities: entitiesFor(target),
    migrations: MIGRATIONS,
  });
}

export interface JobStore {
  readonly source: DataSource;
  readonly database: Database;
  readonly jobs: JobsRepository;
}

/** A migrated, empty store of jobs. */
export async function openJobStore(url: string): Promise<JobStore> {
  const source = await dataSourceFor(url).initialize();
  await migrate(source);
  const database = new Database(source);
  return { source, database, jobs: new JobsRepository(database) };
}

/** One for all tests of the surrounding `describe`, and what they do to it. */
export interface StoreInTests {
  /** While tests run. */
  readonly store: () => JobStore;
  readonly inserted: (row: JobRow) => Promise<JobRow>;
  /** All that is due at `now`, in ms since the epoch. */
  readonly expire: (now: number) => Promise<void>;
}

export function useJobStore(kind: DatabaseKind): StoreInTests {
  let opened: JobStore | undefined;
  beforeAll(async () => {
    opened = await openJobStore((await kind.create()).url);
  });
  afterAll(() => opened?.source.destroy());
  const store = (): JobStore => {
    if (opened === undefined) throw new Error('the store is open during tests only');
    return opened;
  };
  const inserted = async (row: JobRow): Promise<JobRow> => {
    await store().jobs.insert(row);
    return row;
  };
  const expire = async (now: number): Promise<void> => {
    const expired = new ExpiredJobs(store().database);
    await expired.bury(await expired.due(now, 100), now);
  };
  return { store, inserted, expire };
}

export const OPTIONS: JobsOptions = {
  maxQueuedJobs: 1,
  agentLostSeconds: 30,
  isShared: false,
  keepsFiles: false,
  tombstoneDays: 30,
  idempotencyHours: 24,
  webhooks: { allowPrivate: false, retryMs: 1_000 },
};
/**
 * What jobs are dated by, here and in the service. `Date.now()` beside it is another clock: once the
 * machine's has been set back, what is due "now" by one is not by the other.
 */
export const CLOCK = new SteadyClock();
const admission = new Admission({} as FileStore, CLOCK, {} as LimitPolicy, OPTIONS);

/** A job as the service would make it of `request`. */
export function aJob(request: Partial<RunRequest> & { user?: string } = {}): JobRow {
  const { user = 'anonymous', ...wish } = request;
  return admission.rowFor({ command: 'true', ...wish }, { user, role: 'user' });
}

/** Claims a job for `agent` and returns the lease; the claim must be granted. */
export async function claimed(jobs: JobsRepository, id: string, agent = 'agent-1'): Promise<LeaseKey> {
  const token = crypto.randomUUID();
  const granted = await jobs.claim(id, { token, until: CLOCK.now() + 30_000, agent }, CLOCK.now());
  if (granted === null) throw new Error(`the claim of ${id} was refused`);
  return { jobId: id, attempt: granted.attempt, token };
}
