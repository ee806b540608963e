import { afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { RedisDispatcher } from '../../src/execution/queue/redis/redis-dispatcher.js';
import { RedisFeed } from '../../src/execution/queue/redis/redis-feed.js';
import { SLACK, WINDOW } from '../../src/execution/queue/redis/shared-window.js';
import { eventually } from '../support/eventually.js';
import { withRedis } from '../support/run/redis.js';
import {
  createRedisSpace,
  describeWithOwnRedis,
  describeWithRedis,
  type RedisSpace,
  redisSpace,
  startRedis,
} from '../support/services.js';
import { Fleet } from './job-queue.redis-fleet.js';
import { itKeepsTheContractOfAQueue } from './job-queue.contract.js';
import { itIsFairToTheUsersOfAQueue } from './job-queue.fairness.contract.js';
import { type OpenQueue } from './job-queue.harness.js';

/** BullMQ's bookkeeping of one queue, and ours: so many keys stay, however many jobs there were. */
const KEYS_OF_A_QUEUE = 10;

describeWithRedis('The queue in Redis', () => {
  const open: OpenQueue = async ({ waiting, agents, doubtAfterMs }) => {
    const options = await createRedisSpace();
    const dispatcher = new RedisDispatcher(options, waiting, agents, { doubtAfterMs, eraseAfterMs: 60_000 });
    dispatcher.onApplicationBootstrap();
    return {
      dispatcher,
      feedFor: (labels) => new RedisFeed(options, labels),
      holds: (jobId) => isPlaced(options, jobId),
      close: () => dispatcher.onApplicationShutdown(),
    };
  };

  itKeepsTheContractOfAQueue(open);
  itIsFairToTheUsersOfAQueue(open);
});

/** Whether a job has been given its turn: what BullMQ put in has an odd priority. */
async function isPlaced({ url, prefix }: RedisSpace, jobId: string): Promise<boolean> {
  const score = await withRedis(url, (redis) => redis.zscore(`${prefix}:jobs:prioritized`, jobId));
  return score !== null && Math.floor(Number(score) / 2 ** 32) % 2 === 0;
}

async function keysLeft(space: RedisSpace): Promise<number> {
  return (await space.keys()).length;
}

describeWithRedis('A queue in Redis that several servers fill', () => {
  let fleet: Fleet;
  beforeAll(() => {
    Logger.overrideLogger(false);
  });
  beforeEach(async () => {
    fleet = new Fleet(await createRedisSpace());
  });
  afterEach(() => fleet.end());

  it('brings each job to one agent, whoever offers it and whatever labels its agents have', async () => {
    const [one, two] = [fleet.server(), fleet.server()];
    fleet.agents.sets = [[], ['gpu'], ['zone=a']];
    fleet.agents.sets.forEach((labels) => fleet.agent(labels));
    const ids = new Set<string>();
    for (let n = 0; n < 600; n += 1) {
      const job = fleet.waiting.add(n, { requires: n % 3 === 0 ? ['gpu'] : [] });
      ids.add(job.id);
      (n % 2 === 0 ? one : two).offer(job);
    }
    await eventually(() => {
      expect(fleet.seen).toHaveLength(600);
    });
    expect(new Set(fleet.seen)).toEqual(ids);
    await eventually(async () => {
      expect(await keysLeft(fleet.space)).toBeLessThanOrEqual(3 * KEYS_OF_A_QUEUE + 1);
    });
  });

  it('holds no more than a window of what waits, with the most urgent in it', async () => {
    for (let n = 0; n < 20_000; n += 1) fleet.waiting.add(n, { rank: n % 7 });
    const server = fleet.server();
    fleet.server();
    const prioritized = `${fleet.space.prefix}:jobs:prioritized`;
    const held = (): Promise<number> => withRedis(fleet.space.url, (redis) => redis.zcard(prioritized));
    await eventually(async () => {
      expect(await held()).toBeGreaterThanOrEqual(WINDOW);
    });
    const urgent = Array.from({ length: 3_000 }, (_, n) =>
      fleet.waiting.add(100_000 + n, { rank: -Math.floor(n / 3) }),
    );
    urgent.forEach((job) => {
      server.offer(job);
    });
    const inOrder = urgent.toSorted((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1)).map(({ id }) => id);
    await eventually(async () => {
      const first = await withRedis(fleet.space.url, (redis) => redis.zrange(prioritized, 0, 0));
      expect(first).toEqual([inOrder[0]]);
    });
    expect(await held()).toBeLessThanOrEqual(WINDOW * (1 + 2 * SLACK));
    fleet.agent();
    await eventually(() => {
      expect(fleet.seen.length).toBeGreaterThan(10);
    });
    expect(fleet.seen.slice(0, 10)).toEqual(inOrder.slice(0, 10));
  });

  it('remembers nobody when nothing waits, however many have had jobs', async () => {
    const server = fleet.server({ doubtAfterMs: 200 });
    fleet.agent();
    const jobs = Array.from({ length: 300 }, (_, n) =>
      fleet.waiting.add(n, { owner: `user-${n}`, rank: n % 3 }),
    );
    jobs.forEach((job) => {
      server.offer(job);
    });
    await eventually(() => {
      expect(fleet.seen).toHaveLength(300);
    });
    const remembered = `${fleet.space.prefix}:jobs:turns`;
    await eventually(async () => {
      expect(await withRedis(fleet.space.url, (redis) => redis.exists(remembered))).toBe(0);
    });
  });

  it('leaves nothing of a queue that no agent needs any more, and fills it again when one does', async () => {
    fleet.server({ eraseAfterMs: 500 });
    fleet.agents.sets = [['gpu']];
    const ids = Array.from({ length: 20 }, (_, n) => fleet.waiting.add(n, { requires: ['gpu'] }).id);
    const held = async (): Promise<number> =>
      (await fleet.space.keys()).filter((key) => key.includes('jobs@gpu')).length;
    await eventually(async () => {
      expect(await held()).toBeGreaterThan(20);
    });
    fleet.agents.sets = [];
    await eventually(async () => {
      expect(await held()).toBe(0);
    });
    fleet.agents.sets = [['gpu']];
    fleet.agent(['gpu']);
    await eventually(() => {
      expect(fleet.seen).toEqual(ids);
    });
  });

  it('holds the less for each set of labels, the more sets there are', async () => {
    fleet.agents.sets = Array.from({ length: 40 }, (_, n) => [`host=${n}`]);
    for (let n = 0; n < 3_000; n += 1) fleet.waiting.add(n);
    fleet.server();
    const held = async (): Promise<number> =>
      (await fleet.space.keys()).filter((key) => key.includes(':01900000-')).length;
    await eventually(async () => {
      expect(await held()).toBe(4 * WINDOW);
    });
    const seen = fleet.waiting.asked;
    await eventually(
      () => {
        expect(fleet.waiting.asked).toBeGreaterThan(seen);
      },
      { withinMs: 20_000 },
    );
    expect(await held()).toBe(4 * WINDOW);
  });

  it('drops what is no job at all', async () => {
    const server = fleet.server();
    fleet.agent();
    server.offer({ id: 'no-job', rank: -1_000, owner: 'anna', requires: [] });
    const job = fleet.waiting.add(1);
    server.offer(job);
    await eventually(() => {
      expect(fleet.seen).toEqual([job.id]);
    });
    await eventually(async () => {
      expect((await fleet.space.keys()).filter((key) => key.includes('no-job'))).toEqual([]);
    });
  });

  it('finds what Redis remembers of an id, but has in no list, all the same', async () => {
    const job = fleet.waiting.add(1);
    const key = `${fleet.space.prefix}:jobs:${job.id}`;
    await withRedis(fleet.space.url, (redis) => redis.hset(key, 'name', 'job'));
    fleet.server();
    fleet.agent();
    await eventually(() => {
      expect(fleet.seen).toEqual([job.id]);
    });
  });

  it('survives what a stranger says on its channel', async () => {
    fleet.server();
    const agent = fleet.agent();
    await eventually(() => {
      expect(agent.hearingSince()).not.toBeNull();
    });
    const channel = `${fleet.space.prefix}:recalls`;
    for (const odd of ['', '{', 'null', '{}', '[null, {}]', '"x"', '[{"toString":1}]']) {
      await withRedis(fleet.space.url, (redis) => redis.publish(channel, odd));
    }
    const job = fleet.waiting.add(1);
    await eventually(
      () => {
        expect(fleet.seen).toEqual([job.id]);
      },
      { withinMs: 20_000 },
    );
  });

  it('lets an agent find what waited for its labels, once it is alive', async () => {
    fleet.server();
    fleet.agents.sets = [[]];
    const job = fleet.waiting.add(1, { requires: ['gpu'] });
    fleet.agent(['gpu']);
    fleet.agents.sets = [[], ['gpu']];
    await eventually(() => {
      expect(fleet.seen).toEqual([job.id]);
    });
  });
});

describeWithOwnRedis('A Redis that is lost', () => {
  let fleet: Fleet;
  let redis: Awaited<ReturnType<typeof startRedis>>;
  beforeAll(async () => {
    Logger.overrideLogger(false);
    redis = await startRedis();
  });
  beforeEach(() => {
    fleet = new Fleet(redisSpace(redis.url, `test-${crypto.randomUUID()}`));
  });
  afterEach(() => fleet.end());

  it('with all it held, while jobs run and wait, costs none', async () => {
    for (let n = 0; n < 3_000; n += 1) fleet.waiting.add(n);
    fleet.server();
    fleet.server();
    fleet.agent();
    fleet.agent();
    for (const part of [300, 1_500, 2_500]) {
      await eventually(() => {
        expect(fleet.seen.length).toBeGreaterThan(part);
      });
      await redis.flush();
    }
    await eventually(
      () => {
        expect(fleet.seen).toHaveLength(3_000);
      },
      { withinMs: 25_000 },
    );
    expect(new Set(fleet.seen).size).toBe(3_000);
  });

  it.each([
    ['killed and started anew', () => redis.kill(), () => redis.start()],
    [
      'silent',
      () => {
        redis.freeze();
        return Promise.resolve();
      },
      () => {
        redis.thaw();
        return Promise.resolve();
      },
    ],
  ])('since it was %s, is filled again, and heard again', async (_, lose, bringBack) => {
    const server = fleet.server();
    const agent = fleet.agent();
    const [before, during, after] = [1, 2, 3].map((n) => fleet.waiting.add(n));
    fleet.waiting.claim(during?.id ?? '');
    fleet.waiting.claim(after?.id ?? '');
    await eventually(() => {
      expect([fleet.seen, agent.hearingSince() !== null]).toEqual([[before?.id], true]);
    });
    await lose();
    await eventually(() => {
      expect(agent.hearingSince() !== null).toBe(false);
    });
    server.offer(fleet.waiting.add(2));
    server.recall(crypto.randomUUID());
    await bringBack();
    await eventually(
      () => {
        expect([fleet.seen, agent.hearingSince() !== null]).toEqual([[before?.id, during?.id], true]);
      },
      { withinMs: 25_000 },
    );
    server.offer(fleet.waiting.add(3));
    await eventually(() => {
      expect(fleet.seen).toEqual([before?.id, during?.id, after?.id]);
    });
  });

  it('can be away when servers and agents start', async () => {
    await redis.kill();
    fleet.server();
    const agent = fleet.agent();
    const job = fleet.waiting.add(1);
    expect(agent.hearingSince() !== null).toBe(false);
    await redis.start();
    await eventually(() => {
      expect(fleet.seen).toEqual([job.id]);
    });
  });
});
