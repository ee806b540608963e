import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AgentDirectory } from '../../src/jobs/agents/agent-directory.js';
import { AgentPresence } from '../../src/jobs/agents/agent-presence.js';
import { AgentsRepository } from '../../src/jobs/agents/agents.repository.js';
import { type JobRow } from '../../src/jobs/job.entity.js';
import { type LostAgents } from '../../src/jobs/recovery/lost-agents.js';
import { Clock } from '../../src/kernel/clock.js';
import { type JobStore, openJobStore } from '../support/job-store.js';
import { describeOnDatabases } from '../support/services.js';

const LOST_SECONDS = 30;

class SetClock extends Clock {
  ms = 1_000_000;

  now(): number {
    return this.ms;
  }
}

describeOnDatabases('The agents', (kind) => {
  const clock = new SetClock();
  let store: JobStore;
  let repository: AgentsRepository;

  beforeAll(async () => {
    store = await openJobStore((await kind.create()).url);
    repository = new AgentsRepository(store.database);
  });
  afterAll(() => store.source.destroy());

  /** A fresh look: what was asked a moment ago is not asked again. */
  function directory(): AgentDirectory {
    return new AgentDirectory(repository, clock, {
      maxQueuedJobs: 1,
      agentLostSeconds: LOST_SECONDS,
      tombstoneDays: 1,
      idempotencyHours: 24,
      webhooks: { allowPrivate: false, retryMs: 1_000 },
      isShared: true,
      keepsFiles: false,
    });
  }

  const card = (name: string, generation = 1, ...labels: string[]): Parameters<AgentDirectory['saw']>[0] => ({
    name,
    labels,
    concurrency: 2,
    generation,
    enforces: ['pids'],
  });

  it('are alive as long as they give signs of life, each once, by name', async () => {
    await directory().saw(card('b', 1, 'gpu', 'zone=a'));
    await directory().saw(card('a'));
    clock.ms += 10_000;
    await directory().saw(card('a'));
    expect((await directory().live()).map(({ name, seenAt }) => [name, seenAt])).toEqual([
      ['a', clock.ms],
      ['b', clock.ms - 10_000],
    ]);
    clock.ms += LOST_SECONDS * 1_000 - 10_000;
    expect((await directory().live()).map(({ name }) => name)).toEqual(['a']);
  });

  it('are all noted when many give signs of life at once, each by its last process', async () => {
    const one = directory();
    const names = Array.from({ length: 1_200 }, (_, index) => `many-${index}`);
    await Promise.all(names.flatMap((name) => [one.saw(card(name, 2, 'crowd')), one.saw(card(name, 1))]));
    const crowd = (await one.live()).filter(({ name }) => name.startsWith('many-'));
    expect(crowd.map(({ name }) => name).sort()).toEqual(names.sort());
    expect(
      crowd.every(
        ({ generation, labels, seenAt }) =>
          generation === 2 && labels.join() === 'crowd' && seenAt === clock.ms,
      ),
    ).toBe(true);
    for (const name of names) await repository.remove(name, 2);
  });

  it('are noted by several servers at once', async () => {
    const servers = [directory(), directory(), directory()];
    const names = Array.from({ length: 200 }, (_, index) => `shared-${index}`);
    // Each in another order, so that the servers meet.
    const orders = [names, names.toReversed(), [...names.slice(100), ...names.slice(0, 100)]];
    await Promise.all(
      servers.flatMap((server, index) => (orders[index] ?? []).map((name) => server.saw(card(name)))),
    );
    const live = await directory().live();
    expect(live.filter(({ name }) => name.startsWith('shared-'))).toHaveLength(200);
    for (const name of names) await repository.remove(name, 1);
  });

  it('are forgotten when they leave, and a day after they were heard of last', async () => {
    await directory().saw(card('leaving'));
    await directory().forget(card('leaving'));
    await repository.prune(clock.ms - 25_000);
    expect((await repository.seenSince(0)).map(({ name }) => name)).toEqual(['a']);
  });

  it('say why a job waits that none of them may run', async () => {
    await directory().saw(card('a'));
    await directory().saw(card('c', 1, 'gpu'));
    expect(await directory().whyNoneCanRun([])).toBeNull();
    expect(await directory().whyNoneCanRun(['gpu'])).toBeNull();
    expect(await directory().whyNoneCanRun(['tpu'])).toBe(
      'No live agent has the label tpu, which it requires.',
    );
    expect(await directory().whyNoneCanRun(['gpu', 'zone=a'])).toBe(
      'No live agent has the labels gpu, zone=a, which it requires.',
    );
    expect(await directory().labelSets()).toEqual([[], ['gpu']]);
    clock.ms += LOST_SECONDS * 1_000;
    expect(await directory().whyNoneCanRun([])).toBe('No agent is alive that could run it.');
  });

  it('say which limits not all of them can enforce that may run a job', async () => {
    await directory().saw(card('limited', 1, 'limited'));
    await directory().saw({ ...card('unlimited', 1, 'unlimited'), enforces: [] });
    expect(await directory().notEnforced(['pids', 'network'], ['limited'])).toEqual(['network']);
    expect(await directory().notEnforced(['pids'], ['unlimited'])).toEqual(['pids']);
    expect(await directory().notEnforced(['pids'], [])).toEqual(['pids']);
    // Nobody is alive that could break the promise.
    expect(await directory().notEnforced(['pids'], ['tpu'])).toEqual([]);
    for (const name of ['limited', 'unlimited']) await repository.remove(name, 1);
  });

  describe('that come and go', () => {
    const held = [{ id: 'held' } as JobRow];
    let takenBack = 0;
    const lost = {
      heldBy: () => Promise.resolve(held),
      takeBack: (rows: readonly JobRow[]) => {
        takenBack += rows.length;
        return Promise.resolve();
      },
      giveBack: (rows: readonly JobRow[]) => {
        takenBack += rows.length;
        return Promise.resolve();
      },
    } as unknown as LostAgents;
    const presence = (): AgentPresence => new AgentPresence(directory(), lost);

    it.each([
      ['lose what they held before they were started, once', 'arrived', 7, 1],
      ['lose nothing when the same is heard again', 'arrived', 7, 0],
      ['lose nothing when an earlier process is heard of late', 'arrived', 6, 0],
      ['lose nothing when an earlier process says goodbye late', 'left', 6, 0],
      ['lose what they held when they are started again', 'arrived', 8, 1],
      ['lose what they hold when they leave', 'left', 8, 1],
    ] as const)('%s', async (_, what, generation, lostJobs) => {
      takenBack = 0;
      await presence()[what](card('restless', generation, 'gpu'));
      expect(takenBack).toBe(lostJobs);
      const known = what === 'left' && lostJobs > 0 ? null : Math.max(7, generation);
      expect(await repository.generationOf('restless', 0)).toBe(known);
    });

    it('begin anew with whatever count, where nothing was heard of them for long', async () => {
      await directory().saw(card('restored', 9));
      clock.ms += LOST_SECONDS * 1_000;
      takenBack = 0;
      await presence().arrived(card('restored', 2));
      expect([takenBack, await repository.generationOf('restored', 0)]).toEqual([1, 2]);
    });

    it('are known by their last process, whoever of them gives a sign of life', async () => {
      await directory().saw(card('twice', 2, 'new'));
      await directory().saw(card('twice', 1, 'old'));
      const seen = (await directory().live()).find(({ name }) => name === 'twice');
      expect(seen).toMatchObject({ generation: 2, labels: ['new'] });
    });
  });
});
