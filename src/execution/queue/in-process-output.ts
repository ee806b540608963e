import {
  LiveOutput,
  type OutputChunk,
  type OutputDesk,
  type OutputReader,
  type OutputRequest,
} from '../live-output.port.js';

/** Both ends in one process. */
export class InProcessOutput extends LiveOutput implements OutputDesk {
  private readonly listeners: ((jobId: string) => void)[] = [];
  private reader: OutputReader | undefined;

  async read(_agent: string, request: OutputRequest, signal: AbortSignal): Promise<OutputChunk | null> {
    return this.reader === undefined ? null : this.reader(request, signal);
  }

  listen(listener: (jobId: string) => void): void {
    this.listeners.push(listener);
  }

  open(_agent: string, read: OutputReader): void {
    this.reader = read;
  }

  begun(jobId: string): void {
    for (const listener of this.listeners) listener(jobId);
  }

  async close(): Promise<void> {
    this.reader = undefined;
    return Promise.resolve();
  }
}
