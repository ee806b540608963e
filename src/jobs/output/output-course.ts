import { type FileStore, infoIfStored } from '../../data-manager/file-store.js';
import {
  type LiveOutput,
  OUTPUT_STREAMS,
  type OutputChunk,
  type OutputStream,
} from '../../execution/live-output.port.js';
import { monotonicNow } from '../../kernel/clock.js';
import { type JobRow } from '../job.entity.js';
import { isFinished } from '../job.states.js';
import { type JobViews } from '../job-views.js';
import { type Waiter } from '../waiting/awaited-jobs.js';
import { type BytesWritten, type OutputCursor, type OutputEvent } from './output-event.js';
import { begunCharacterBytes, inWholeCharacters } from './whole-characters.js';

/** News can be lost, with Redis: so often it is looked without any, in ms. */
const LOOK_AGAIN_MS = 10_000;
/** The agent has no more, and the database does not yet say why: it will, soon. */
const LOOK_SOON_MS = 500;
/** After so long without a byte it is said that there is none, in ms. */
const SILENCE_MS = 9_000;

export interface OutputSources {
  /** The job as the database has it. Throws where the caller may not see it, or it is gone. */
  readonly look: () => Promise<JobRow>;
  readonly views: Pick<JobViews, 'of'>;
  readonly live: LiveOutput;
  readonly files: FileStore;
}

/** Who runs the command, and by which lease. */
interface Holder {
  readonly agent: string;
  readonly token: string;
}

type Following = Extract<OutputEvent, { kind: 'attempt' | 'bytes' | 'silence' }>;

/** One who follows what a job writes: first what agents have of it, then what was stored. */
export class OutputCourse {
  private heardAt = monotonicNow();
  private asking = new AbortController();

  /** @param waiter is told when a command of the job begins, and when the job ends */
  constructor(
    private readonly waiter: Waiter,
    private cursor: OutputCursor,
    private readonly sources: OutputSources,
  ) {}

  async *events(): AsyncGenerator<OutputEvent, void, undefined> {
    let pauseMs: number;
    do {
      const row = await this.sources.look();
      if (row.attempt !== this.cursor.attempt && row.attempt > 0) yield this.attemptOf(row);
      if (isFinished(row.state)) {
        yield* this.stored(row);
        yield { kind: 'end', job: await this.sources.views.of(row), cursor: this.cursor };
        return;
      }
      const holder = holderOf(row);
      if (holder !== null) yield* this.written(holder);
      pauseMs = holder !== null ? LOOK_SOON_MS : LOOK_AGAIN_MS;
      if (monotonicNow() - this.heardAt >= SILENCE_MS)
        yield this.heard({ kind: 'silence', cursor: this.cursor });
    } while (await this.within(pauseMs, () => this.waiter.news()));
  }

  /** Nobody follows any more. */
  close(): void {
    this.asking.abort();
  }

  private attemptOf({ attempt, agent }: JobRow): Following {
    this.cursor = { attempt, stdout: 0, stderr: 0 };
    return this.heard({ kind: 'attempt', attempt, agent, cursor: this.cursor });
  }

  /** What the agent has, until it has no more, or something has happened to the job. */
  private async *written(holder: Holder): AsyncGenerator<Following, void, undefined> {
    for (;;) {
      const chunk = await this.more(holder);
      if (chunk === 'news' || chunk === null) return;
      for (const stream of OUTPUT_STREAMS) {
        const bytes = chunk[stream];
        const whole = bytes.subarray(0, bytes.length - begunCharacterBytes(bytes));
        // A character that was begun is asked for again, with the rest of it.
        const taken = whole.length > 0 ? whole : bytes;
        if (taken.length > 0) yield this.take(stream, taken);
      }
    }
  }

  private async more({ agent, token }: Holder): Promise<OutputChunk | 'news' | null> {
    const { attempt, stdout, stderr } = this.cursor;
    const request = { jobId: this.waiter.jobId, attempt, from: { stdout, stderr }, token };
    this.asking = new AbortController();
    const chunk = this.sources.live.read(agent, request, this.asking.signal);
    // Where the news come first, and it is not waited for.
    chunk.catch(() => undefined);
    const first = await this.within(LOOK_AGAIN_MS, () =>
      Promise.race([chunk, this.waiter.whenTold().then(() => 'news' as const)]),
    );
    if (first === 'news') this.asking.abort();
    return first;
  }

  /** What is kept of a job that has ended. */
  private async *stored({ answerId, stderrId }: JobRow): AsyncGenerator<Following, void, undefined> {
    const ids = { stdout: answerId, stderr: stderrId };
    for (const stream of OUTPUT_STREAMS) {
      const id = ids[stream];
      if (id === null) continue;
      const file = await infoIfStored(this.sources.files, id);
      // The caller may have removed it from the data manager.
      if (file === null || file.size <= this.cursor[stream]) continue;
      const range = { start: this.cursor[stream], end: file.size };
      const { content } = await this.sources.files.open(id, { range });
      for await (const bytes of inWholeCharacters(content)) yield this.take(stream, bytes);
    }
  }

  private take(stream: OutputStream, bytes: Buffer): BytesWritten {
    this.cursor = { ...this.cursor, [stream]: this.cursor[stream] + bytes.length };
    return this.heard({ kind: 'bytes', stream, bytes, cursor: this.cursor });
  }

  private heard<E extends Following>(event: E): E {
    this.heardAt = monotonicNow();
    return event;
  }

  /** After so many ms it is looked at the job again, whatever has become of the news. */
  private async within<T>(ms: number, wait: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.waiter.tell();
    }, ms);
    try {
      return await wait();
    } finally {
      clearTimeout(timer);
    }
  }
}

function holderOf({ state, agent, leaseToken: token }: JobRow): Holder | null {
  return state === 'running' && agent !== null && token !== null ? { agent, token } : null;
}
