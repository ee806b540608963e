import { type Statement } from '../database/engine.js';
import { type SchemaTarget } from './job.entity.js';
import { ANY_OUTCOME, type LabelOutcome, OUTCOMES, outcomeOf } from './job-label.outcome.js';
import { forceIndex, idBounds, type JobListing, merged } from './job-page.query.js';
import { LEASED_STATES } from './job.states.js';
import { type VisibleState } from './job.types.js';

/** How far back the newest rows of a label reach; the further, the fewer of its jobs lie between. */
export interface LabelReach {
  readonly outcome: LabelOutcome;
  /** Its position in the filter. */
  readonly label: number;
  /** The id of the last of them, or null where there are fewer. */
  readonly id: string | null;
}

/** So many rows of a label tell how sparse it is. */
const PROBED = 30;
const ALL_ACTIVE = 3;
/** MySQL joins 61 tables, SQLite 64: the labels beyond these are counted instead, each by its key. */
const MOST_JOINED = 16;

interface Branch {
  readonly outcome: LabelOutcome;
  /** None: all of that outcome. */
  readonly states: readonly VisibleState[];
}

/** Which rows of a label to look at: what has ended by its outcome, all else together. */
function branchesOf(states: readonly VisibleState[]): Branch[] {
  if (states.length === 0) return [{ outcome: ANY_OUTCOME, states: [] }];
  const ended = OUTCOMES.filter((outcome) => outcome !== '' && states.includes(outcome));
  const active = states.filter((state) => outcomeOf(state) === '');
  return [
    ...ended.map((outcome) => ({ outcome, states: [] })),
    ...(active.length === 0
      ? []
      : [{ outcome: '' as const, states: active.length === ALL_ACTIVE ? [] : active }]),
  ];
}

/** The statement that tells of several labels which is the sparsest where the page begins. */
export function labelReachStatement(target: SchemaTarget, listing: JobListing): Statement | undefined {
  const labels = labelsIn(listing);
  if (labels.length < 2) return undefined;
  const { lower, upper } = idBounds(listing);
  const probes = branchesOf(statesIn(listing)).flatMap(({ outcome }) =>
    labels.map((label, position) => ({
      sql: `SELECT '${outcome}' AS outcome, ${position} AS label,
        (SELECT job_id FROM ${target.tablePrefix}job_labels ${forceIndex(target, 'PRIMARY')}
        WHERE owner = ? AND label = ? AND outcome = '${outcome}' AND job_id < ? AND job_id >= ?
        ORDER BY job_id DESC LIMIT 1 OFFSET ${PROBED}) AS id`,
      parameters: [listing.user, label, upper, lower],
    })),
  );
  return {
    sql: probes.map(({ sql }) => sql).join(' UNION ALL '),
    parameters: probes.flatMap(({ parameters }) => parameters),
  };
}

/** Begins at the rows of the sparsest label, and looks each job up for the rest. */
export function byLabels(
  target: SchemaTarget,
  listing: JobListing,
  reaches: readonly LabelReach[],
): Statement {
  const labels = labelsIn(listing);
  const branches = branchesOf(statesIn(listing)).flatMap(({ outcome, states }) => {
    const isHeldOnly = states.length > 0 && !states.includes('queued');
    if (isHeldOnly)
      return LEASED_STATES.filter((state) => states.includes(state)).map((state) =>
        held(target, listing, state),
      );
    return [fromLabel(target, listing, { outcome, states, labels: sparsestFirst(labels, outcome, reaches) })];
  });
  return merged(branches, listing.limit);
}

function sparsestFirst(
  labels: readonly string[],
  outcome: LabelOutcome,
  reaches: readonly LabelReach[],
): string[] {
  const reach = (label: number): string =>
    reaches.find((one) => one.outcome === outcome && one.label === label)?.id ?? '';
  const positions = [...labels.keys()].sort((a, b) => (reach(a) < reach(b) ? -1 : 1));
  return positions.map((position) => labels[position] ?? '');
}

function fromLabel(
  target: SchemaTarget,
  listing: JobListing,
  { outcome, states, labels }: Branch & { labels: readonly string[] },
): Statement {
  const { lower, upper } = idBounds(listing);
  const [first = '', ...others] = labels;
  const having = haveLabels(target, { owner: 'l.owner', outcome: 'l.outcome', id: 'l.job_id' }, others);
  const sql = `SELECT l.job_id AS id FROM ${target.tablePrefix}job_labels l ${forceIndex(target, 'PRIMARY')}
    ${having.joins} ${inThisOrder(target)} ${target.tablePrefix}jobs j ON j.id = l.job_id
    WHERE l.owner = ? AND ${isLabel('l')} AND l.outcome = '${outcome}' AND l.job_id < ? AND l.job_id >= ?
    AND j.gone_at IS NULL AND (j.expires_at IS NULL OR j.expires_at > ?)
    ${states.length > 0 ? `AND j.state IN (${states.map(() => '?').join(', ')})` : ''} ${having.conditions}
    ORDER BY l.job_id DESC LIMIT ${listing.limit + 1}`;
  const own = [listing.user, first, first, upper, lower, listing.now, ...states];
  return { sql, parameters: [...having.joined, ...own, ...having.counted] };
}

/** What agents hold is little, however many jobs have the label: it is looked at job by job. */
function held(target: SchemaTarget, listing: JobListing, state: VisibleState): Statement {
  const { lower, upper } = idBounds(listing);
  const having = haveLabels(target, { owner: 'j.owner', outcome: "''", id: 'j.id' }, labelsIn(listing));
  const index = `${target.tablePrefix}job_list_by_state`;
  const sql = `SELECT j.id AS id FROM ${target.tablePrefix}jobs j ${forceIndex(target, index)} ${having.joins}
    WHERE j.owner = ? AND j.state = ? AND j.id < ? AND j.id >= ?
    AND (j.expires_at IS NULL OR j.expires_at > ?) ${having.conditions}
    ORDER BY j.id DESC LIMIT ${listing.limit + 1}`;
  const own = [listing.user, state, upper, lower, listing.now];
  return { sql, parameters: [...having.joined, ...own, ...having.counted] };
}

/** What keeps a statement to the jobs that have all of `labels`: joins, and conditions that end its WHERE. */
interface HavingLabels {
  readonly joins: string;
  readonly joined: readonly string[];
  readonly conditions: string;
  readonly counted: readonly string[];
}

function haveLabels(
  target: SchemaTarget,
  job: { owner: string; outcome: string; id: string },
  labels: readonly string[],
): HavingLabels {
  const rows = `${target.tablePrefix}job_labels`;
  const isOfJob = (o: string): string =>
    `${o}.owner = ${job.owner} AND ${isLabel(o)} AND ${o}.outcome = ${job.outcome} AND ${o}.job_id = ${job.id}`;
  const joined = labels.slice(0, MOST_JOINED);
  const counted = labels.slice(MOST_JOINED);
  return {
    joins: joined
      .map((_, index) => `${inThisOrder(target)} ${rows} o${index} ON ${isOfJob(`o${index}`)}`)
      .join(' '),
    joined: joined.flatMap((label) => [label, label]),
    conditions: counted.map(() => `AND (SELECT COUNT(*) FROM ${rows} c WHERE ${isOfJob('c')}) = 1`).join(' '),
    counted: counted.flatMap((label) => [label, label]),
  };
}

/** MySQL's collations for bytes take trailing blanks for nothing. */
function isLabel(table: string): string {
  return `${table}.label = ? AND LENGTH(${table}.label) = LENGTH(?)`;
}

/** A join that no optimizer turns round. */
function inThisOrder(target: SchemaTarget): string {
  return target.dialect === 'mysql' ? 'STRAIGHT_JOIN' : 'CROSS JOIN';
}

function labelsIn({ labels = [] }: JobListing): string[] {
  return [...new Set(labels.map(({ key, value }) => labelText(key, value)))];
}

function statesIn({ states = [] }: JobListing): VisibleState[] {
  return [...new Set(states)];
}

/** A label as its table holds it. */
export function labelText(key: string, value: string): string {
  return `${key}=${value}`;
}
