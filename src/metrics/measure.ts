import { type Registry } from 'prom-client';
import { type DatabasePool } from '../database/database-pool.port.js';
import { type JobChanges } from '../jobs/job-changes.port.js';
import { type JobCounts } from '../jobs/job-counts.port.js';
import { type Clock } from '../kernel/clock.js';
import { measureDatabase } from './database-metrics.js';
import { JobMetrics } from './job-metrics.js';

/** What is measured of a job manager. */
export interface Measured {
  readonly changes: JobChanges;
  readonly counts: JobCounts;
  readonly clock: Clock;
  readonly pool: DatabasePool;
}

/**
 * Puts all metrics of a job manager into a registry, whoever serves it.
 * @throws Error where those of another job manager are there
 */
export function measureJobManager(registry: Registry, { changes, counts, clock, pool }: Measured): void {
  new JobMetrics(registry, clock, { changes, counts });
  measureDatabase(pool, registry);
}
