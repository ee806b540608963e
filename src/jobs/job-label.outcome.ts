import { type JobState } from './job.states.js';

/**
 * Each label of a job has two rows: one for whoever does not ask for states, and one that says how the job ended, so that
 * those of one outcome lie together; empty until it ended.
 */
export const OUTCOMES = ['', 'succeeded', 'failed', 'cancelled'] as const;
export const ANY_OUTCOME = '*';
export type LabelOutcome = (typeof OUTCOMES)[number] | typeof ANY_OUTCOME;

export function outcomeOf(state: JobState): LabelOutcome {
  return OUTCOMES.find((outcome) => outcome === state) ?? '';
}

/** What the rows of a label say of a job in `state`. */
export function outcomesOfRows(state: JobState): LabelOutcome[] {
  return [ANY_OUTCOME, outcomeOf(state)];
}
