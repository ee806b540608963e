import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type Counted, type JobCounts } from '../jobs/job-counts.port.js';
import { type GrantedAttempt, type JobChanges, type JobWatcher } from '../jobs/job-changes.port.js';
import { type Clock } from '../kernel/clock.js';
import { createdAtOf } from '../kernel/ids.js';

/** Seconds: from what a short command takes to a day. */
const BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800, 7_200, 86_400];
/** Attempts that were granted here and did not end here, say since another server took the report, are forgotten. */
const MOST_UNDER_WAY = 50_000;

interface UnderWay {
  readonly grantedAt: number;
  startedAt: number | null;
}

/** Counts what this server does for jobs, and how long it takes. No label names a job, a user or an agent. */
export class JobMetrics implements JobWatcher {
  private readonly underWay = new Map<string, UnderWay>();
  private readonly acceptedTotal: Counter;
  private readonly ended: Counter<'state'>;
  private readonly putBack: Counter;
  private readonly waited: Histogram;
  private readonly staged: Histogram;
  private readonly ran: Histogram;
  private readonly stored: Histogram;
  private readonly lostAttempts: Counter;

  constructor(
    registry: Registry,
    private readonly clock: Clock,
    sources: { readonly changes: JobChanges; readonly counts: JobCounts },
  ) {
    const registers = [registry];
    const counter = (name: string, help: string): Counter => new Counter({ name, help, registers });
    const seconds = (name: string, help: string): Histogram =>
      new Histogram({ name, help, buckets: BUCKETS, registers });
    this.acceptedTotal = counter('job_manager_jobs_accepted_total', 'Jobs that this server has accepted.');
    this.ended = new Counter({
      name: 'job_manager_jobs_ended_total',
      help: 'Jobs that this server has brought to an end, by its kind.',
      labelNames: ['state'],
      registers,
    });
    this.putBack = counter(
      'job_manager_attempts_put_back_total',
      'Attempts that came to nothing: lost, given back, or to be repeated.',
    );
    this.waited = seconds(
      'job_manager_queue_wait_seconds',
      'From acceptance until a first attempt was granted.',
    );
    this.staged = seconds(
      'job_manager_staging_seconds',
      'From the grant until the command was started, where there were files to stage.',
    );
    this.ran = seconds(
      'job_manager_run_seconds',
      'From the start of the command until its result was stored and reported.',
    );
    this.stored = seconds(
      'job_manager_publish_seconds',
      'Storing the answer and the outputs of an attempt, as its agent says.',
    );
    this.lostAttempts = counter(
      'job_manager_attempts_lost_total',
      'Attempts that this server took from agents that gave no sign of life, or were stopped.',
    );
    for (const state of ['succeeded', 'failed', 'cancelled', 'deleted', 'expired'])
      this.ended.inc({ state }, 0);
    addGauges(registry, sources.counts);
    sources.changes.watch(this);
  }

  accepted(): void {
    this.acceptedTotal.inc();
  }

  granted({ jobId, attempt, runs }: GrantedAttempt): void {
    const now = this.clock.now();
    if (attempt === 1) this.waited.observe(secondsBetween(createdAtOf(jobId), now));
    this.underWay.set(jobId, { grantedAt: now, startedAt: runs ? now : null });
    const [oldest] = this.underWay.keys();
    if (this.underWay.size > MOST_UNDER_WAY && oldest !== undefined) this.underWay.delete(oldest);
  }

  published(ms: number): void {
    this.stored.observe(ms / 1_000);
  }

  lost(): void {
    this.lostAttempts.inc();
  }

  readonly became = (ids: readonly string[], to: string): void => {
    for (const id of ids) {
      if (to === 'running') this.started(id);
      else this.left(id, to);
    }
  };

  private started(jobId: string): void {
    const attempt = this.underWay.get(jobId);
    if (attempt === undefined) return;
    attempt.startedAt = this.clock.now();
    this.staged.observe(secondsBetween(attempt.grantedAt, attempt.startedAt));
  }

  private left(jobId: string, to: string): void {
    if (to === 'queued') this.putBack.inc();
    else this.ended.inc({ state: to });
    const startedAt = this.underWay.get(jobId)?.startedAt ?? null;
    this.underWay.delete(jobId);
    const hasResult = to === 'succeeded' || to === 'failed';
    if (startedAt !== null && hasResult) this.ran.observe(secondsBetween(startedAt, this.clock.now()));
  }
}

/** Asked for when somebody looks; while the database is away they are no numbers, and one says that it is. */
function addGauges(registry: Registry, counts: JobCounts): void {
  const all: readonly (readonly [string, string, (counted: Counted) => number])[] = [
    ['job_manager_jobs_queued', 'Jobs that wait for an agent, on all servers.', ({ queued }) => queued],
    ['job_manager_jobs_staging', 'Jobs whose files an agent loads.', ({ staging }) => staging],
    [
      'job_manager_jobs_running',
      'Jobs whose command runs, or whose result is being stored.',
      ({ running }) => running,
    ],
    ['job_manager_agents', 'Agents that are alive.', ({ agents }) => agents],
    ['job_manager_agent_places', 'Jobs that these may run at once.', ({ places }) => places],
  ];
  for (const [name, help, valueOf] of all) {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const counted = await counts.now().catch(() => undefined);
        this.set(counted === undefined ? Number.NaN : valueOf(counted));
      },
    });
  }
  new Gauge({
    name: 'job_manager_database_up',
    help: '1 while the database answers, else 0.',
    registers: [registry],
    async collect() {
      this.set(
        await counts.now().then(
          () => 1,
          () => 0,
        ),
      );
    },
  });
}

function secondsBetween(from: number, to: number): number {
  return Math.max(0, to - from) / 1_000;
}
