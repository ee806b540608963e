import { expect, it } from '@jest/globals';
import { type WaitingJob } from '../../src/execution/job-dispatcher.port.js';
import { eventually } from '../support/eventually.js';
import { noted, type OpenQueue, QueueHarness, until } from './job-queue.harness.js';

/** What any queue promises to those who offer jobs and to those who take them. */
export function itKeepsTheContractOfAQueue(open: OpenQueue): void {
  const test = new QueueHarness(open);

  it('finds by itself what waited before it was made', async () => {
    const ids = [0, 1, 2, 3, 4].map((n) => test.waiting.add(n).id);
    await test.start();
    const seen: string[] = [];
    test.consume(2, noted(seen));
    await eventually(() => {
      expect(seen).toEqual(ids);
    });
  });

  it('brings what is offered', async () => {
    await test.start();
    const seen: string[] = [];
    test.consume(1, noted(seen));
    const job = test.waiting.add(1);
    test.queue.dispatcher.offer(job);
    await eventually(() => {
      expect(seen).toEqual([job.id]);
    });
  });

  it('brings each of 5,000 jobs, in order, though it holds a thousand', async () => {
    for (let n = 0; n < 5_000; n += 1) test.waiting.add(n);
    await test.start();
    const seen: string[] = [];
    test.consume(1, noted(seen));
    await eventually(
      () => {
        expect(seen).toHaveLength(5_000);
      },
      { withinMs: 25_000 },
    );
    expect(seen).toEqual([...seen].sort());
  });

  it('brings what is offered while it is full of others, by its priority', async () => {
    for (let n = 0; n < 3_000; n += 1) test.waiting.add(n);
    await test.start();
    const seen: string[] = [];
    let urgent: WaitingJob | undefined;
    test.consume(1, ({ jobId }) => {
      seen.push(jobId);
      if (seen.length === 10) test.queue.dispatcher.offer((urgent = test.waiting.add(999_999, { rank: -1 })));
      return Promise.resolve();
    });
    await eventually(
      () => {
        expect(seen).toHaveLength(3_001);
      },
      { withinMs: 25_000 },
    );
    expect(seen.indexOf(urgent?.id ?? '')).toBeLessThan(500);
  });

  it('brings the higher priority first, and the older of equals', async () => {
    const [old, young] = [test.waiting.add(1), test.waiting.add(2)];
    const [urgent, patient] = [test.waiting.add(3, { rank: -1_000 }), test.waiting.add(0, { rank: 1_000 })];
    await test.start();
    const seen: string[] = [];
    test.consume(1, noted(seen));
    await eventually(() => {
      expect(seen).toEqual([urgent.id, old.id, young.id, patient.id]);
    });
  });

  it('brings a job only to an agent that has what it requires', async () => {
    test.waiting.add(1, { requires: ['gpu', 'zone=b'] });
    const [mine, anyones] = [test.waiting.add(2, { requires: ['gpu'] }), test.waiting.add(3)];
    await test.start({ labels: ['gpu', 'zone=a'] });
    const seen: string[] = [];
    test.consume(1, noted(seen), ['gpu', 'zone=a']);
    await eventually(() => {
      expect(seen).toEqual([mine.id, anyones.id]);
    });
    test.queue.dispatcher.offer(test.waiting.add(4, { requires: ['tpu'] }));
    const last = test.waiting.add(5, { requires: ['zone=a'] });
    test.queue.dispatcher.offer(last);
    await eventually(() => {
      expect(seen).toEqual([mine.id, anyones.id, last.id]);
    });
  });

  it('runs no more than its concurrency at once', async () => {
    for (let n = 0; n < 50; n += 1) test.waiting.add(n);
    await test.start();
    let [now, most, done] = [0, 0, 0];
    test.consume(3, async () => {
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      now -= 1;
      done += 1;
    });
    await eventually(() => {
      expect(done).toBe(50);
    });
    expect(most).toBeLessThanOrEqual(3);
  });

  it.each([
    { places: 3, remains: 'nothing', most: 11 },
    { places: 10, remains: 'nothing', most: 20 },
    { places: 3, remains: 'files', most: 6 },
  ] as const)(
    'starts the next when one of $places places is freed, until $most that left $remains are with it',
    async ({ places, remains, most }) => {
      for (let n = 0; n < 50; n += 1) test.waiting.add(n);
      await test.start();
      const release = new AbortController();
      const released = until(release.signal);
      let [placed, started] = [0, 0];
      test.consume(places, async ({ freePlace }) => {
        started += 1;
        placed = Math.max(placed, started);
        freePlace(remains);
        freePlace(remains);
        await released;
        started -= 1;
      });
      await eventually(() => {
        expect(started).toBe(most);
      });
      release.abort();
      await eventually(() => {
        expect(test.waiting.jobs.size).toBe(0);
      });
      expect(placed).toBe(most);
    },
  );

  it('interrupts what is recalled, and does not bring what was recalled while it waited', async () => {
    const [first, second] = [test.waiting.add(1), test.waiting.add(2)];
    await test.start();
    const ended: string[] = [];
    test.consume(1, async ({ jobId, stop }) => {
      await until(stop.signal);
      ended.push(`${jobId} ${String(stop.reason)}`);
    });
    await eventually(() => {
      expect(test.waiting.jobs.has(first.id)).toBe(false);
      expect(test.consumer?.hearingSince()).not.toBeNull();
    });
    test.queue.dispatcher.recall(second.id);
    test.waiting.claim(second.id);
    test.queue.dispatcher.recall(first.id);
    await eventually(() => {
      expect(ended).toEqual([`${first.id} recalled`]);
    });
  });

  it('brings a job again that was offered while it still ran', async () => {
    const job = test.waiting.add(1);
    await test.start();
    const seen: string[] = [];
    test.consume(2, ({ jobId }) => {
      seen.push(jobId);
      if (seen.length === 1) test.queue.dispatcher.offer(test.waiting.add(1));
      return Promise.resolve();
    });
    await eventually(() => {
      expect(seen).toEqual([job.id, job.id]);
    });
  });

  it('finds what was never offered, though it knew of all that waited', async () => {
    await test.start({ doubtAfterMs: 200 });
    const seen: string[] = [];
    test.consume(1, noted(seen));
    await eventually(() => {
      expect(test.waiting.asked).toBeGreaterThan(0);
    });
    const { id } = test.waiting.add(1);
    await eventually(() => {
      expect(seen).toEqual([id]);
    });
  });

  it('brings a job again whose handler could not ask for it', async () => {
    const { id } = test.waiting.add(1);
    await test.start();
    let asked = 0;
    test.consumer = test.queue.feedFor([]).consume(1, () => {
      asked += 1;
      if (asked === 1) return Promise.reject(new Error('no answer'));
      test.waiting.claim(id);
      return Promise.resolve(null);
    });
    await eventually(() => {
      expect([asked, test.waiting.jobs.size]).toEqual([2, 0]);
    });
  });

  it('goes on when the database is back', async () => {
    test.waiting.away = 2;
    const job = test.waiting.add(1);
    await test.start();
    const seen: string[] = [];
    test.consume(1, noted(seen));
    await eventually(() => {
      expect(seen).toEqual([job.id]);
    });
  });

  it('drains: takes nothing more, lets what runs end in time, then interrupts it', async () => {
    test.waiting.add(1);
    test.waiting.add(2);
    await test.start();
    const reasons: unknown[] = [];
    test.consume(1, async ({ stop }) => {
      await until(stop.signal);
      reasons.push(stop.reason);
    });
    await eventually(() => {
      expect(test.waiting.jobs.size).toBe(1);
    });
    await test.consumer?.drain(20);
    expect([reasons, test.waiting.jobs.size]).toEqual([['shutdown'], 1]);
  });
}
