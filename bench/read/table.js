import { idOf, insertJobs, numbers } from '../shared/bulk-jobs.js';

/** Between two jobs, in ms. */
const STEP_MS = 25;
const YEAR_MS = 31_536_000_000;
/** So many jobs are with agents at any time, however many there are. */
const HELD = 40;
/** Each state, and below which {@link SHARE} of a job it ends; all others have succeeded. */
const STATES = /** @type {const} */ ({ failed: 140, queued: 260, cancelled: 310, deleted: 340 });
const ASCENDING = Object.entries(STATES);
const SHARE = 'n * 7919 % 997';

/**
 * @typedef {object} Job
 * @property {string} id
 * @property {number} createdAt ms since the epoch
 * @property {string} owner
 * @property {string} state
 * @property {string[]} labels
 */

/**
 * Jobs as a service has them after long use: most are those of the one user who asks, the others of a hundred; most
 * succeeded; each third has labels. Each property follows from the job's number by a prime of its own, so that they
 * are independent.
 */
export class JobTable {
  /**
   * @param {number} count
   * @param {number} end when the newest was made, ms since the epoch
   */
  constructor(count, end) {
    this.count = count;
    this.end = end;
  }

  /** @param {number} n from 1, the oldest @returns {Job} */
  job(n) {
    const createdAt = this.end - (this.count - n) * STEP_MS;
    return {
      id: idOf(createdAt, n),
      createdAt,
      owner: n % 7 < 5 ? 'anonymous' : `user-${n % 101}`,
      state: this.#stateOf(n),
      labels: n % 3 === 0 ? [`team=t${n % 2}`, `kind=k${n % 13}`, `batch=b${Math.floor(n / 1000)}`] : [],
    };
  }

  /** The first from `n` on, downwards, that the user who asks may see. @param {number} n @returns {Job} */
  visible(n) {
    const job = this.job(n);
    return isVisible(job) ? job : this.visible(n - 1);
  }

  /**
   * The page of the user who asks.
   *
   * @param {(job: Job) => boolean} matches
   * @param {number} from the number of the job before it; all, where it is the newest
   * @param {number} limit
   */
  page(matches, from, limit) {
    const ids = [];
    for (let n = from === this.count ? from : from - 1; n >= 1; n -= 1) {
      const job = this.job(n);
      if (!isVisible(job) || !matches(job)) continue;
      if (ids.length === limit) return { ids, next: ids.at(-1) ?? null };
      ids.push(job.id);
    }
    return { ids, next: null };
  }

  /** @param {import('../shared/bulk-jobs.js').BulkDatabase} database */
  async fill(database) {
    await insertJobs(database, {
      count: this.count,
      createdAt: this.#createdAt,
      columns: this.#columns(database.sql),
    });
    const { concat, id, quotient } = database.sql;
    const labels = [
      concat("'team=t'", 'n % 2'),
      concat("'kind=k'", 'n % 13'),
      concat("'batch=b'", quotient('n', 1000)),
    ];
    for (const label of labels) {
      for (const outcome of ["'*'", this.#outcome]) {
        await database.run(
          `INSERT INTO job_manager_job_labels (owner, label, outcome, job_id) ${numbers(this.count)}
          SELECT ${ownerIn(database.sql)}, ${label}, ${outcome}, ${id(this.#createdAt, 'n')}
          FROM numbers WHERE n % 3 = 0`,
        );
      }
    }
  }

  get #createdAt() {
    return `${this.end} - (${this.count} - n) * ${STEP_MS}`;
  }

  get #state() {
    const held = `n > ${this.count - HELD}`;
    const others = ASCENDING.map(([state, below]) => `WHEN ${SHARE} < ${below} THEN '${state}'`);
    return `CASE WHEN ${held} AND n % 2 = 0 THEN 'running' WHEN ${held} THEN 'staging' ${others.join(' ')} ELSE 'succeeded' END`;
  }

  /** As the service has it in the second row of each label. */
  get #outcome() {
    return `CASE WHEN ${this.#state} IN ('succeeded', 'failed', 'cancelled') THEN ${this.#state} ELSE '' END`;
  }

  /** @param {import('../shared/bulk-jobs.js').Sql} sql */
  #columns(sql) {
    const held = `n > ${this.count - HELD}`;
    const ran = `(${held} OR ${SHARE} NOT BETWEEN ${STATES.failed} AND ${STATES.queued - 1})`;
    const gone = `(NOT ${held} AND ${SHARE} BETWEEN ${STATES.cancelled} AND ${STATES.deleted - 1})`;
    const ended = `(NOT ${held} AND ${ran})`;
    const inYears = `${this.end + YEAR_MS}`;
    return {
      state: this.#state,
      owner: ownerIn(sql),
      attempt: `CASE WHEN ${ran} THEN 1 ELSE 0 END`,
      lease_token: `CASE WHEN ${held} THEN ${sql.id('1', 'n')} END`,
      lease_until: `CASE WHEN ${held} THEN ${inYears} END`,
      agent: `CASE WHEN ${ran} THEN ${sql.concat("'agent-'", 'n % 50')} END`,
      answer_id: `CASE WHEN ${ended} THEN ${sql.id('2', 'n')} END`,
      started_at: `CASE WHEN ${ran} THEN ${this.#createdAt} + 3 END`,
      finished_at: `CASE WHEN ${ended} THEN ${this.#createdAt} + 6 END`,
      gone_at: `CASE WHEN ${gone} THEN ${this.#createdAt} + 9 END`,
      expires_at: `CASE WHEN n % 11 = 0 AND NOT ${gone} THEN ${inYears} END`,
    };
  }

  /** @param {number} n */
  #stateOf(n) {
    if (n > this.count - HELD) return n % 2 === 0 ? 'running' : 'staging';
    const share = (n * 7919) % 997;
    return ASCENDING.find(([, below]) => share < below)?.[0] ?? 'succeeded';
  }
}

/** @param {import('../shared/bulk-jobs.js').Sql} sql */
function ownerIn({ concat }) {
  return `CASE WHEN n % 7 < 5 THEN 'anonymous' ELSE ${concat("'user-'", 'n % 101')} END`;
}

/** @param {Job} job */
function isVisible({ owner, state }) {
  return owner === 'anonymous' && state !== 'deleted';
}
