import { describe, expect, it } from '@jest/globals';
import { type RunRequest } from '../job.types.js';
import { fingerprintOf } from './fingerprint.js';

const REQUEST: RunRequest = { command: 'true', env: { A: '1', B: '2' }, ttl: 2n ** 64n - 1n };

describe('fingerprintOf', () => {
  it('is the same for what means the same', () => {
    const same: RunRequest[] = [
      { ttl: 2n ** 64n - 1n, env: { B: '2', A: '1' }, command: 'true' },
      { ...REQUEST, priority: 0, retries: 25, retryOnFailure: false },
      { ...REQUEST, labels: {}, inputFiles: [], requires: [], limits: {} },
    ];
    for (const request of same) expect(fingerprintOf(request)).toBe(fingerprintOf(REQUEST));
    const requiring = (...requires: string[]): string => fingerprintOf({ ...REQUEST, requires });
    expect(requiring('gpu', 'big', 'gpu')).toBe(requiring('big', 'gpu'));
  });

  it.each<Partial<RunRequest>>([
    { command: 'false' },
    { ttl: 2n ** 64n - 2n },
    { ttl: 0n },
    { env: { A: '1' } },
    { env: { A: '2', B: '1' } },
    { labels: { A: '1', B: '2' } },
    { inputFiles: ['a', 'b'] },
    { outputFiles: ['a', 'b'] },
    { name: 'x' },
    { timeout: 1 },
    { retries: 0 },
    { retryOnFailure: true },
    { priority: 1 },
    { requires: ['gpu'] },
    { limits: { network: false } },
    { limits: { network: true } },
  ])('differs where %p is asked for', (change) => {
    expect(fingerprintOf({ ...REQUEST, ...change })).not.toBe(fingerprintOf(REQUEST));
  });

  it('keeps the order of files', () => {
    const of = (...inputFiles: string[]): string => fingerprintOf({ ...REQUEST, inputFiles });
    expect(of('a', 'b')).not.toBe(of('b', 'a'));
  });
});
