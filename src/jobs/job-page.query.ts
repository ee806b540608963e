import { type Statement } from '../database/engine.js';
import { firstUuidAt } from '../kernel/ids.js';
import { type SchemaTarget } from './job.entity.js';
import { type JobFilter } from './job.types.js';

/** Above every UUID in text. */
const AFTER_ALL_IDS = 'g';

/** Whose jobs, which of them, and from where on. */
export interface JobListing extends JobFilter {
  readonly user: string;
  /** Milliseconds since the epoch; what has expired by then is not listed. */
  readonly now: number;
}

/**
 * Ids between two bounds, newest first. A job's id begins with the time at which it was created, so a page
 * and a range of dates are both ranges of the primary key.
 */
export function idBounds(listing: JobListing): { lower: string; upper: string } {
  const before = listing.createdBefore === undefined ? AFTER_ALL_IDS : firstUuidAt(listing.createdBefore);
  const token = listing.pageToken ?? AFTER_ALL_IDS;
  return {
    lower: listing.createdAfter === undefined ? '' : firstUuidAt(Math.floor(listing.createdAfter) + 1),
    upper: token < before ? token : before,
  };
}

/**
 * MariaDB would walk every newer row of the same state (`ref`) to find where a page begins; told to use the
 * index it begins there at once (`range`).
 */
export function forceIndex(target: SchemaTarget, index: string): string {
  return target.dialect === 'mysql' ? `FORCE INDEX (\`${index}\`)` : '';
}

/** Of several statements, each a short range of its own, the first of all: they are sorted once more. */
export function merged(branches: readonly Statement[], limit: number): Statement {
  const [only, ...others] = branches;
  if (only !== undefined && others.length === 0) return only;
  return {
    sql: `${branches.map(({ sql }) => `SELECT id FROM (${sql}) b`).join(' UNION ALL ')}
      ORDER BY id DESC LIMIT ${String(limit + 1)}`,
    parameters: branches.flatMap(({ parameters }) => parameters),
  };
}
