import { describe, expect, it } from '@jest/globals';
import { type AttemptFacts, outcomeOf } from './outcome.js';

const END = {
  exitCode: 0,
  signal: null,
  outputLimitReached: false,
  overdue: false,
  limitMet: null,
  usage: { cpuSeconds: null, peakMemoryBytes: null, writtenBytes: null },
  stdout: { bytes: 0, content: null },
  stderr: { bytes: 0, content: null },
};
const FACTS: AttemptFacts = {
  interruption: undefined,
  timedOut: false,
  timeoutSeconds: 7,
  end: END,
  maxOutputBytes: 99,
  limits: { memoryBytes: 5 },
};

describe('outcomeOf', () => {
  it('takes an exit code of 0 for success', () => {
    expect(outcomeOf(FACTS)).toEqual({ kind: 'succeeded' });
  });

  it('tells an exit code from a signal', () => {
    expect(outcomeOf({ ...FACTS, end: { ...END, exitCode: 137 } })).toMatchObject({
      reason: expect.stringContaining('137'),
      repeatable: true,
    });
    const killed = { ...END, exitCode: null, signal: 'SIGKILL' };
    expect(outcomeOf({ ...FACTS, end: killed })).toMatchObject({
      reason: expect.stringContaining('SIGKILL'),
      repeatable: true,
    });
  });

  it('puts a limit before what the command said, and does not repeat it', () => {
    const limited = { ...END, outputLimitReached: true };
    expect(outcomeOf({ ...FACTS, end: limited })).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('99'),
      repeatable: false,
    });
    expect(outcomeOf({ ...FACTS, timedOut: true })).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('7 s'),
      repeatable: false,
    });
  });

  it('names the limit that was met, before all that followed from it', () => {
    const outOfMemory = { ...END, limitMet: 'memoryBytes', outputLimitReached: true } as const;
    expect(outcomeOf({ ...FACTS, timedOut: true, end: outOfMemory })).toEqual({
      kind: 'failed',
      reason: 'The command used more than its 5 bytes of memory (limits.memory_bytes).',
      repeatable: false,
    });
  });

  it.each([
    ['recalled', 'abandoned'],
    ['lease-ended', 'returned'],
    ['shutdown', 'returned'],
  ] as const)('puts %s before everything', (interruption, kind) => {
    const end = { ...END, outputLimitReached: true, limitMet: 'pids', overdue: true } as const;
    expect(outcomeOf({ ...FACTS, interruption, timedOut: true, end })).toEqual({ kind });
  });

  it('gives back what was killed since its time had come, whatever else is known of it', () => {
    const overdue = { ...END, exitCode: null, signal: 'SIGKILL', overdue: true };
    expect(outcomeOf({ ...FACTS, end: overdue })).toEqual({ kind: 'returned' });
    const limited = { ...overdue, outputLimitReached: true };
    expect(outcomeOf({ ...FACTS, timedOut: true, end: limited })).toEqual({ kind: 'returned' });
  });
});
