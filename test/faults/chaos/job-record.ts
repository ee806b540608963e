import { type State } from '../../support/client.js';
import { type Intervention, type PlannedJob } from './job-plan.js';

/**
 * `unknown`: the answer to its `POST /run` was lost, so it may exist or not; `adopted`: such a one was found.
 */
export type Submission = 'pending' | 'accepted' | 'refused' | 'unknown' | 'adopted';

/** What the harness knows of one job. */
export interface JobRecord {
  readonly plan: PlannedJob;
  submission: Submission;
  id?: string;
  /** Ms since the epoch by which the service has accepted it. */
  acceptedBy?: number;
  /** What was done to it with success, and when the harness knew. */
  ended?: { readonly call: Intervention['call']; readonly at: number };
  /** The first end that anybody was shown. */
  seenEnd?: Ending;
}

export interface Ending {
  readonly state: State | 'gone';
  readonly answerId: string | null;
}

export function newRecord(plan: PlannedJob): JobRecord {
  return { plan, submission: 'pending' };
}

/** Exists for sure. */
export function exists(record: JobRecord): record is JobRecord & { id: string; acceptedBy: number } {
  return record.id !== undefined;
}

/** The model: the one way in which a job that exists may end, after all that was done to it. */
export function expectedEnd({ plan, ended }: JobRecord): Ending['state'] | 'none' {
  if (ended?.call === 'delete') return 'gone';
  if (ended?.call === 'cancel') return 'cancelled';
  switch (plan.fate) {
    case 'succeeded':
    case 'failed':
      return plan.fate;
    case 'expires':
      return 'gone';
    case 'endless':
      // The harness has still to intervene.
      return 'none';
  }
}

/** From when on, in ms since the epoch, nothing of it may run any more; undefined where it may run to its end. */
export function lastMomentOf({ plan, ended, acceptedBy }: JobRecord): number | undefined {
  if (ended !== undefined) return ended.at;
  if (plan.ttl === undefined || acceptedBy === undefined) return undefined;
  return acceptedBy + plan.ttl * 1_000;
}
