/** @import { Job, JobTable } from './table.js' */

/**
 * @typedef {object} Filter
 * @property {string} name
 * @property {string} query
 * @property {(job: Job) => boolean} matches
 */

/** @param {string} state */
function state(state) {
  return { name: state, query: `state=${state}`, matches: (/** @type {Job} */ job) => job.state === state };
}

/** @param {string} label */
function label(label) {
  const name = `label ${label.split('=')[0]}`;
  return { name, query: `label=${label}`, matches: (/** @type {Job} */ job) => job.labels.includes(label) };
}

/** @param {readonly Filter[]} filters of which one suffices @returns {Filter} */
function any(filters) {
  return joined(filters, ' or ', (job) => filters.some(({ matches }) => matches(job)));
}

/** @param {readonly Filter[]} filters @returns {Filter} */
function all(...filters) {
  return joined(filters, ', ', (job) => filters.every(({ matches }) => matches(job)));
}

/**
 * @param {readonly Filter[]} filters
 * @param {string} by
 * @param {(job: Job) => boolean} matches
 */
function joined(filters, by, matches) {
  return {
    name: filters.map(({ name }) => name).join(by),
    query: filters.map(({ query }) => query).join('&'),
    matches,
  };
}

/**
 * Each filter of `list_jobs`, and what people ask for by several.
 *
 * @param {JobTable} table
 * @returns {Filter[]}
 */
export function filtersOn(table) {
  const created = (/** @type {number} */ share) => table.job(Math.round(table.count * share)).createdAt;
  const [early, late] = [created(0.3), created(0.7)];
  const iso = (/** @type {number} */ time) => encodeURIComponent(new Date(time).toISOString());
  const before = {
    name: 'before',
    query: `created_before=${iso(late)}`,
    matches: (/** @type {Job} */ job) => job.createdAt < late,
  };
  const after = {
    name: 'after',
    query: `created_after=${iso(early)}`,
    matches: (/** @type {Job} */ job) => job.createdAt > early,
  };
  const none = { name: 'none', query: '', matches: () => true };
  const user = { name: 'user', query: 'user=anonymous', matches: none.matches };
  const [queued, staging, running] = [state('queued'), state('staging'), state('running')];
  const [succeeded, failed, cancelled] = [state('succeeded'), state('failed'), state('cancelled')];
  const [team, kind] = [label('team=t1'), label('kind=k5')];
  const batch = label(`batch=b${Math.floor(table.count / 2000)}`);
  return [
    ...[none, user, queued, staging, running, succeeded, failed, cancelled],
    ...[any([queued, failed]), any([queued, staging, running])],
    any([queued, staging, running, succeeded, failed, cancelled]),
    ...[team, kind, batch, all(team, kind), all(team, batch)],
    ...[all(team, failed), all(team, running), all(kind, cancelled), all(batch, failed)],
    ...[all(team, any([failed, cancelled])), all(team, kind, any([queued, failed]))],
    ...[before, after, all(before, after), all(before, after, failed), all(before, after, team)],
    all(before, after, any([queued, failed])),
  ];
}

/** Where a page begins: behind so large a share of the jobs. */
export const PAGES = /** @type {const} */ ([
  ['newest', 1],
  ['middle', 0.5],
  ['oldest', 0.15],
]);
