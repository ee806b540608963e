import { derivedUuid } from '../kernel/ids.js';

/** Where the bytes of a stored file come from: what the command printed, or its n-th output file. */
export type AttemptPart = 'stdout' | 'stderr' | `output/${number}`;

/**
 * The id under which an agent stores a part of an attempt's result. It is determined by the attempt, so that
 * whoever cleans up after a lost agent knows what to look for, without a note that could be lost as well.
 */
export function attemptFileId(jobId: string, attempt: number, part: AttemptPart): string {
  return derivedUuid(jobId, `attempt/${String(attempt)}/${part}`);
}

/** The most output files that one attempt may store. */
export const MAX_OUTPUTS = 1_000;
/** Of their paths together, in UTF-8: they are reported, and kept, as one. */
export const MAX_OUTPUT_PATHS_BYTES = 1_048_576;
