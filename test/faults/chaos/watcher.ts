import { type State } from '../../support/client.js';
import { forMs } from '../../support/for-ms.js';
import { type Caller, type Sight } from './caller.js';
import { type Ending, exists, type JobRecord } from './job-record.js';
import { type Random } from './random.js';
import { type Timeline } from './timeline.js';

const EVERY_MS = 50;
const FINAL: readonly string[] = ['succeeded', 'failed', 'cancelled', 'gone'] satisfies (State | 'gone')[];

export interface WatcherTools {
  readonly records: readonly JobRecord[];
  readonly caller: Caller;
  readonly random: Random;
  readonly timeline: Timeline;
  readonly onFinding: (finding: string) => void;
}

/** Looks at any job now and then: what was accepted is there, and what has ended stays as it is. */
export class Watcher {
  constructor(private readonly tools: WatcherTools) {}

  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await forMs(EVERY_MS);
      const known = this.tools.records.filter(exists);
      const record = known.length > 0 && this.tools.random.pick(known);
      const sight = record && (await this.tools.caller.look(record.id));
      if (record && sight) this.judge(record, sight);
    }
  }

  /** Also for looks of others. */
  judge(record: JobRecord, sight: Sight): void {
    const { index } = record.plan;
    const { timeline, onFinding } = this.tools;
    timeline.noteOf(index, `seen ${describe(sight)}`);
    if (sight.state === 'not found') onFinding(`job ${index} was accepted, and then not found`);
    const ending = endingOf(sight);
    const before = record.seenEnd;
    if (before !== undefined && !mayFollow(before, ending)) {
      onFinding(`job ${index} had ended as ${describe(before)}, and then was ${describe(sight)}`);
    }
    if (ending !== undefined) record.seenEnd = ending;
  }
}

function endingOf(sight: Sight): Ending | undefined {
  if (!FINAL.includes(sight.state)) return undefined;
  return { state: sight.state as Ending['state'], answerId: 'answer_id' in sight ? sight.answer_id : null };
}

/** Deletion and expiry end what has ended, and nothing else changes it. */
function mayFollow(before: Ending, now: Ending | undefined): boolean {
  if (now === undefined) return false;
  if (now.state === 'gone') return true;
  return now.state === before.state && now.answerId === before.answerId;
}

function describe(sight: Sight | Ending): string {
  if (!('attempt' in sight)) return sight.state;
  const { state, attempt, agent, reason } = sight;
  return `${state}, attempt ${attempt}, agent ${String(agent)}${reason === null ? '' : `: ${reason}`}`;
}
