/** A process with many simulated agents, told by its parent what to do: see `fleets.js`. */
import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { parseJson } from '../shared/json.js';
import { RedisFeed } from './built.js';
import { SimulatedAgent } from './simulated-agent.js';

/** @typedef {{ url: string, token: string, redis: { url: string, prefix: string } }} Surroundings */
/** @typedef {{ name: string, labels: readonly string[] }} Recruit */

const { url, token, redis } = /** @type {Surroundings} */ (parseJson(process.argv[2] ?? ''));
const ARRIVING_AT_ONCE = 32;
/** As `LeaseKeeper` has it for leases of 30 s. */
const PAUSE_MS = 7_000;
/** Takes ids for many agents with the same labels, as each of them would: by BullMQ's own scripts. */
const FEEDS_PER_SET = 4;

// What is repeated is counted.
Logger.overrideLogger(false);

/** @type {SimulatedAgent[]} */
const agents = [];
/** @type {import('../../src/execution/job-dispatcher.port.js').Consumer[]} */
let consumers = [];
/** @type {string[]} */
let granted = [];
let refused = 0;
/** @type {((value: void) => void)[]} */
const releases = [];
let nextToBeat = 0;

const actions = {
  /** @param {readonly Recruit[]} recruits */
  async enlist(recruits) {
    const fresh = recruits.map((recruit) => new SimulatedAgent({ ...recruit, url, token }));
    agents.push(...fresh);
    await atOnce(ARRIVING_AT_ONCE, fresh, (agent) => agent.arrive());
  },

  /** As many signs of life as are answered, `width` at a time, of one agent after the other. @param {{ ms: number, width: number }} how */
  async beatFor({ ms, width }) {
    const end = performance.now() + ms;
    const loop = async () => {
      while (performance.now() < end) {
        await agents[nextToBeat++ % agents.length]?.beat();
      }
    };
    await Promise.all(Array.from({ length: width }, loop));
  },

  /** One more sign of life of some; resolves with when the last one of each was sent. @param {number} count */
  async beatOnce(count) {
    await atOnce(ARRIVING_AT_ONCE, agents.slice(-count), (agent) => agent.beat());
    return agents.filter(({ beats }) => beats > 0).map(({ card, beatSentAt }) => [card.name, beatSentAt]);
  },

  /** Begins to give signs of life as often as a real agent does; resolves when all do. */
  async keep() {
    await Promise.all(
      agents.map(async (agent) => {
        await delay(Math.random() * PAUSE_MS);
        agent.keep();
      }),
    );
  },

  /** Gives signs of life by itself no more. */
  keepNoMore() {
    agents.forEach((agent) => {
      agent.keepNoMore();
    });
  },

  /** Answered signs of life so far. */
  beats() {
    return agents.reduce((sum, { beats }) => sum + beats, 0);
  },

  /** Begins to take jobs, one at a time for each agent. @param {'hold' | 'end'} then what is done with a granted job */
  take(then) {
    granted = [];
    refused = 0;
    for (const set of new Set(agents.map(({ card }) => card.labels.join()))) {
      const members = agents.filter(({ card }) => card.labels.join() === set);
      const labels = set === '' ? [] : set.split(',');
      for (let feed = 0; feed < FEEDS_PER_SET; feed += 1) {
        const idle = members.filter((_, index) => index % FEEDS_PER_SET === feed);
        if (idle.length === 0) continue;
        consumers.push(
          new RedisFeed(redis, labels).consume(idle.length, (delivery) => run(delivery.jobId, idle, then)),
        );
      }
    }
  },

  /** Stops to take; resolves with what was taken. */
  async stop() {
    await Promise.all(consumers.map((consumer) => consumer.drain(10_000)));
    consumers = [];
    return { granted, refused };
  },

  /** Ends all that is held. */
  async release() {
    await atOnce(ARRIVING_AT_ONCE, agents, async (agent) => {
      for (const jobId of agent.held.keys()) await agent.end(jobId);
    });
    releases.splice(0).forEach((release) => {
      release();
    });
  },

  /** What went wrong so far: leases that were lost, and reports that were made again. */
  faults() {
    return {
      lost: agents.reduce((sum, agent) => sum + agent.lost, 0),
      repeated: agents.reduce((sum, agent) => sum + agent.repeated, 0),
    };
  },

  /** So many feeds as agents have them, of nobody; they are there until {@link actions.stop}. @param {number} count */
  listen(count) {
    for (let feed = 0; feed < count; feed += 1) {
      consumers.push(new RedisFeed(redis, ['nobody']).consume(1, () => Promise.resolve(null)));
    }
  },
};

/**
 * @param {string} jobId
 * @param {SimulatedAgent[]} idle
 * @param {'hold' | 'end'} then
 */
async function run(jobId, idle, then) {
  const agent = idle.pop();
  if (agent === undefined) throw new Error('more was taken than there are agents');
  const isGranted = await agent.claim(jobId, then);
  if (!isGranted) {
    refused += 1;
    idle.push(agent);
    return null;
  }
  granted.push(jobId);
  if (then === 'hold') process.send?.({ done: jobId });
  if (then === 'hold')
    return { ended: new Promise((/** @type {(value: void) => void} */ resolve) => releases.push(resolve)) };
  return {
    ended: agent.end(jobId).then(() => {
      idle.push(agent);
      process.send?.({ done: jobId });
    }),
  };
}

/**
 * @template T
 * @param {number} width
 * @param {readonly T[]} all
 * @param {(one: T) => Promise<unknown>} act
 */
async function atOnce(width, all, act) {
  let next = 0;
  const loop = async () => {
    for (let one = all[next++]; one !== undefined; one = all[next++]) await act(one);
  };
  await Promise.all(Array.from({ length: width }, loop));
}

process.on('message', (message) => {
  const { id, action, argument } =
    /** @type {{ id: number, action: keyof typeof actions, argument: never }} */ (message);
  Promise.resolve()
    .then(() => /** @type {(argument: never) => unknown} */ (actions[action])(argument))
    .then(
      (result) => process.send?.({ id, result }),
      (/** @type {unknown} */ error) => process.send?.({ id, error: String(error) }),
    );
});
process.on('disconnect', () => {
  agents.forEach((agent) => {
    agent.close();
  });
  process.exit();
});
