import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { SmallFleet } from '../support/fleet.js';
import { eventually } from '../support/eventually.js';
import { nothingAliveWith, uniqueSleep } from '../support/marked-jobs.js';
import { processesWith } from '../support/processes.js';
import { type RedisServer } from '../support/run/redis.js';
import { startServer } from '../support/server.js';
import {
  createDatabase,
  describeWithMysql,
  describeWithOwnRedis,
  redisSpace,
  startRedis,
} from '../support/services.js';

const GRACE_SECONDS = 1;
const JOBS = 40;

describeWithMysql('A fleet on MariaDB that loses', () => {
  describeWithOwnRedis('its Redis', () => {
    let fleet: SmallFleet;
    let redis: RedisServer;

    beforeAll(async () => {
      redis = await startRedis();
      fleet = await SmallFleet.start({
        database: { name: 'MariaDB', create: createDatabase },
        redis: redisSpace(redis.url, 'test'),
        // A lease so long that no sign of life for its sake tells the agent anything within a test's time.
        env: { AGENT_LOST_SECONDS: '600', KILL_GRACE_SECONDS: String(GRACE_SECONDS) },
      });
      await fleet.agent();
      await fleet.agent();
    });
    afterAll(() => fleet.end());

    async function runAll(): Promise<string[]> {
      return Promise.all(Array.from({ length: JOBS }, (_, n) => fleet.one.run(`sleep 0.05; echo ${n}`)));
    }

    async function allRight(ids: readonly string[]): Promise<void> {
      for (const [n, id] of ids.entries()) {
        const { answer_id, attempt } = await fleet.two.waitForState(id, ['succeeded']);
        expect([await fleet.answer(answer_id), attempt]).toEqual([`${n}\n`, 1]);
      }
    }

    it('whole, in the middle of it, completes all jobs', async () => {
      const ids = await runAll();
      await eventually(async () => {
        const { job_ids } = await fleet.two.list('state=succeeded');
        expect(job_ids.length).toBeGreaterThan(3);
      });
      await redis.flush();
      await allRight(ids);
    });

    it('for a while accepts jobs, lets go on what runs, and runs the new ones when it is back', async () => {
      const running = await fleet.one.run('sleep 1; echo still here');
      await fleet.one.waitForState(running, ['running']);
      await redis.kill();
      const ids = await runAll();
      const info = await fleet.two.waitForState(running, ['succeeded']);
      expect(await fleet.answer(info.answer_id)).toBe('still here\n');
      expect((await fleet.two.list('state=queued')).job_ids).toHaveLength(JOBS);
      await redis.start();
      await allRight(ids);
    });

    it.each(['dead', 'silent'])('cancels and deletes all the same while it is %s', async (how) => {
      const sleeps = [uniqueSleep(), uniqueSleep()];
      const [cancelled, deleted] = await Promise.all(sleeps.map((sleep) => fleet.one.run(`sleep ${sleep}`)));
      await eventually(async () => {
        for (const sleep of sleeps) expect(await processesWith(sleep)).not.toEqual([]);
      });
      if (how === 'dead') await redis.kill();
      else redis.freeze();
      const answer = fleet.one.call('GET', `/job_info/${String(cancelled)}?wait=60`, { withinMs: 30_000 });
      await fleet.two.cancel(String(cancelled));
      await fleet.two.remove(String(deleted));
      expect((await fleet.one.info(String(cancelled))).state).toBe('cancelled');
      // Nobody told the server at which somebody waits: it has looked.
      expect((await answer).body).toMatchObject({ state: 'cancelled' });
      // The agents notice that they hear nothing, and ask each second.
      for (const sleep of sleeps) await nothingAliveWith(sleep, { withinMs: 6_000 });
      if (how === 'dead') await redis.start();
      else redis.thaw();
      await allRight(await runAll());
    });

    it('lets an agent and a server stop all the same', async () => {
      const agent = await fleet.agent();
      const server = await startServer({
        env: { REDIS_URL: redis.url, REDIS_PREFIX: 'other', AGENT_CONCURRENCY: '1' },
      });
      await redis.kill();
      // Each fails unless it ends with 0, and in time.
      await Promise.all([agent.end(), server.end()]);
      await redis.start();
    });

    it('keeps no key there but what its queues are made of', async () => {
      await fleet.one.idle();
      await eventually(async () => {
        const keys = await redisSpace(redis.url, 'test').keys();
        expect(keys.filter((key) => !/^test:(queues|jobs:[a-z-]+)$/.test(key))).toEqual([]);
      });
    });

    it('its data manager for a while delays jobs, and costs none', async () => {
      const input = await fleet.files.client.upload('kept\n');
      const uploading = await fleet.one.run('sleep 1; echo late');
      await fleet.one.waitForState(uploading, ['running']);
      await fleet.files.kill();
      const staging = await fleet.two.run({ command: 'cat "$INPUT_1"', input_files: [input] });
      await fleet.two.waitForState(staging, ['staging', 'queued']);
      await eventually(async () => {
        expect(await processesWith(uploading)).toEqual([]);
      });
      await fleet.files.restart();
      const late = await fleet.two.waitForState(uploading, ['succeeded'], { withinMs: 60_000 });
      const kept = await fleet.two.waitForState(staging, ['succeeded'], { withinMs: 60_000 });
      expect(await fleet.answer(late.answer_id)).toBe('late\n');
      expect(await fleet.answer(kept.answer_id)).toBe('kept\n');
    });
  });
});
