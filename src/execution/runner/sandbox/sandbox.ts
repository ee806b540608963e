import { type LaunchOrder } from '../protocol.js';
import { type Enclosure } from './enclosure.js';

/** What is to be enclosed. */
export interface Enclosed {
  readonly order: LaunchOrder;
  /** True where the native launcher is in use, which has a first process for the sandbox. */
  readonly hasInside: boolean;
  /** Whether the command may use the host's network. */
  readonly network: boolean;
}

/** Keeps commands away from the host, from each other and from the service. A host application may have its own. */
export abstract class Sandbox {
  /** As the start says it. */
  abstract readonly name: string;
  /** User and group that commands run as, whose working directories must be; null: the service's own. */
  abstract readonly user: number | null;
  /** Before the first command. Rejects with {@link SandboxUnavailableError}. */
  abstract prepare(): Promise<void>;
  /** Null: commands are started bare. Throws the file system's error where a working directory can't be handed over. */
  abstract enclose(enclosed: Enclosed): Enclosure | null;
  /** Says what is lacking where a sandbox could not be made, or its first command failed. */
  abstract explain(detail: string): string;
}

/** This host can't have the sandbox that was asked for. */
export class SandboxUnavailableError extends Error {
  /** @param detail what is missing, and what to do about it */
  constructor(sandbox: string, detail: string) {
    super(`The sandbox ${sandbox} does not work here: ${detail}`);
    this.name = 'SandboxUnavailableError';
  }
}

/** Commands are contained, but see what the service's user sees. */
export class NoSandbox extends Sandbox {
  readonly name = 'none';
  readonly user = null;

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  enclose(): null {
    return null;
  }

  explain(detail: string): string {
    return detail;
  }
}
