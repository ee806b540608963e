import { createReadStream, lstatSync } from 'node:fs';
import {
  type FileInfo,
  type FileSource,
  type FileStore,
  infoIfStored,
} from '../../data-manager/file-store.js';
import { DomainError } from '../../kernel/errors.js';
import { attemptFileId, type AttemptPart } from '../attempt-files.port.js';
import { type Lease, type StoredOutput } from '../job-reports.port.js';
import { type Captured, type ProcessEnd } from '../runner/launcher.js';
import { type CollectedOutput } from '../runner/outputs.js';
import { type Workspace } from '../runner/workspace.js';
import { type StopToken } from '../stop-token.js';
import { AttemptFaultError } from './attempt-fault.js';
import { maySucceedLater, persistently } from './persistently.js';

/** The data manager may be away so long before a finished command's result is given up and the job run again. */
const PATIENCE_MS = 600_000;
/** The most that a data manager takes as a name, in characters; of a long path the end says most. */
const MAX_NAME_LENGTH = 1_024;

/** What an attempt left in the data manager. */
export interface Published {
  readonly answerId: string;
  readonly stderrId: string | null;
  readonly outputs: readonly StoredOutput[];
}

interface Upload {
  readonly part: AttemptPart;
  readonly name: string;
  readonly source: FileSource;
}

/** Stores the result of one attempt, and takes it back where it turns out not to count. */
export class Publishing {
  private readonly stored: string[] = [];

  constructor(
    private readonly files: FileStore,
    private readonly lease: Lease,
    private readonly stop: StopToken,
  ) {}

  /**
   * Standard output, standard error if there is any, then the outputs one after the other. Durable when it resolves.
   * Throws {@link AttemptFaultError} if the data manager stays away, and the reason of `stop` once that is aborted.
   */
  async publish(
    workspace: Workspace,
    { stdout, stderr }: Pick<ProcessEnd, 'stdout' | 'stderr'>,
    outputs: readonly CollectedOutput[],
  ): Promise<Published> {
    const answerId = await this.store(captured('stdout', workspace.stdoutPath, stdout));
    const stderrId =
      stderr.bytes === 0 ? null : await this.store(captured('stderr', workspace.stderrPath, stderr));
    const stored: StoredOutput[] = [];
    for (const [index, output] of outputs.entries()) {
      const { path, size } = output;
      const name = path.slice(-MAX_NAME_LENGTH);
      const fileId = await this.store({
        part: `output/${index}`,
        name,
        source: { open: () => output.open() },
      });
      stored.push({ path, fileId, size });
    }
    return { answerId, stderrId, outputs: stored };
  }

  /** Removes what was stored; last first, for whoever cleans up after us counts from the first. */
  async takeBack(giveUp: StopToken): Promise<void> {
    for (const id of this.stored.reverse()) await persistently(() => this.removeOwn(id), giveUp);
  }

  private async removeOwn(id: string): Promise<void> {
    try {
      await this.files.remove(id);
    } catch (error) {
      // Whoever took the attempt away looks for its files too.
      if (!(error instanceof DomainError && error.code === 'forbidden')) throw error;
    }
  }

  private async store({ part, name, source }: Upload): Promise<string> {
    const id = attemptFileId(this.lease.jobId, this.lease.attempt, part);
    this.stored.push(id);
    try {
      const info = await persistently(() => this.put(source, id, name), this.stop, PATIENCE_MS);
      if (info.id !== id) this.stored.splice(-1, 1, info.id);
      return info.id;
    } catch (error) {
      if (this.stop.aborted || !(error instanceof DomainError)) throw error;
      const reason = `The result could not be stored: ${error.message}`;
      throw new AttemptFaultError(reason, { passing: maySucceedLater(error), cause: error });
    }
  }

  private async put(source: FileSource, id: string, name: string): Promise<FileInfo> {
    const { signal } = this.stop;
    const options = { id, name, signal };
    try {
      return await this.files.put(source, options);
    } catch (error) {
      if (!isRefused(error)) throw error;
      // It was refused for another reason, such as a quota.
      if ((await infoIfStored(this.files, id, signal)) === null) throw error;
      // Stored by this very attempt before the machine lost its power, and with that the note of the claim.
      await this.files.remove(id, signal);
      return this.files.put(source, options);
    }
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof DomainError && error.code === 'invalid_request';
}

/** Nothing of the command is alive any more; but it could reach the file, and may have put another thing there. */
function captured(part: 'stdout' | 'stderr', path: string, { bytes, content }: Captured): Upload {
  if (content !== null) return { part, name: part, source: { bytes: content } };
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile() !== true || found.size !== bytes) {
    const reason = `The command changed the file in which its ${part} was kept.`;
    throw new AttemptFaultError(reason, { passing: false });
  }
  return { part, name: part, source: { open: () => createReadStream(path), ownedPath: path } };
}
