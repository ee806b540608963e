import { type JobLimits, LIMIT_WORDS, type LimitName } from '../limits.port.js';
import { type ProcessEnd } from '../runner/launcher.js';

/** All that is known once nothing of a command is alive any more. */
export interface AttemptFacts {
  /** Why it was interrupted from outside; undefined: it was not. */
  readonly interruption: 'recalled' | 'shutdown' | 'lease-ended' | undefined;
  readonly timedOut: boolean;
  readonly timeoutSeconds: number | null;
  readonly end: ProcessEnd;
  readonly maxOutputBytes: number;
  readonly limits: JobLimits;
}

/** What becomes of an attempt. */
export type Outcome =
  | { readonly kind: 'abandoned' }
  | { readonly kind: 'returned' }
  | { readonly kind: 'succeeded' }
  | {
      readonly kind: 'failed';
      /** One sentence for a person. */
      readonly reason: string;
      /** The command itself is to blame, not a limit. */
      readonly repeatable: boolean;
    };

/**
 * The one place that decides it, in this order: taken away (cancelled, deleted, expired), given back (the process or
 * the lease ends), a limit, and only then what the command itself said.
 */
export function outcomeOf(facts: AttemptFacts): Outcome {
  const { interruption, end } = facts;
  if (interruption === 'recalled') return { kind: 'abandoned' };
  // Overdue: the launcher saw the end of the lease first. The server may be none the wiser, and hold it for valid.
  if (interruption !== undefined || end.overdue) return { kind: 'returned' };
  const limit = metLimit(facts);
  if (limit !== null) return { kind: 'failed', reason: limit, repeatable: false };
  if (end.exitCode === 0) return { kind: 'succeeded' };
  return { kind: 'failed', reason: ownWords(end), repeatable: true };
}

/** One sentence that names it as whoever set it knows it. */
function metLimit({ end, limits, maxOutputBytes, timedOut, timeoutSeconds }: AttemptFacts): string | null {
  const { limitMet } = end;
  if (limitMet !== null) return `${wordsOf(limitMet, limits)} (${nameOf(limitMet)}).`;
  if (end.outputLimitReached)
    return `The command wrote more than ${maxOutputBytes} bytes of output and was stopped (MAX_OUTPUT_BYTES).`;
  if (timedOut)
    return `The command ran longer than its timeout of ${timeoutSeconds ?? 0} s and was stopped (timeout).`;
  return null;
}

/** Open files are the server's to limit, the others the job's. */
function nameOf(limit: LimitName): string {
  return limit === 'openFiles' ? 'MAX_OPEN_FILES' : `limits.${LIMIT_WORDS[limit]}`;
}

function wordsOf(limit: LimitName, limits: JobLimits): string {
  const most = String(limits[limit]);
  switch (limit) {
    case 'cpuSeconds':
      return `The command used its ${most} seconds of processor time`;
    case 'memoryBytes':
      return `The command used more than its ${most} bytes of memory`;
    case 'pids':
      return `The command wanted more than its ${most} processes`;
    case 'diskBytes':
      return `The command wrote more than its ${most} bytes to disk`;
    case 'openFiles':
      return `A process of the command wanted more than its ${most} open files`;
    case 'network':
      return 'The command used the network';
  }
}

function ownWords({ exitCode, signal }: ProcessEnd): string {
  return exitCode === null
    ? `The command was ended by the signal ${signal ?? 'unknown'}.`
    : `The command exited with code ${exitCode}.`;
}
