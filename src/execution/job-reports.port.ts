import { type JobLimits, type LimitName, type Usage } from './limits.port.js';

/** What an agent says of itself. */
export interface AgentCard {
  /** Names it for ever, over restarts and moves of its data directory, and no other one: 1 … 255 characters. */
  readonly name: string;
  /** What jobs may ask for: sorted, no two the same. */
  readonly labels: readonly string[];
  /** Jobs at once, 1 or more. */
  readonly concurrency: number;
  /** How often it was started under this name, 1 or more: what an earlier process of it said may arrive later. */
  readonly generation: number;
  /** What it can hold jobs to, on its host. */
  readonly enforces: readonly LimitName[];
}

/** Proof that an agent holds one attempt of a job. */
export interface Lease {
  readonly jobId: string;
  readonly attempt: number;
  readonly token: string;
}

/** All that an agent needs to know of an attempt that was granted to it. */
export interface Assignment {
  readonly lease: Lease;
  /** Ms from the request on until the lease ends, if no sign of life extends it. */
  readonly leaseMs: number;
  /** Ms from the request on until the job expires, or null. */
  readonly expiresInMs: number | null;
  /** Of the job. */
  readonly owner: string;
  /** Whether its owner asked for it as an admin: he may read all files, and has no quota. */
  readonly byAdmin: boolean;
  readonly command: string;
  /** True where there was nothing to stage, so that the grant is the start as well: {@link JobReports.started} need not be asked. */
  readonly running: boolean;
  readonly binary: string | null;
  /** In the order given; may repeat. */
  readonly inputFiles: readonly string[];
  /** Globs, relative to the working directory. */
  readonly outputFiles: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Seconds of run time, or null. */
  readonly timeoutSeconds: number | null;
  /** What is not in it is not limited. */
  readonly limits: JobLimits;
  /** Where the job's trace goes on, as the header `traceparent` has it; null: nobody records one. */
  readonly traceParent: string | null;
}

/** A file stored for a job, by its path in the working directory. */
export interface StoredOutput {
  readonly path: string;
  readonly fileId: string;
  /** Bytes. */
  readonly size: number;
}

/** The command ran to its end, whatever that was. */
export interface AttemptEnded {
  readonly kind: 'ended';
  readonly succeeded: boolean;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Why it failed, one sentence for a person; null where it succeeded. */
  readonly reason: string | null;
  /** True where the command itself is to blame for the failure, not a limit: `retry_on_failure` may run it again. */
  readonly repeatable: boolean;
  readonly answerId: string;
  readonly stderrId: string | null;
  readonly outputs: readonly StoredOutput[];
  /** Null where the agent did not say. */
  readonly usage: Usage | null;
  /** Ms that storing the answer and the outputs took; null where the agent did not say. */
  readonly publishedInMs: number | null;
}

/** The command could not be run, or its result not be kept: a fault of files, agent or host. */
export interface AttemptFault {
  readonly kind: 'fault';
  /** One sentence for a person. */
  readonly reason: string;
  /** False where trying again can't help. */
  readonly passing: boolean;
}

/** The agent ends and gives the job back; nobody is to blame. */
export interface AttemptReturned {
  readonly kind: 'returned';
}

export type AttemptResult = AttemptEnded | AttemptFault | AttemptReturned;

/** The answer to a sign of life. */
export interface Renewal {
  /** Ids of the jobs that the agent holds still. */
  readonly held: readonly string[];
  /** Ms from the request on until their leases end. */
  readonly leaseMs: number;
}

/**
 * Where agents ask for leave and tell what happened. Each method is safe to repeat with the same arguments,
 * and throws `DomainError('unavailable')` while it can't be answered: then repeat it.
 */
export abstract class JobReports {
  /**
   * An agent starts and holds nothing: what it held under this name, before it was killed, is lost and goes back
   * to the queue at once. Once for each generation, however often it is said.
   */
  abstract arrived(agent: AgentCard): Promise<void>;

  /** An agent ends, and holds nothing any more. */
  abstract left(agent: AgentCard): Promise<void>;

  /**
   * Grants an attempt of the job, or null: it is not to be run (any more), or somebody else has it.
   * @param agent the name of an {@link AgentCard}
   * @param token a fresh UUID, the same on each repetition of one claim
   */
  abstract claim(jobId: string, agent: string, token: string): Promise<Assignment | null>;

  /** The command is about to start. False: it must not. */
  abstract started(lease: Lease): Promise<boolean>;

  /** Sign of life of an agent, and for all `leases` that it holds, of which there may be none. */
  abstract renew(agent: AgentCard, leases: readonly Lease[]): Promise<Renewal>;

  /** The end of an attempt. False: the attempt was not the agent's any more, and nothing of its result counts. */
  abstract ended(lease: Lease, result: AttemptResult): Promise<boolean>;
}
