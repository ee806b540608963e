import { type Statement } from '../database/engine.js';
import { firstUuidAt } from '../kernel/ids.js';
import { type JobFilter, type VisibleState } from './job.types.js';
import { type SchemaTarget } from './job.entity.js';

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
function idBounds(listing: JobListing): { lower: string; upper: string } {
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
function forceIndex(target: SchemaTarget, index: string): string {
  return target.dialect === 'mysql' ? `FORCE INDEX (\`${index}\`)` : '';
}

function byState(target: SchemaTarget, listing: JobListing, state: VisibleState | undefined): Statement {
  const { lower, upper } = idBounds(listing);
  const index = `${target.tablePrefix}${state === undefined ? 'job_list' : 'job_list_by_state'}`;
  const sql = `SELECT j.id AS id FROM ${target.tablePrefix}jobs j ${forceIndex(target, index)}
    WHERE j.owner = ? AND ${state === undefined ? 'j.gone_at IS NULL' : 'j.state = ?'}
    AND j.id < ? AND j.id >= ? AND (j.expires_at IS NULL OR j.expires_at > ?)
    ORDER BY j.id DESC LIMIT ${String(listing.limit + 1)}`;
  const parameters = [listing.user, ...(state === undefined ? [] : [state]), upper, lower, listing.now];
  return { sql, parameters };
}

/** One branch for each state, each a short range of its own; together they are sorted once more. */
function byStates(target: SchemaTarget, listing: JobListing, states: readonly VisibleState[]): Statement {
  const branches = states.map((state) => byState(target, listing, state));
  return {
    sql: `${branches.map(({ sql }) => `SELECT id FROM (${sql}) b`).join(' UNION ALL ')}
      ORDER BY id DESC LIMIT ${String(listing.limit + 1)}`,
    parameters: branches.flatMap(({ parameters }) => parameters),
  };
}

/** Begins at the first label's rows, and looks each job up for the rest. */
function byLabels(target: SchemaTarget, listing: JobListing, labels: readonly string[]): Statement {
  const { lower, upper } = idBounds(listing);
  const states = listing.states ?? [];
  const [first, ...others] = labels;
  // MySQL's collations for bytes take trailing blanks for nothing.
  const isLabel = (column: string): string => `${column} = ? AND LENGTH(${column}) = LENGTH(?)`;
  const join = target.dialect === 'mysql' ? 'STRAIGHT_JOIN' : 'CROSS JOIN';
  const sql = `SELECT l.job_id AS id FROM ${target.tablePrefix}job_labels l ${forceIndex(target, 'PRIMARY')}
    ${join} ${target.tablePrefix}jobs j ON j.id = l.job_id
    WHERE l.owner = ? AND ${isLabel('l.label')} AND l.job_id < ? AND l.job_id >= ?
    AND j.gone_at IS NULL AND (j.expires_at IS NULL OR j.expires_at > ?)
    ${states.length > 0 ? `AND j.state IN (${states.map(() => '?').join(', ')})` : ''}
    ${others.map(() => `AND EXISTS (SELECT 1 FROM ${target.tablePrefix}job_labels o WHERE o.owner = ? AND ${isLabel('o.label')} AND o.job_id = l.job_id)`).join(' ')}
    ORDER BY l.job_id DESC LIMIT ${String(listing.limit + 1)}`;
  const rest = others.flatMap((label) => [listing.user, label, label]);
  return { sql, parameters: [listing.user, first, first, upper, lower, listing.now, ...states, ...rest] };
}

/** The statement that finds a page and one job more, newest first. */
export function jobListStatement(target: SchemaTarget, listing: JobListing): Statement {
  const labels = (listing.labels ?? []).map(({ key, value }) => labelText(key, value));
  if (labels.length > 0) return byLabels(target, listing, labels);
  const states = [...new Set(listing.states ?? [])];
  return states.length > 1 ? byStates(target, listing, states) : byState(target, listing, states[0]);
}

/** A label as its table holds it. */
export function labelText(key: string, value: string): string {
  return `${key}=${value}`;
}
