import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AgentUnderTest } from '../support/agent.js';
import { type JobClient } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { SmallFleet } from '../support/fleet.js';
import { bytesIn, OutputStream } from '../support/output-stream.js';
import {
  createDatabase,
  createRedisSpace,
  describeWithMysql,
  describeWithRedis,
  type RedisSpace,
} from '../support/services.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

describeWithMysql('Output on MariaDB', () => {
  describeWithRedis('of an agent elsewhere, at two servers', () => {
    let fleet: SmallFleet;
    let agent: AgentUnderTest;
    let redis: RedisSpace;

    beforeAll(async () => {
      const database = { name: 'MariaDB' as const, create: createDatabase };
      redis = await createRedisSpace();
      const env = { KILL_GRACE_SECONDS: '1', AGENT_LOST_SECONDS: '2' };
      fleet = await SmallFleet.start({ database, env, redis });
      agent = await fleet.agent();
    });
    afterAll(() => fleet.end());

    async function gate(): Promise<{ waiting: string; open: () => Promise<void> }> {
      const path = join(await temporaryDirectory(), 'gate');
      return { waiting: `until [ -e ${path} ]; do sleep 0.02; done`, open: () => writeFile(path, '') };
    }

    it('is told while it is written at each, whether it was followed before the command began or after', async () => {
      const { waiting, open } = await gate();
      const jobId = await fleet.one.run({ command: `echo on; ${waiting}; echo off`, requires: ['late'] });
      const early = [fleet.one, fleet.two].map((client) => OutputStream.open(client, jobId));
      const late = await fleet.agent({ AGENT_LABELS: 'late' });
      const streams = [...(await Promise.all(early))];
      for (const stream of streams) await stream.until((one) => one.bytes('stdout').toString() === 'on\n');
      streams.push(await OutputStream.open(fleet.two, jobId));
      await streams[2]?.until((one) => one.bytes('stdout').toString() === 'on\n');
      await open();
      for (const stream of streams) {
        expect(await stream.ended).toBe(true);
        expect(stream.bytes('stdout').toString()).toBe('on\noff\n');
        expect(stream.end).toMatchObject({ state: 'succeeded', agent: stream.end?.agent });
      }
      await late.end();
    });

    it('goes on at the other server with the next byte', async () => {
      const jobId = await fleet.one.run('for i in $(seq 1 200); do echo "line $i"; sleep 0.01; done');
      const events: OutputStream['events'] = [];
      let [here, there]: JobClient[] = [fleet.one, fleet.two];
      for (let isOver = false; !isOver;) {
        const stream = await OutputStream.open(here as JobClient, jobId, events.at(-1)?.id);
        await stream.until((one) => one.events.length > 10 || one.end !== undefined);
        isOver = stream.end !== undefined;
        stream.leave();
        await stream.ended;
        events.push(...stream.events);
        [here, there] = [there, here];
      }
      const lines = Array.from({ length: 200 }, (_, index) => `line ${index + 1}\n`);
      expect(bytesIn(events, 'stdout').toString()).toBe(lines.join(''));
    });

    it('begins anew with the next attempt where the agent dies', async () => {
      const { waiting, open } = await gate();
      const jobId = await fleet.two.run({ command: `echo attempt $JOB_ATTEMPT; ${waiting}`, retries: 1 });
      const stream = await OutputStream.open(fleet.one, jobId);
      await stream.until((one) => one.bytes('stdout').toString() === 'attempt 1\n');
      await agent.kill();
      await agent.restart();
      await stream.until((one) => one.bytes('stdout').toString() === 'attempt 2\n');
      await open();
      expect(await stream.ended).toBe(true);
      expect(stream.events.filter(({ event }) => event === 'attempt')).toHaveLength(2);
      expect(stream.end).toMatchObject({ state: 'succeeded', attempt: 2 });
    });

    it('survives what strangers say in Redis, and is not heard by them', async () => {
      const { waiting, open } = await gate();
      const jobId = await fleet.one.run(`echo on; ${waiting}; echo off`);
      const stream = await OutputStream.open(fleet.two, jobId);
      await stream.until((one) => one.bytes('stdout').length === 3);
      const { agent: name } = await fleet.one.info(jobId);
      const stranger = new Redis(redis.url);
      const channels = (await stranger.pubsub('CHANNELS', `${redis.prefix}:output:*`)) as string[];
      expect(channels).toContain(`${redis.prefix}:output:of:${String(name)}`);
      const said = [
        '',
        'x',
        '{}',
        '[1]',
        'null',
        '{"id":1}',
        '{"id":1,"stdout":5,"stderr":0}\nab',
        `["${jobId}",1]`,
      ];
      for (const channel of channels) for (const word of said) await stranger.publish(channel, word);
      // Who hears all that is said there, and asks as a server does but for the lease, learns nothing of what is written.
      const heard: Buffer[] = [];
      const ear = new Redis(redis.url);
      ear.on('pmessageBuffer', (_pattern, _channel, message: Buffer) => heard.push(message));
      await ear.psubscribe(`${redis.prefix}:output:*`);
      const replyTo = `${redis.prefix}:output:to:${randomUUID()}`;
      const ask = { replyTo, id: 1, jobId, attempt: 1, from: { stdout: 0, stderr: 0 }, signature: 'x' };
      await stranger.publish(`${redis.prefix}:output:of:${String(name)}`, JSON.stringify(ask));
      const other = await OutputStream.open(fleet.one, jobId);
      await other.until((one) => one.bytes('stdout').length === 3);
      await eventually(() => {
        expect(heard.length).toBeGreaterThan(2);
      });
      expect(Buffer.concat(heard).includes('on\n')).toBe(false);
      expect(heard.filter((message) => message.includes('"signature":"x"'))).toHaveLength(1);
      for (const each of [stranger, ear]) each.disconnect();
      await open();
      expect(await stream.ended).toBe(true);
      expect(stream.bytes('stdout').toString()).toBe('on\noff\n');
    });
  });
});
