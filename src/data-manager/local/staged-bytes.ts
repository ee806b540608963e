import { hash } from 'node:crypto';

/**
 * Files of at most that many bytes are rows of the database of small files. Up to here a row costs less than two
 * files and their flushes, on ext4; at four times as much it costs more (`docs/decisions/0010-small-files.md`).
 */
export const SMALL_FILE_BYTES = 64 * 1024;

/** Bytes in memory that are no file yet. */
export interface StagedBytes {
  readonly bytes: Uint8Array;
  readonly size: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** @param bytes not to be written to any more */
export function stagedBytes(bytes: Uint8Array): StagedBytes {
  return { bytes, size: bytes.length, sha256: digestOf(bytes) };
}

/** SHA-256 in lower-case hex. */
export function digestOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}
