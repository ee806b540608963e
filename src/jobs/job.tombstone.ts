import { type Statement } from '../database/engine.js';
import { type JobRow } from './job.entity.js';
import { ALL_STATES, type JobState, sourcesOf } from './job.states.js';

/** The data manager gives up an upload that stands still for two minutes. */
export const LATE_FILES_MS = 180_000;

/** A job that is gone is neither held nor due. */
export const TOMBSTONE = { leaseToken: null, expiresAt: null, notBefore: null } as const;

/** What a tombstone has lost of which nothing is left to clean up: all but its id, its owner and why it is gone. */
export const FORGOTTEN: Partial<JobRow> = {
  name: null,
  command: '',
  spec: {},
  labels: null,
  ttl: null,
  leaseUntil: null,
  agent: null,
  answerId: null,
  stderrId: null,
  outputs: null,
  usage: null,
  exitCode: null,
  signal: null,
  reason: null,
  pastAttempts: null,
  claimedAt: null,
  startedAt: null,
  finishedAt: null,
  cleanupAt: null,
  lateFilesUntil: null,
};

/** An assignment, to be made before the lease is taken: an agent that holds the job may have an upload under way. */
export function lateFilesOfHeld(now: number): Statement {
  return {
    sql: 'late_files_until = CASE WHEN lease_token IS NULL THEN late_files_until ELSE ? END',
    parameters: [now + LATE_FILES_MS],
  };
}

/** A condition. */
export function stateIn(states: readonly JobState[]): string {
  return `state IN (${states.map((state) => `'${state}'`).join(', ')})`;
}

const SOURCES = Object.fromEntries(ALL_STATES.map((state) => [state, stateIn(sourcesOf(state))])) as Record<
  JobState,
  string
>;

/** A condition: the job may go to `state` from where it is. */
export function mayBecome(state: JobState): string {
  return SOURCES[state];
}
