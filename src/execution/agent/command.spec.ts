import { describe, expect, it } from '@jest/globals';
import { monotonicNow } from '../../kernel/clock.js';
import { type Launcher, LaunchLateError, type LaunchRequest } from '../runner/launcher.js';
import { StopToken } from '../stop-token.js';
import { runCommand } from './command.js';
import { HeldLease } from './held-lease.js';

const REQUEST = { key: 'a.1', command: 'true' } as unknown as LaunchRequest;
const END = { exitCode: 0 };

/** Of which the first so many launches come too late. */
function launcherLate(times: number): { launcher: Launcher; launches: LaunchRequest[] } {
  const launches: LaunchRequest[] = [];
  const launch = (request: LaunchRequest): Promise<unknown> => {
    launches.push(request);
    if (launches.length <= times) return Promise.reject(new LaunchLateError());
    return Promise.resolve({ ended: Promise.resolve(END), stop: () => undefined, endBy: () => undefined });
  };
  return { launcher: { launch } as unknown as Launcher, launches };
}

function run(launcher: Launcher, confirm: (taken: StopToken) => void): Promise<unknown> {
  const taken = new StopToken();
  const end = monotonicNow() + 60_000;
  const lease = new HeldLease({ jobId: 'a', attempt: 1, token: 't' }, end, monotonicNow());
  return runCommand(launcher, REQUEST, {
    timeoutSeconds: null,
    killGraceMs: 0,
    taken,
    lease,
    confirm: () => {
      confirm(taken);
      return Promise.resolve();
    },
  }).finally(() => {
    lease.release();
  });
}

describe('a command', () => {
  it('is started once it is known to be ours still, however often that comes too late', async () => {
    const { launcher, launches } = launcherLate(2);
    let confirmed = 0;
    expect(await run(launcher, () => (confirmed += 1))).toEqual({ end: END, timedOut: false });
    expect([confirmed, launches.length]).toEqual([3, 3]);
    const [first] = launches;
    expect(first?.startBy).toBeGreaterThan(monotonicNow() - 1_000);
  });

  it('is not started where it is ours no more', async () => {
    const { launcher, launches } = launcherLate(1);
    let confirmed = 0;
    const running = run(launcher, (taken) => {
      confirmed += 1;
      if (confirmed === 2) taken.abort(new Error('recalled'));
    });
    await expect(running).rejects.toThrow('recalled');
    expect(launches).toHaveLength(1);
  });
});
