import { join } from 'node:path';
import { ownProcess } from './own-process.js';

const SCRIPT = join(import.meta.dirname, 'load', 'caller.js');
/** Long enough that a look each 20 ms at whether all has ended weighs little. */
const ROUND_SECONDS = 1.5;
const FIRST_ROUND = 500;
const LIMITS = { least: 200, most: 5000 };

/**
 * A contestant whose rounds last about as long, however fast it is: each has as many jobs as the last one promises.
 *
 * @param {string} name
 * @param {(jobs: number) => Promise<number>} seconds does so many jobs, tells how long it took
 */
export function jobsPerSecond(name, seconds) {
  let jobs = FIRST_ROUND;
  const run = async () => {
    const rate = jobs / (await seconds(jobs));
    jobs = Math.round(Math.min(LIMITS.most, Math.max(LIMITS.least, rate * ROUND_SECONDS)));
    return rate;
  };
  return { name, run };
}

/**
 * Jobs a second through a service, from `POST /run` over 32 connections to the end of the last one, each checked.
 *
 * @param {{ name: string, url: string }} service
 */
export function loadOf({ name, url }) {
  /** @type {import('./own-process.js').OwnProcess<{ target: string, jobs: number }, number>} */
  const caller = ownProcess(SCRIPT);
  const contestant = jobsPerSecond(name, (jobs) => caller.run({ target: url, jobs }));
  return { ...contestant, end: caller.end };
}
