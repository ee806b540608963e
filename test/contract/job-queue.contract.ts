import { afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import {
  type Consumer,
  type Delivery,
  type JobDispatcher,
  type JobFeed,
  type Run,
  type WaitingJob,
} from '../../src/execution/job-dispatcher.port.js';
import { eventually } from '../support/eventually.js';
import { FakeLiveAgents, FakeWaitingJobs } from '../support/waiting-jobs.js';

/** Both ends of a queue. */
export interface QueueUnderTest {
  readonly dispatcher: JobDispatcher;
  /** The end of an agent with these labels. */
  readonly feedFor: (labels: readonly string[]) => JobFeed;
  /** Whether a job that no agent has taken has its place in the queue. */
  readonly holds: (jobId: string) => Promise<boolean>;
  readonly close: () => Promise<void>;
}

export interface QueueOptions {
  readonly waiting: FakeWaitingJobs;
  readonly agents: FakeLiveAgents;
  /** Of the only agent. */
  readonly labels: readonly string[];
  /** How often it is asked what waits, though all seems known. */
  readonly doubtAfterMs: number;
}

type OnJob = (delivery: Delivery) => Promise<void>;

function until(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
    if (signal.aborted) resolve();
  });
}

/** What any queue promises to those who offer jobs and to those who take them. */
export function itKeepsTheContractOfAQueue(
  open: (options: QueueOptions) => QueueUnderTest | Promise<QueueUnderTest>,
): void {
  let waiting: FakeWaitingJobs;
  let queue: QueueUnderTest;
  let consumer: Consumer | undefined;

  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  beforeEach(() => {
    waiting = new FakeWaitingJobs();
  });
  afterEach(async () => {
    await consumer?.drain(0);
    consumer = undefined;
    await queue.close();
  });

  async function start({ labels = [] as readonly string[], doubtAfterMs = 60_000 } = {}): Promise<void> {
    const agents = new FakeLiveAgents();
    agents.sets = [labels];
    queue = await open({ waiting, agents, labels, doubtAfterMs });
  }

  /** Takes jobs as an agent does: what was claimed before is not run again. */
  function consume(concurrency: number, onJob: OnJob, labels: readonly string[] = []): void {
    consumer = queue.feedFor(labels).consume(concurrency, (delivery): Promise<Run | null> => {
      const run = waiting.claim(delivery.jobId) ? { ended: onJob(delivery) } : null;
      return Promise.resolve(run);
    });
  }

  function noted(seen: string[]): OnJob {
    return ({ jobId }) => Promise.resolve(void seen.push(jobId));
  }

  it('finds by itself what waited before it was made', async () => {
    const ids = [0, 1, 2, 3, 4].map((n) => waiting.add(n).id);
    await start();
    const seen: string[] = [];
    consume(2, noted(seen));
    await eventually(() => {
      expect(seen).toEqual(ids);
    });
  });

  it('brings what is offered', async () => {
    await start();
    const seen: string[] = [];
    consume(1, noted(seen));
    const job = waiting.add(1);
    queue.dispatcher.offer(job);
    await eventually(() => {
      expect(seen).toEqual([job.id]);
    });
  });

  it('brings each of 5,000 jobs, in order, though it holds a thousand', async () => {
    for (let n = 0; n < 5_000; n += 1) waiting.add(n);
    await start();
    const seen: string[] = [];
    consume(1, noted(seen));
    await eventually(
      () => {
        expect(seen).toHaveLength(5_000);
      },
      { withinMs: 25_000 },
    );
    expect(seen).toEqual([...seen].sort());
  });

  it('brings what is offered while it is full of others, by its priority', async () => {
    for (let n = 0; n < 3_000; n += 1) waiting.add(n);
    await start();
    const seen: string[] = [];
    let urgent: WaitingJob | undefined;
    consume(1, ({ jobId }) => {
      seen.push(jobId);
      if (seen.length === 10) queue.dispatcher.offer((urgent = waiting.add(999_999, { rank: -1 })));
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
    const [old, young] = [waiting.add(1), waiting.add(2)];
    const [urgent, patient] = [waiting.add(3, { rank: -1_000 }), waiting.add(0, { rank: 1_000 })];
    await start();
    const seen: string[] = [];
    consume(1, noted(seen));
    await eventually(() => {
      expect(seen).toEqual([urgent.id, old.id, young.id, patient.id]);
    });
  });

  /** Jobs of `owner` from number `first` on. */
  function backlog(owner: string, first: number, count: number): string[] {
    return Array.from({ length: count }, (_, n) => waiting.add(first + n, { owner }).id);
  }

  /** Takes all jobs, from when the queue holds `last`; resolves with their ids in the order in which they came. */
  async function allInOrder(last: string | undefined, count: number): Promise<string[]> {
    await start();
    // A queue within the process is filled for whoever takes from it.
    const seen: string[] = [];
    await eventually(async () => {
      expect(await queue.holds(last ?? '')).toBe(true);
    });
    consume(1, noted(seen));
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
    await start();
    const seen: string[] = [];
    let first: WaitingJob | undefined;
    consume(1, async ({ jobId }) => {
      seen.push(jobId);
      if (seen.length !== 10) return;
      const job = waiting.add(999_999, { owner: 'ben' });
      first = job;
      queue.dispatcher.offer(job);
      await eventually(async () => {
        expect(await queue.holds(job.id)).toBe(true);
      });
    });
    await eventually(() => {
      expect(seen.length).toBeGreaterThan(20);
    });
    expect(seen.indexOf(first?.id ?? '')).toBe(10);
  });

  it('brings a job only to an agent that has what it requires', async () => {
    waiting.add(1, { requires: ['gpu', 'zone=b'] });
    const [mine, anyones] = [waiting.add(2, { requires: ['gpu'] }), waiting.add(3)];
    await start({ labels: ['gpu', 'zone=a'] });
    const seen: string[] = [];
    consume(1, noted(seen), ['gpu', 'zone=a']);
    await eventually(() => {
      expect(seen).toEqual([mine.id, anyones.id]);
    });
    queue.dispatcher.offer(waiting.add(4, { requires: ['tpu'] }));
    const last = waiting.add(5, { requires: ['zone=a'] });
    queue.dispatcher.offer(last);
    await eventually(() => {
      expect(seen).toEqual([mine.id, anyones.id, last.id]);
    });
  });

  it('runs no more than its concurrency at once', async () => {
    for (let n = 0; n < 50; n += 1) waiting.add(n);
    await start();
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
    expect(most).toBeLessThanOrEqual(3);
  });

  it('starts the next when a place is freed, as many more as there are places, and no more', async () => {
    for (let n = 0; n < 50; n += 1) waiting.add(n);
    await start();
    const release = new AbortController();
    const released = until(release.signal);
    let [placed, started] = [0, 0];
    consume(3, async ({ freePlace }) => {
      started += 1;
      placed = Math.max(placed, started);
      freePlace();
      freePlace();
      await released;
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

  it('interrupts what is recalled, and does not bring what was recalled while it waited', async () => {
    const [first, second] = [waiting.add(1), waiting.add(2)];
    await start();
    const ended: string[] = [];
    consume(1, async ({ jobId, signal }) => {
      await until(signal);
      ended.push(`${jobId} ${String(signal.reason)}`);
    });
    await eventually(() => {
      expect(waiting.jobs.has(first.id)).toBe(false);
      expect(consumer?.hearingSince()).not.toBeNull();
    });
    queue.dispatcher.recall(second.id);
    waiting.claim(second.id);
    queue.dispatcher.recall(first.id);
    await eventually(() => {
      expect(ended).toEqual([`${first.id} recalled`]);
    });
  });

  it('brings a job again that was offered while it still ran', async () => {
    const job = waiting.add(1);
    await start();
    const seen: string[] = [];
    consume(2, ({ jobId }) => {
      seen.push(jobId);
      if (seen.length === 1) queue.dispatcher.offer(waiting.add(1));
      return Promise.resolve();
    });
    await eventually(() => {
      expect(seen).toEqual([job.id, job.id]);
    });
  });

  it('finds what was never offered, though it knew of all that waited', async () => {
    await start({ doubtAfterMs: 200 });
    const seen: string[] = [];
    consume(1, noted(seen));
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
    await start();
    let asked = 0;
    consumer = queue.feedFor([]).consume(1, () => {
      asked += 1;
      if (asked === 1) return Promise.reject(new Error('no answer'));
      waiting.claim(id);
      return Promise.resolve(null);
    });
    await eventually(() => {
      expect([asked, waiting.jobs.size]).toEqual([2, 0]);
    });
  });

  it('goes on when the database is back', async () => {
    waiting.away = 2;
    const job = waiting.add(1);
    await start();
    const seen: string[] = [];
    consume(1, noted(seen));
    await eventually(() => {
      expect(seen).toEqual([job.id]);
    });
  });

  it('drains: takes nothing more, lets what runs end in time, then interrupts it', async () => {
    waiting.add(1);
    waiting.add(2);
    await start();
    const reasons: unknown[] = [];
    consume(1, async ({ signal }) => {
      await until(signal);
      reasons.push(signal.reason);
    });
    await eventually(() => {
      expect(waiting.jobs.size).toBe(1);
    });
    await consumer?.drain(20);
    expect([reasons, waiting.jobs.size]).toEqual([['shutdown'], 1]);
  });
}
