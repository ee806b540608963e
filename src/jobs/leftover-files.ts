import { Injectable } from '@nestjs/common';
import { FileStore, infoIfStored } from '../data-manager/file-store.js';
import { attemptFileId, MAX_OUTPUTS } from '../execution/attempt-files.port.js';
import { type JobRow } from './job.entity.js';
import { isVisible, LEASED_STATES } from './job.states.js';

/** Finds and removes the files of a job that no answer names: of lost and given-up attempts, and of jobs that are gone. */
@Injectable()
export class LeftoverFiles {
  constructor(private readonly files: FileStore) {}

  /**
   * Idempotent. Throws `DomainError('unavailable')` while the data manager is away, and the signal's reason once that
   * is aborted. Never touches an input.
   */
  async remove(row: JobRow, signal: AbortSignal): Promise<void> {
    const recorded = recordedFiles(row);
    const kept = isVisible(row.state) ? recorded : new Set<string>();
    if (!isVisible(row.state)) await this.removeAll([...recorded], signal);
    for (let attempt = lastEndedAttempt(row); attempt >= 1; attempt -= 1) {
      await this.removeAll(
        (await this.filesOf(row, attempt, signal)).filter((id) => !kept.has(id)),
        signal,
      );
    }
  }

  private async filesOf(row: JobRow, attempt: number, signal: AbortSignal): Promise<string[]> {
    const ids = [attemptFileId(row.id, attempt, 'stdout'), attemptFileId(row.id, attempt, 'stderr')];
    if ((row.spec.outputFiles ?? []).length > 0)
      ids.push(...(await this.storedOutputs(row.id, attempt, signal)));
    return ids;
  }

  /** Outputs are stored one after the other, and removed from the last: the first gap is the end. */
  private async storedOutputs(jobId: string, attempt: number, signal: AbortSignal): Promise<string[]> {
    const ids: string[] = [];
    for (let index = 0; index < MAX_OUTPUTS; index += 1) {
      const id = attemptFileId(jobId, attempt, `output/${index}`);
      if ((await infoIfStored(this.files, id, signal)) === null) break;
      ids.push(id);
    }
    return ids;
  }

  private async removeAll(ids: readonly string[], signal: AbortSignal): Promise<void> {
    for (const id of [...ids].reverse()) await this.files.remove(id, signal);
  }
}

function recordedFiles(row: JobRow): Set<string> {
  const ids = [row.answerId, row.stderrId, ...(row.outputs ?? []).map(({ fileId }) => fileId)];
  return new Set(ids.filter((id) => id !== null));
}

/** The attempt that an agent holds still stores its files; all before it have ended. */
function lastEndedAttempt(row: JobRow): number {
  const held = (LEASED_STATES as readonly string[]).includes(row.state);
  return held ? row.attempt - 1 : row.attempt;
}
