import { DomainError } from '../../kernel/errors.js';
import { type FileInfo } from '../file-store.js';

/** What this store knows of a file beyond the port. */
export interface StoredFile extends FileInfo {
  readonly owner: string;
  /** Milliseconds since the epoch, or null where the file stays until it is removed. May exceed any `Date`. */
  readonly expiresAt: bigint | null;
  readonly tags: readonly string[];
}

/** @param now milliseconds since the epoch */
export function hasExpired({ expiresAt }: StoredFile, now: number): boolean {
  return expiresAt !== null && BigInt(now) >= expiresAt;
}

/** The file is there, but not as it was stored. */
export function damaged(cause?: unknown): DomainError {
  const message = 'The stored file is damaged on the disk of the data manager';
  return new DomainError('unavailable', message, undefined, { cause });
}
