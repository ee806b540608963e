import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { eventually } from '../../../test/support/eventually.js';
import { type Consumer, type WaitingJob, WaitingJobs } from '../job-dispatcher.port.js';
import { InProcessQueue } from './in-process-queue.js';

/** The waiting jobs of a database, without one. */
class Waiting extends WaitingJobs {
  readonly jobs = new Map<string, WaitingJob>();
  away = 0;
  asked = 0;

  next(limit: number): Promise<readonly WaitingJob[]> {
    this.asked += 1;
    if (this.away-- > 0) return Promise.reject(new Error('the database is away'));
    const inOrder = [...this.jobs.values()].sort((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1));
    return Promise.resolve(inOrder.slice(0, limit));
  }

  add(n: number, rank = 0): WaitingJob {
    const job = { id: String(n).padStart(6, '0'), rank };
    this.jobs.set(job.id, job);
    return job;
  }
}

describe('InProcessQueue', () => {
  const waiting = new Waiting();
  let queue = new InProcessQueue(waiting);
  let consumer: Consumer | undefined;

  beforeAll(() => {
    Logger.overrideLogger(false);
  });

  afterEach(async () => {
    await consumer?.drain(0);
    waiting.jobs.clear();
    queue = new InProcessQueue(waiting);
  });

  function consume(
    concurrency: number,
    onJob: (id: string, signal: AbortSignal, freePlace: () => void) => Promise<void>,
  ): void {
    consumer = queue.consume(concurrency, async ({ jobId, signal, freePlace }) => {
      waiting.jobs.delete(jobId);
      await onJob(jobId, signal, freePlace);
    });
  }

  it('finds by itself what waited before it was made', async () => {
    for (let n = 0; n < 5; n += 1) waiting.add(n);
    const seen: string[] = [];
    consume(2, (id) => Promise.resolve(void seen.push(id)));
    await eventually(() => {
      expect(seen).toEqual(['000000', '000001', '000002', '000003', '000004']);
    });
  });

  it('brings each of 10,000 jobs once, in order, though it holds a thousand', async () => {
    for (let n = 0; n < 10_000; n += 1) waiting.add(n);
    const seen: string[] = [];
    consume(1, (id) => Promise.resolve(void seen.push(id)));
    await eventually(() => {
      expect(seen).toHaveLength(10_000);
    });
    expect(seen).toEqual([...seen].sort());
    expect(new Set(seen).size).toBe(10_000);
  });

  it('brings what is offered while it is full of others, by its priority', async () => {
    for (let n = 0; n < 3_000; n += 1) waiting.add(n);
    const seen: string[] = [];
    let urgent: WaitingJob | undefined;
    consume(1, (id) => {
      seen.push(id);
      if (seen.length === 10) queue.offer((urgent = waiting.add(999_999, -1)));
      return Promise.resolve();
    });
    await eventually(() => {
      expect(seen).toHaveLength(3_001);
    });
    expect(seen.indexOf(urgent?.id ?? '')).toBe(10);
  });

  it('runs no more than its concurrency at once', async () => {
    for (let n = 0; n < 50; n += 1) waiting.add(n);
    let [now, most, done] = [0, 0, 0];
    consume(3, async () => {
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      now -= 1;
      done += 1;
    });
    await eventually(() => {
      expect(done).toBe(50);
    });
    expect(most).toBe(3);
  });

  it('starts the next when a place is freed, as many more as there are places, and no more', async () => {
    for (let n = 0; n < 50; n += 1) waiting.add(n);
    const release = new AbortController();
    let [placed, started] = [0, 0];
    consume(3, async (_id, _signal, freePlace) => {
      started += 1;
      placed = Math.max(placed, started);
      freePlace();
      freePlace();
      if (!release.signal.aborted)
        await new Promise((resolve) => {
          release.signal.addEventListener('abort', resolve);
        });
      started -= 1;
    });
    await eventually(() => {
      expect(started).toBe(6);
    });
    release.abort();
    await eventually(() => {
      expect(waiting.jobs.size).toBe(0);
    });
    expect(placed).toBe(6);
  });

  it('interrupts what is recalled, and never brings what was recalled while it waited', async () => {
    const [first, second] = [waiting.add(1), waiting.add(2)];
    const ended: string[] = [];
    consume(1, async (id, signal) => {
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      ended.push(`${id} ${String(signal.reason)}`);
    });
    await eventually(() => {
      expect(waiting.jobs.has(first.id)).toBe(false);
    });
    queue.recall(second.id);
    queue.recall(first.id);
    await eventually(() => {
      expect(ended).toEqual([`${first.id} recalled`]);
    });
  });

  it('brings a job again that was offered while it still ran', async () => {
    const job = waiting.add(1);
    const seen: string[] = [];
    consume(2, (id) => {
      seen.push(id);
      if (seen.length === 1) queue.offer(job);
      return Promise.resolve();
    });
    await eventually(() => {
      expect(seen).toEqual([job.id, job.id]);
    });
  });

  it('finds what was never offered, though it knew of all that waited', async () => {
    queue = new InProcessQueue(waiting, 10);
    const seen: string[] = [];
    consume(1, (id) => Promise.resolve(void seen.push(id)));
    await eventually(() => {
      expect(waiting.asked).toBeGreaterThan(0);
    });
    const { id } = waiting.add(1);
    await eventually(() => {
      expect(seen).toEqual([id]);
    });
  });

  it('brings a job again whose handler could not ask for it', async () => {
    const { id } = waiting.add(1);
    let asked = 0;
    consumer = queue.consume(1, () => {
      asked += 1;
      if (asked === 1) return Promise.reject(new Error('no answer'));
      waiting.jobs.delete(id);
      return Promise.resolve();
    });
    await eventually(() => {
      expect([asked, waiting.jobs.size]).toEqual([2, 0]);
    });
  });

  it('goes on when the database is back', async () => {
    waiting.away = 2;
    const job = waiting.add(1);
    const seen: string[] = [];
    consume(1, (id) => Promise.resolve(void seen.push(id)));
    await eventually(() => {
      expect(seen).toEqual([job.id]);
    });
  });

  it('drains: takes nothing more, lets what runs end in time, then interrupts it', async () => {
    waiting.add(1);
    waiting.add(2);
    const reasons: unknown[] = [];
    consume(1, async (_, signal) => {
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      reasons.push(signal.reason);
    });
    await eventually(() => {
      expect(waiting.jobs.size).toBe(1);
    });
    await consumer?.drain(20);
    expect([reasons, waiting.jobs.size]).toEqual([['shutdown'], 1]);
  });
});
