/** The most that is read of each stream in one go, in bytes: a slow reader costs no more memory than that. */
export const OUTPUT_CHUNK_BYTES = 32_768;

export const OUTPUT_STREAMS = ['stdout', 'stderr'] as const;
export type OutputStream = (typeof OUTPUT_STREAMS)[number];

/** How far somebody has read what an attempt wrote: bytes of each stream, 0 or more. */
export type OutputPosition = Readonly<Record<OutputStream, number>>;

/** What comes after a position, at most {@link OUTPUT_CHUNK_BYTES} of each stream; not both are empty. */
export type OutputChunk = Readonly<Record<OutputStream, Buffer>>;

/** What of an attempt is asked for. */
export interface OutputRequest {
  readonly jobId: string;
  readonly attempt: number;
  readonly from: OutputPosition;
}

/** As a server asks, which alone knows the lease beside its holder. */
export interface LeasedOutputRequest extends OutputRequest {
  /** Of the lease. */
  readonly token: string;
}

/**
 * Resolves as soon as there is more than `from`; with null where there will be no more here: the command has ended, or was never
 * running here. Rejects with the signal's reason.
 */
export type OutputReader = (request: OutputRequest, signal: AbortSignal) => Promise<OutputChunk | null>;

/** The server's end: what commands write, while they run, wherever that is. Whoever reads asks, so that nobody is flooded. */
export abstract class LiveOutput {
  /**
   * As {@link OutputReader}, but may resolve with null before its time, say when the agent does not answer: the database knows
   * what has become of the attempt.
   *
   * @param agent that runs the attempt
   */
  abstract read(
    agent: string,
    request: LeasedOutputRequest,
    signal: AbortSignal,
  ): Promise<OutputChunk | null>;

  /** @param listener is told, mostly, that the command of a job begins and may be read; must not throw */
  abstract listen(listener: (jobId: string) => void): void;
}

/** What an agent runs. */
export interface ReadableOutputs {
  readonly read: OutputReader;
  /** The token of the lease under which an attempt runs here; undefined where it does not. */
  tokenOf(jobId: string, attempt: number): string | undefined;
}

/** The agent's end. */
export abstract class OutputDesk {
  /** From now on what this agent's commands write may be read, by whoever knows their leases. */
  abstract open(agent: string, outputs: ReadableOutputs): void;

  /** The command of a job begins. Never fails, and waits for nothing. */
  abstract begun(jobId: string): void;

  /** Nobody reads any more. */
  abstract close(): Promise<void>;
}
