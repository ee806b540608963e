import { eventually } from '../../support/eventually.js';
import { forMs } from '../../support/for-ms.js';
import { type Caller } from './caller.js';
import { type Intervention, nameOf } from './job-plan.js';
import { exists, expectedEnd, type JobRecord } from './job-record.js';
import { type Timeline } from './timeline.js';
import { type Yard } from './yard.js';

const START_WITHIN_MS = 120_000;

export interface WorkloadTools {
  readonly caller: Caller;
  readonly yard: Yard;
  readonly timeline: Timeline;
  readonly onFinding: (finding: string) => void;
}

/** Submits jobs and does to them what their plans say. */
export class Workload {
  constructor(
    readonly records: readonly JobRecord[],
    private readonly tools: WorkloadTools,
  ) {}

  /** All jobs, each at its time, and all interventions. */
  async run(): Promise<void> {
    await Promise.all(this.records.map((record) => this.live(record)));
  }

  async submit(record: JobRecord): Promise<void> {
    const { caller, timeline } = this.tools;
    const { index, request, kind } = record.plan;
    timeline.noteOf(index, `POST /run: ${kind}`);
    const answer = await caller.once('POST', '/run', request);
    const status = typeof answer === 'object' ? answer.status : answer;
    if (typeof answer === 'object' && answer.status === 201) {
      record.submission = 'accepted';
      record.id = (answer.body as { job_id: string }).job_id;
      record.acceptedBy = Date.now();
    } else if (status === 'refused' || status === 400) {
      record.submission = 'refused';
      if (status === 400) this.tools.onFinding(`job ${index} was refused: ${JSON.stringify(answer)}`);
    } else {
      // Also after a 503: the database may have committed what its answer never told.
      record.submission = 'unknown';
    }
    timeline.noteOf(index, `POST /run: ${String(status)} ${record.id ?? ''}`);
  }

  /** Finds the jobs whose ids the harness was never told, and does to them what is still to be done. */
  async adopt(): Promise<void> {
    const known = new Set(this.records.map(({ id }) => id));
    for (const id of await this.tools.caller.allIds()) {
      if (!known.has(id)) await this.adoptOne(id);
    }
  }

  private async live(record: JobRecord): Promise<void> {
    await forMs(record.plan.atMs);
    await this.submit(record);
    if (exists(record) && record.plan.intervention) await this.intervene(record, record.plan.intervention);
  }

  private async adoptOne(id: string): Promise<void> {
    const { caller, timeline, onFinding } = this.tools;
    const sight = await caller.see(id);
    if (!('name' in sight)) return;
    const record = this.records.find(({ plan }) => nameOf(plan.index) === sight.name);
    if (record?.submission !== 'unknown') {
      onFinding(`job ${id}, ${String(sight.name)}, exists though the harness did not start it (twice)`);
      return;
    }
    Object.assign(record, { submission: 'adopted', id, acceptedBy: Date.parse(sight.created_at) });
    timeline.noteOf(record.plan.index, `found as ${id}`);
    if (expectedEnd(record) === 'none') {
      await this.intervene(record, { call: 'cancel', onceStarted: false, afterMs: 0 });
    }
  }

  private async intervene(record: JobRecord, { call, onceStarted, afterMs }: Intervention): Promise<void> {
    if (onceStarted && !(await this.started(record))) return;
    await forMs(afterMs);
    const { caller, timeline } = this.tools;
    const [method, path] =
      call === 'cancel' ? (['POST', '/cancel'] as const) : (['DELETE', '/delete'] as const);
    timeline.noteOf(record.plan.index, call);
    const { status, body } = await caller.persistently(method, path, { job_id: record.id });
    timeline.noteOf(record.plan.index, `${call}: ${status} ${JSON.stringify(body)}`);
    if (status === 200 || isOwnDeletion(call, body)) record.ended = { call, at: Date.now() };
  }

  private async started({ plan }: JobRecord): Promise<boolean> {
    try {
      await eventually(
        async () => {
          if (!(await this.tools.yard.hasStarted(plan.index))) throw new Error('not started');
        },
        { withinMs: START_WITHIN_MS, everyMs: 100 },
      );
      return true;
    } catch {
      this.tools.onFinding(`job ${plan.index} did not start within ${START_WITHIN_MS} ms`);
      return false;
    }
  }
}

/** An earlier try of the same deletion had come through, and only its answer was lost. */
function isOwnDeletion(call: Intervention['call'], body: unknown): boolean {
  return call === 'delete' && /deleted/.test((body as { error?: string }).error ?? '');
}
