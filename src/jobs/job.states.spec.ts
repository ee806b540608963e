import { describe, expect, it } from '@jest/globals';
import { ALL_STATES, isFinished, isVisible, type JobState, sourcesOf, TRANSITIONS } from './job.states.js';
import { VISIBLE_STATES } from './job.types.js';

function reachableFrom(start: JobState): Set<JobState> {
  const seen = new Set<JobState>([start]);
  for (const state of seen) TRANSITIONS[state].forEach((next) => seen.add(next));
  return seen;
}

describe('the table of states', () => {
  it('reaches every state from queued', () => {
    expect([...reachableFrom('queued')].sort()).toEqual([...ALL_STATES].sort());
  });

  it('lets every state that is kept be left for deletion and expiry', () => {
    for (const state of VISIBLE_STATES) {
      expect(TRANSITIONS[state]).toEqual(expect.arrayContaining(['deleted', 'expired']));
    }
  });

  it('ends in deleted and expired alone', () => {
    expect(ALL_STATES.filter((state) => TRANSITIONS[state].length === 0)).toEqual(['deleted', 'expired']);
  });

  it('keeps a finished job finished', () => {
    for (const state of ALL_STATES.filter(isFinished)) {
      expect([...TRANSITIONS[state]]).toEqual(['deleted', 'expired']);
    }
  });

  it('goes back only to queued, and only from what an agent holds', () => {
    expect(sourcesOf('queued')).toEqual(['staging', 'running']);
  });

  it('never runs what was cancelled, deleted or expired', () => {
    for (const state of ['cancelled', 'deleted', 'expired'] as const) {
      expect(reachableFrom(state).has('running')).toBe(false);
      expect(reachableFrom(state).has('queued')).toBe(false);
    }
  });

  it('succeeds only from running', () => {
    expect(sourcesOf('succeeded')).toEqual(['running']);
  });

  it('shows all but the two that are gone', () => {
    expect(ALL_STATES.filter((state) => !isVisible(state))).toEqual(['deleted', 'expired']);
  });
});
