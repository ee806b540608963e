import { VISIBLE_STATES, type VisibleState } from './job.types.js';

/** All states of a job's row: those that a caller sees, and the two in which only a memory of it is left. */
export type JobState = VisibleState | 'deleted' | 'expired';

/** From each state, where a job may go. Whatever is not written here can't happen. */
export const TRANSITIONS = {
  // Straight to running where there is nothing to stage.
  queued: ['staging', 'running', 'cancelled', 'deleted', 'expired'],
  staging: ['running', 'queued', 'failed', 'cancelled', 'deleted', 'expired'],
  running: ['succeeded', 'failed', 'queued', 'cancelled', 'deleted', 'expired'],
  succeeded: ['deleted', 'expired'],
  failed: ['deleted', 'expired'],
  cancelled: ['deleted', 'expired'],
  deleted: [],
  expired: [],
} as const satisfies Record<JobState, readonly JobState[]>;

/** Held by an agent, under a lease. */
export const LEASED_STATES = ['staging', 'running'] as const satisfies readonly JobState[];

/** Nothing is left of the job but that it was. */
export const GONE_STATES = ['deleted', 'expired'] as const satisfies readonly JobState[];

export const ALL_STATES = Object.keys(TRANSITIONS) as JobState[];

/** The states from which a job may go to `target`: what the WHERE of each change of state names. */
export function sourcesOf(target: JobState): readonly JobState[] {
  return ALL_STATES.filter((state) => (TRANSITIONS[state] as readonly JobState[]).includes(target));
}

export function isLeased(state: JobState): boolean {
  return (LEASED_STATES as readonly JobState[]).includes(state);
}

export function isVisible(state: JobState): state is VisibleState {
  return (VISIBLE_STATES as readonly JobState[]).includes(state);
}

/** Ended, with whatever result; only removal is left. */
export function isFinished(state: JobState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}
