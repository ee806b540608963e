import { ALL_STATES, GONE_STATES, isFinished, LEASED_STATES } from '../../jobs/job.states.js';
import { stateIn } from '../../jobs/job.tombstone.js';
import { type Check, type Disagreement } from '../check.js';
import { type JobTable } from './job-table.js';

/** Columns of one row that can't be so together. */
interface RowRule {
  readonly name: string;
  /** True of a row that breaks it. */
  readonly where: string;
  readonly text: (id: string, state: string) => string;
  /** With `?` for the time of now, in ms since the epoch, where `needsNow`. */
  readonly mending: string;
  readonly needsNow?: true;
}

const HELD = stateIn(LEASED_STATES);
const GONE = stateIn(GONE_STATES);

const RULES: readonly RowRule[] = [
  {
    name: 'jobs that are with an agent, without a lease that could end',
    where: `${HELD} AND (lease_token IS NULL OR lease_until IS NULL)`,
    text: (id, state) =>
      `Job ${id} is ${state}, but nobody holds a lease of it: it would stay so for ever; it goes back to the queue.`,
    mending:
      "state = 'queued', lease_token = NULL, lease_until = NULL, agent = NULL, claimed_at = NULL, started_at = NULL, not_before = NULL",
  },
  {
    name: 'leases of jobs that are with no agent',
    where: `NOT ${HELD} AND lease_token IS NOT NULL`,
    text: (id, state) => `Job ${id} is ${state}, but somebody holds a lease of it.`,
    mending: 'lease_token = NULL, lease_until = NULL',
  },
  {
    name: 'jobs that have ended at no time',
    where: `${stateIn(ALL_STATES.filter(isFinished))} AND finished_at IS NULL`,
    text: (id, state) => `Job ${id} has ${state}, at no time.`,
    mending: 'finished_at = COALESCE(started_at, created_at)',
  },
  {
    name: 'jobs that are gone since no time',
    where: `${GONE} AND gone_at IS NULL`,
    text: (id, state) => `Job ${id} is ${state}, since no time: it would be remembered for ever.`,
    mending: 'gone_at = ?',
    needsNow: true,
  },
  {
    name: 'jobs that are gone with files that nobody removes',
    where: `${GONE} AND cleanup_at IS NULL AND (answer_id IS NOT NULL OR stderr_id IS NOT NULL OR outputs IS NOT NULL)`,
    text: (id, state) =>
      `Job ${id} is ${state}, but names files that nobody is to remove: a server does it when it runs.`,
    mending: 'cleanup_at = ?',
    needsNow: true,
  },
];

/** A check for each rule that the columns of a job's row obey. */
export function rowChecks(table: JobTable): Check[] {
  return RULES.map((rule) => ({ name: rule.name, find: () => breachesOf(rule, table) }));
}

async function* breachesOf(rule: RowRule, table: JobTable): AsyncGenerator<Disagreement> {
  const { where, text, mending, needsNow } = rule;
  for await (const { id, state } of table.select<{ id: string; state: string }>('id, state', where)) {
    const assignments = { sql: mending, parameters: needsNow === undefined ? [] : [Date.now()] };
    yield {
      text: text(id, state),
      mend: () => table.change(id, assignments, { sql: where, parameters: [] }),
    };
  }
}
