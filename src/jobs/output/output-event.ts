import { type OutputPosition, type OutputStream } from '../../execution/live-output.port.js';
import { type JobView } from '../job.types.js';

/** How far somebody has followed what a job writes: its attempt (0: none yet), and the bytes of each stream of that one. */
export interface OutputCursor extends OutputPosition {
  readonly attempt: number;
}

/** Before the first byte. */
export const BEFORE_ALL: OutputCursor = { attempt: 0, stdout: 0, stderr: 0 };

/** Whoever follows from `cursor` on gets what comes after this event, and nothing of it again. */
export type OutputEvent =
  | AttemptBegun
  | BytesWritten
  /** Nothing happened for a while. */
  | { readonly kind: 'silence'; readonly cursor: OutputCursor }
  /** The job has ended; nothing comes after it. */
  | { readonly kind: 'end'; readonly job: JobView; readonly cursor: OutputCursor };

/** An attempt is under way: what comes is of this one, from its first byte on, whatever an earlier one wrote. */
export interface AttemptBegun {
  readonly kind: 'attempt';
  /** 1 or more. */
  readonly attempt: number;
  readonly agent: string | null;
  readonly cursor: OutputCursor;
}

export interface BytesWritten {
  readonly kind: 'bytes';
  readonly stream: OutputStream;
  /** At least one; characters of UTF-8 are cut in two only where they were written so. */
  readonly bytes: Buffer;
  readonly cursor: OutputCursor;
}
