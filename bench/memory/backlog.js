import { execFileSync } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { insertJobs } from '../shared/bulk-jobs.js';

const NANOSECONDS_IN_MS = 1e6;
const OLDEST = Date.UTC(2020);

/**
 * Jobs that tell in a file when they begin and end, by the clock of the commands themselves, and end one by one when they
 * are let: each reads from a pipe until somebody has opened and closed it.
 */
export class Backlog {
  #filled = 0;

  /** @param {string} path of its files */
  constructor(path) {
    this.pipe = `${path}.pipe`;
    this.log = `${path}.log`;
    execFileSync('mkfifo', [this.pipe]);
    execFileSync('touch', [this.log]);
  }

  /** @param {string} name in the log */
  command(name) {
    return `echo ${name} start $(date +%s%N) >> ${this.log}; cat ${this.pipe}; echo ${name} end $(date +%s%N) >> ${this.log}`;
  }

  /** @param {import('../shared/bulk-jobs.js').BulkDatabase} database @param {number} count */
  async fill(database, count) {
    const columns = { command: `'${this.command('backlog')}'` };
    this.#filled += count;
    await insertJobs(database, { count, createdAt: `${OLDEST + this.#filled} + n`, columns });
  }

  /** Resolves when one more job than now has begun. */
  async begun() {
    const before = (await this.#lines()).length;
    while ((await this.#lines()).slice(before).every(({ what }) => what !== 'start')) await delay(1);
  }

  /** Lets one job end, and waits until the next has begun. @returns {Promise<{ gapMs: number, name: string }>} */
  async next() {
    const before = (await this.#lines()).length;
    const pipe = await open(this.pipe, 'w');
    await pipe.close();
    for (;;) {
      const lines = await this.#lines();
      const [end, start] = lines.slice(before);
      if (end && start) {
        return { gapMs: Number(start.at - end.at) / NANOSECONDS_IN_MS, name: start.name };
      }
      await delay(1);
    }
  }

  async #lines() {
    const text = await readFile(this.log, 'utf8');
    const lines = text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter(Boolean);
    return lines.map((line) => {
      const [name = '', what = '', at = ''] = line.split(' ');
      return { name, what, at: BigInt(at) };
    });
  }
}
