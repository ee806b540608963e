import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { eventually } from '../../../test/support/eventually.js';
import { DomainError } from '../../kernel/errors.js';
import { type JobReports, type Lease } from '../job-reports.port.js';
import { LeaseKeeper } from './lease-keeper.js';

const LEASE_MS = 1_000;

describe('LeaseKeeper', () => {
  let keeper: LeaseKeeper;
  let renewals = 0;
  let answer: (leases: readonly Lease[]) => Promise<readonly string[]>;

  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  afterEach(() => {
    keeper.stop();
  });

  function started(): void {
    renewals = 0;
    const reports = {
      renew: (leases: readonly Lease[]) => {
        renewals += 1;
        return answer(leases);
      },
    } as JobReports;
    keeper = new LeaseKeeper(reports, LEASE_MS);
    keeper.start();
  }

  const lease = (jobId: string): Lease => ({ jobId, attempt: 1, token: `token of ${jobId}` });

  it('keeps what is renewed, for longer than a lease', async () => {
    answer = (leases) => Promise.resolve(leases.map(({ jobId }) => jobId));
    started();
    const begun = performance.now();
    const kept = keeper.hold(lease('a'), begun);
    await eventually(() => {
      expect(performance.now() - begun).toBeGreaterThan(1.5 * LEASE_MS);
    });
    expect(kept.aborted).toBe(false);
  });

  it('ends what is not ours any more, and nothing else', async () => {
    answer = () => Promise.resolve(['b']);
    started();
    const lost = keeper.hold(lease('a'), performance.now());
    const kept = keeper.hold(lease('b'), performance.now());
    await eventually(() => {
      expect(lost.reason).toBe('lease-ended');
    });
    expect(kept.aborted).toBe(false);
  });

  it.each([
    ['can not be asked', () => Promise.reject(new DomainError('unavailable', 'away'))],
    ['never answers', () => new Promise<never>(() => undefined)],
  ])('ends what it holds when the lease is over and the database %s, not before', async (_, failing) => {
    answer = failing;
    started();
    const held = performance.now();
    const signal = keeper.hold(lease('a'), held);
    await eventually(() => {
      expect(signal.reason).toBe('lease-ended');
    });
    expect(performance.now() - held).toBeGreaterThanOrEqual(LEASE_MS);
    expect(renewals).toBeGreaterThan(0);
  });

  it('leaves alone what was released', async () => {
    answer = () => Promise.resolve([]);
    started();
    const signal = keeper.hold(lease('a'), performance.now());
    keeper.release(lease('a'));
    await eventually(() => {
      expect(renewals).toBeGreaterThan(1);
    });
    expect(signal.aborted).toBe(false);
  });
});
