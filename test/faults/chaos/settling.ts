import { forMs } from '../../support/for-ms.js';
import { type Caller, type Sight } from './caller.js';
import { type Finding, wrongEnd, wrongResult } from './checks.js';
import { type Fleet } from './fleet.js';
import { exists, type JobRecord } from './job-record.js';
import { type Watcher } from './watcher.js';
import { type Workload } from './workload.js';

const PAUSE_MS = 300;
const AT_ONCE = 8;

export interface SettlingTools {
  readonly workload: Workload;
  readonly watcher: Watcher;
  readonly caller: Caller;
  readonly fleet: Fleet;
}

/** Once all is mended: waits until every job has ended as it must, and looks at what it left. */
export class Settling {
  private readonly sights = new Map<JobRecord, Sight>();

  constructor(private readonly tools: SettlingTools) {}

  /** What is still wrong after that time. */
  async settle(withinMs: number): Promise<Finding[]> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      await this.tools.workload.adopt();
      const open = await this.lookAtAll();
      if (open.length === 0 || Date.now() > deadline) return open;
      await forMs(PAUSE_MS);
    }
  }

  /** Answers and outputs of all that ended with one. */
  async wrongResults(): Promise<Finding[]> {
    const findings: Finding[] = [];
    for (const [record, sight] of this.sights) {
      if (!('answer_id' in sight) || sight.answer_id === null) continue;
      const text = await wrongResult(record, sight, this.tools.fleet).catch(String);
      if (text !== undefined) findings.push({ index: record.plan.index, text });
    }
    return findings;
  }

  /** Ids of the files that belong to jobs. */
  owned(): string[] {
    return [...this.sights.values()].flatMap((sight) => {
      if (!('answer_id' in sight)) return [];
      const ids = [sight.answer_id, sight.stderr_id, ...sight.outputs.map(({ file_id }) => file_id)];
      return ids.filter((id) => id !== null);
    });
  }

  private async lookAtAll(): Promise<Finding[]> {
    const open = this.tools.workload.records.filter((record) => exists(record) && !this.sights.has(record));
    const findings: Finding[] = [];
    for (let first = 0; first < open.length; first += AT_ONCE) {
      const batch = open.slice(first, first + AT_ONCE);
      findings.push(...(await Promise.all(batch.map((record) => this.lookAt(record)))).flat());
    }
    return findings;
  }

  private async lookAt(record: JobRecord): Promise<Finding[]> {
    if (!exists(record)) return [];
    const sight = await this.tools.caller.see(record.id);
    this.tools.watcher.judge(record, sight);
    const text = wrongEnd(record, sight);
    if (text !== undefined) return [{ index: record.plan.index, text }];
    this.sights.set(record, sight);
    return [];
  }
}
