import {
  type LeasedOutputRequest,
  LiveOutput,
  type OutputChunk,
  type OutputDesk,
  type ReadableOutputs,
} from '../live-output.port.js';

/** Both ends in one process. */
export class InProcessOutput extends LiveOutput implements OutputDesk {
  private readonly listeners: ((jobId: string) => void)[] = [];
  private outputs: ReadableOutputs | undefined;

  async read(_agent: string, request: LeasedOutputRequest, signal: AbortSignal): Promise<OutputChunk | null> {
    const { jobId, attempt, token } = request;
    const isTheirs = this.outputs?.tokenOf(jobId, attempt) === token;
    return this.outputs === undefined || !isTheirs ? null : this.outputs.read(request, signal);
  }

  listen(listener: (jobId: string) => void): void {
    this.listeners.push(listener);
  }

  open(_agent: string, outputs: ReadableOutputs): void {
    this.outputs = outputs;
  }

  begun(jobId: string): void {
    for (const listener of this.listeners) listener(jobId);
  }

  async close(): Promise<void> {
    this.outputs = undefined;
    return Promise.resolve();
  }
}
