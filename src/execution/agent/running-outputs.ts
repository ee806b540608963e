import { type OutputChunk, type OutputDesk, type OutputRequest } from '../live-output.port.js';
import { type Lease } from '../job-reports.port.js';
import { OutputTail } from '../runner/output-tail.js';
import { type Workspace } from '../runner/workspace.js';

/** What the commands of one agent write, for those who read it while they run. */
export class RunningOutputs {
  private readonly running = new Map<string, { readonly tail: OutputTail; readonly token: string }>();

  constructor(private readonly desk: OutputDesk) {}

  /** @param agent name of this one */
  open(agent: string): void {
    this.desk.open(agent, {
      read: (request, signal) => this.read(request, signal),
      tokenOf: (jobId, attempt) => this.running.get(keyOf(jobId, attempt))?.token,
    });
  }

  /**
   * The command of an attempt begins.
   * @returns what to call when nothing of it is alive any more
   */
  begin({ jobId, attempt, token }: Lease, workspace: Workspace): () => void {
    const key = keyOf(jobId, attempt);
    const tail = new OutputTail(workspace);
    this.running.set(key, { tail, token });
    this.desk.begun(jobId);
    return () => {
      this.running.delete(key);
      tail.end();
    };
  }

  close(): Promise<void> {
    return this.desk.close();
  }

  private async read(
    { jobId, attempt, from }: OutputRequest,
    signal: AbortSignal,
  ): Promise<OutputChunk | null> {
    const running = this.running.get(keyOf(jobId, attempt));
    return running === undefined ? null : running.tail.read(from, signal);
  }
}

function keyOf(jobId: string, attempt: number): string {
  return `${jobId}.${attempt}`;
}
