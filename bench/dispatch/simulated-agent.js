import { randomUUID } from 'node:crypto';
import { attemptFileId, HttpJobReports, LeaseKeeper, persistently, StopToken } from './built.js';

/** @typedef {import('../../src/execution/job-reports.port.js').Lease} Lease */
/** @typedef {ReturnType<InstanceType<typeof LeaseKeeper>['hold']>} HeldLease */

const TIMEOUT_MS = 5_000;
const NEVER = new StopToken();
const PRINTED_NOTHING = /** @type {const} */ ({
  kind: 'ended',
  succeeded: true,
  exitCode: 0,
  signal: null,
  reason: null,
  repeatable: false,
  stderrId: null,
  outputs: [],
  usage: null,
  publishedInMs: null,
});

/** An agent with the reports, the connections and the lease keeper of a real one, which runs no commands. */
export class SimulatedAgent {
  /** Answered signs of life. */
  beats = 0;
  /** When the last one was sent that was answered, in ms since the epoch. */
  beatSentAt = 0;
  /** Leases that a server said were lost. */
  lost = 0;
  /** Reports that were not answered in time, and made again. */
  repeated = 0;
  isKeeping = false;
  /** @type {Map<string, HeldLease>} by id of job */
  held = new Map();

  /** @param {{ name: string, labels: readonly string[], url: string, token: string }} options */
  constructor({ name, labels, url, token }) {
    /** @type {import('../../src/execution/job-reports.port.js').AgentCard} */
    this.card = { name, labels, concurrency: 1, generation: 1, enforces: [] };
    this.reports = new HttpJobReports({ serverUrls: [url], token, timeoutMs: TIMEOUT_MS });
    const counted = /** @type {import('../../src/execution/job-reports.port.js').JobReports} */ (
      /** @type {unknown} */ ({
        renew: (/** @type {typeof this.card} */ _, /** @type {readonly Lease[]} */ leases) =>
          this.renew(leases),
      })
    );
    // As one that hears Redis: it asks no more often than it must.
    this.keeper = new LeaseKeeper(counted, { card: () => this.card, hearingSince: () => 0 });
  }

  arrive() {
    return this.persistently(() => this.reports.arrived(this.card));
  }

  /** A sign of life, now. */
  async beat() {
    await this.renew([...this.held.values()].map(({ lease }) => lease));
  }

  /** @param {readonly Lease[]} leases */
  async renew(leases) {
    const sentAt = Date.now();
    const renewal = await this.reports.renew(this.card, leases);
    this.beats += 1;
    this.beatSentAt = Math.max(this.beatSentAt, sentAt);
    const isHeld = new Set(renewal.held);
    this.lost += leases.filter(({ jobId }) => this.held.has(jobId) && !isHeld.has(jobId)).length;
    return renewal;
  }

  /**
   * @param {string} jobId
   * @param {'hold' | 'end'} then what will be done with it: a job that is held for long needs signs of life
   * @returns {Promise<boolean>} whether it was granted; then it is held
   */
  async claim(jobId, then) {
    const token = randomUUID();
    const { sentAt, assignment } = await this.persistently(async () => ({
      sentAt: performance.now(),
      assignment: await this.reports.claim(jobId, this.card.name, token),
    }));
    if (assignment === null) return false;
    this.held.set(jobId, this.keeper.hold(assignment.lease, sentAt, assignment.leaseMs));
    if (then === 'hold') this.keeper.start();
    else if (!this.isKeeping) this.keeper.stop();
    return true;
  }

  /**
   * Reports a result as a command has it that printed nothing.
   *
   * @param {string} jobId of a job that is held
   */
  async end(jobId) {
    const held = this.held.get(jobId);
    if (held === undefined) throw new Error(`${this.card.name} does not hold ${jobId}`);
    const answerId = attemptFileId(held.lease.jobId, held.lease.attempt, 'stdout');
    const result = { ...PRINTED_NOTHING, answerId };
    const counts = await this.persistently(() => this.reports.ended(held.lease, result));
    if (!counts) throw new Error(`the end of ${jobId} does not count`);
    this.held.delete(jobId);
    this.keeper.release(held);
  }

  /** Begins to give signs of life as often as a real agent does. */
  keep() {
    this.isKeeping = true;
    this.keeper.start();
  }

  keepNoMore() {
    this.isKeeping = false;
    this.keeper.stop();
  }

  /**
   * @template T
   * @param {() => Promise<T>} ask
   */
  persistently(ask) {
    const counted = () =>
      ask().catch((/** @type {unknown} */ error) => {
        this.repeated += 1;
        throw error;
      });
    return persistently(counted, NEVER);
  }

  close() {
    this.keeper.stop();
    this.reports.close();
  }
}
