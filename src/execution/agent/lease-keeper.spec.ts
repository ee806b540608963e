import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { eventually } from '../../../test/support/eventually.js';
import { monotonicNow } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/errors.js';
import { type JobReports, type Lease, type Renewal } from '../job-reports.port.js';
import { type HeldLease } from './held-lease.js';
import { LeaseKeeper } from './lease-keeper.js';

const LEASE_MS = 1_000;
/** What is left of it for killing. */
const MARGIN_MS = 200;
const CARD = { name: 'agent-1', labels: [], concurrency: 2, generation: 1, enforces: [] };

type Answer = (leases: readonly Lease[]) => Promise<Renewal>;

const holding = (...held: string[]): Promise<Renewal> => Promise.resolve({ held, leaseMs: LEASE_MS });

describe('LeaseKeeper', () => {
  let keeper: LeaseKeeper;
  let renewals: number;
  let hearingSince: number | null;

  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  afterEach(() => {
    keeper.stop();
  });

  function started(answer: Answer, leaseMs = LEASE_MS): HeldLease {
    renewals = 0;
    hearingSince = 0;
    const renew = (_card: unknown, leases: readonly Lease[]): Promise<Renewal> => {
      renewals += 1;
      return answer(leases);
    };
    keeper = new LeaseKeeper({ renew } as unknown as JobReports, {
      card: () => CARD,
      hearingSince: () => hearingSince,
    });
    keeper.start();
    return keeper.hold(lease('a'), monotonicNow(), leaseMs);
  }

  const lease = (jobId: string): Lease => ({ jobId, attempt: 1, token: `token of ${jobId}` });

  it('keeps what is renewed, for longer than a lease', async () => {
    const begun = monotonicNow();
    const held = started((leases) => holding(...leases.map(({ jobId }) => jobId)));
    await eventually(() => {
      expect(monotonicNow() - begun).toBeGreaterThan(1.5 * LEASE_MS);
    });
    expect(held.ended.aborted).toBe(false);
    expect(held.endsAt).toBeGreaterThan(monotonicNow());
  });

  it('ends what is not ours any more, and nothing else', async () => {
    const lost = started(() => holding('b'));
    const kept = keeper.hold(lease('b'), monotonicNow(), LEASE_MS);
    await eventually(() => {
      expect(lost.ended.reason).toBe('recalled');
    });
    expect(kept.ended.aborted).toBe(false);
  });

  it.each<[string, Answer]>([
    ['can not be asked', () => Promise.reject(new DomainError('unavailable', 'away'))],
    ['never answers', () => new Promise<never>(() => undefined)],
  ])('ends what it holds shortly before the lease is over where the database %s', async (_, failing) => {
    const begun = monotonicNow();
    const held = started(failing);
    await eventually(
      () => {
        expect(held.ended.reason).toBe('lease-ended');
      },
      { everyMs: 1 },
    );
    const after = monotonicNow() - begun;
    expect(after).toBeGreaterThanOrEqual(LEASE_MS - MARGIN_MS);
    expect(after).toBeLessThan(LEASE_MS);
    expect(renewals).toBeGreaterThan(0);
  });

  it('tells whoever watches how far the lease is extended', async () => {
    const held = started((leases) => holding(...leases.map(({ jobId }) => jobId)));
    const ends: number[] = [held.endsAt];
    held.watch((endsAt) => ends.push(endsAt));
    await eventually(() => {
      expect(ends.length).toBeGreaterThan(3);
    });
    expect(ends).toEqual([...ends].sort((a, b) => a - b));
  });

  it('asks each second while it would hear of no recall, and once more when it hears again', async () => {
    let taken = false;
    const longLease = 3_600_000;
    const held = started(() => {
      return Promise.resolve({ held: taken ? [] : ['a'], leaseMs: longLease });
    }, longLease);
    await eventually(() => {
      expect(renewals).toBe(1);
    });
    hearingSince = null;
    await eventually(() => {
      expect(renewals).toBeGreaterThan(2);
    });
    taken = true;
    hearingSince = monotonicNow();
    await eventually(() => {
      expect(held.ended.reason).toBe('recalled');
    });
  });

  it('asks at once whether it still has what was granted long ago, and only then', async () => {
    const longLease = 3_600_000;
    const fresh = started(() => Promise.resolve({ held: ['a'], leaseMs: longLease }), longLease);
    await eventually(() => {
      expect(renewals).toBe(1);
    });
    await keeper.confirm(fresh);
    expect(renewals).toBe(1);
    const late = keeper.hold(lease('late'), monotonicNow() - 500, longLease);
    await keeper.confirm(late);
    expect([renewals, late.ended.reason, fresh.ended.aborted]).toEqual([2, 'recalled', false]);
  });

  it('leaves alone what was released', async () => {
    const held = started(() => holding());
    keeper.release(held);
    await eventually(() => {
      expect(renewals).toBeGreaterThan(1);
    });
    expect(held.ended.aborted).toBe(false);
  });
});
