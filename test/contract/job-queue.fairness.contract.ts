import { expect, it } from '@jest/globals';
import { type WaitingJob } from '../../src/execution/job-dispatcher.port.js';
import { eventually } from '../support/eventually.js';
import { noted, type OpenQueue, QueueHarness } from './job-queue.harness.js';

/** What any queue promises to users who share it. */
export function itIsFairToTheUsersOfAQueue(open: OpenQueue): void {
  const test = new QueueHarness(open);

  /** Jobs of `owner` from number `first` on. */
  function backlog(owner: string, first: number, count: number): string[] {
    return Array.from({ length: count }, (_, n) => test.waiting.add(first + n, { owner }).id);
  }

  /** Takes all jobs, from when the queue holds `last`; resolves with their ids in the order in which they came. */
  async function allInOrder(last: string | undefined, count: number): Promise<string[]> {
    await test.start();
    // A queue within the process is filled for whoever takes from it.
    const seen: string[] = [];
    await eventually(async () => {
      expect(await test.queue.holds(last ?? '')).toBe(true);
    });
    test.consume(1, noted(seen));
    await eventually(
      () => {
        expect(seen).toHaveLength(count);
      },
      { withinMs: 25_000 },
    );
    return seen;
  }

  it('lets the owners of equal jobs take turns, and each has his in their order', async () => {
    const [anna, ben, cleo] = [backlog('anna', 0, 50), backlog('ben', 50, 50), backlog('cleo', 100, 20)];
    const turns = anna.flatMap((id, turn) => [id, ben[turn], cleo[turn]]).filter((id) => id !== undefined);
    expect(await allInOrder(cleo.at(-1), 120)).toEqual(turns);
  });

  it('lets nobody wait behind the thousands of another, whatever its window, and keeps the order of each', async () => {
    const [anna, ben] = [backlog('anna', 0, 3_000), backlog('ben', 3_000, 700)];
    const seen = await allInOrder(ben[0], 3_700);
    expect(seen.slice(0, 200)).toEqual(anna.slice(0, 100).flatMap((id, turn) => [id, ben[turn]]));
    expect(seen.filter((id) => anna.includes(id))).toEqual(anna);
    expect(seen.filter((id) => ben.includes(id))).toEqual(ben);
    // Also where it was filled anew in between.
    expect(seen.indexOf(ben.at(-1) ?? '')).toBeLessThan(1_500);
  });

  it('brings the first job of another user next, though it is full of one user', async () => {
    backlog('anna', 0, 3_000);
    await test.start();
    const seen: string[] = [];
    let first: WaitingJob | undefined;
    test.consume(1, async ({ jobId }) => {
      seen.push(jobId);
      if (seen.length !== 10) return;
      const job = test.waiting.add(999_999, { owner: 'ben' });
      first = job;
      test.queue.dispatcher.offer(job);
      await eventually(async () => {
        expect(await test.queue.holds(job.id)).toBe(true);
      });
    });
    await eventually(() => {
      expect(seen.length).toBeGreaterThan(20);
    });
    expect(seen.indexOf(first?.id ?? '')).toBe(10);
  });

  it('looks again when it is told that more may run', async () => {
    await test.start();
    const seen: string[] = [];
    test.consume(1, noted(seen));
    await eventually(() => {
      expect(test.waiting.asked).toBeGreaterThan(0);
    });
    const first = test.waiting.add(1);
    test.queue.dispatcher.offer(first);
    await eventually(() => {
      expect(seen).toEqual([first.id]);
    });
    const second = test.waiting.add(2);
    test.queue.dispatcher.lookAgain();
    await eventually(() => {
      expect(seen).toEqual([first.id, second.id]);
    });
  });
}
