import { type Statement } from '../database/engine.js';
import { type SchemaTarget } from './job.entity.js';
import { byLabels, type LabelReach } from './job-label.query.js';
import { forceIndex, idBounds, type JobListing, merged } from './job-page.query.js';
import { type VisibleState } from './job.types.js';

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

/**
 * The statement that finds a page and one job more, newest first.
 *
 * @param reaches of its labels, where there are several
 */
export function jobListStatement(
  target: SchemaTarget,
  listing: JobListing,
  reaches: readonly LabelReach[] = [],
): Statement {
  if ((listing.labels ?? []).length > 0) return byLabels(target, listing, reaches);
  const states = [...new Set(listing.states ?? [])];
  if (states.length === 0) return byState(target, listing, undefined);
  return merged(
    states.map((state) => byState(target, listing, state)),
    listing.limit,
  );
}
