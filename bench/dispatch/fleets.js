import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const SCRIPT = join(import.meta.dirname, 'fleet.js');

/** @typedef {{ id: number, result?: unknown, error?: string }} Answer */

/** Simulated agents in a few processes. */
export class Fleets {
  /** @type {import('node:child_process').ChildProcess[]} */
  processes;
  /** @type {Map<number, { resolve: (result: unknown) => void, reject: (error: Error) => void }>} */
  asked = new Map();
  serial = 0;
  /** @type {Set<string>} jobs that an agent has done with, and nobody has waited for yet */
  done = new Set();
  /** @type {Map<string, () => void>} */
  waited = new Map();

  /**
   * @param {number} count of processes
   * @param {import('./fleet.js').Surroundings} surroundings
   */
  constructor(count, surroundings) {
    this.processes = Array.from({ length: count }, () => fork(SCRIPT, [JSON.stringify(surroundings)]));
    for (const child of this.processes) {
      child.on('message', (message) => {
        const { done, ...answer } = /** @type {Answer & { done?: string }} */ (message);
        if (done === undefined) this.answered(answer);
        else this.tellDone(done);
      });
      child.on('exit', () => {
        for (const { reject } of this.asked.values()) reject(new Error('simulated agents have died'));
      });
    }
  }

  get pids() {
    return this.processes.map(({ pid }) => pid ?? 0);
  }

  /**
   * Has all processes do the same, with one argument each.
   *
   * @template T
   * @param {string} action of `fleet.js`
   * @param {(index: number) => unknown} [argumentOf]
   * @returns {Promise<T[]>}
   */
  all(action, argumentOf = () => undefined) {
    return Promise.all(
      this.processes.map(
        (child, index) =>
          /** @type {Promise<T>} */ (
            new Promise((resolve, reject) => {
              const id = (this.serial += 1);
              this.asked.set(id, { resolve: /** @type {(result: unknown) => void} */ (resolve), reject });
              child.send({ id, action, argument: argumentOf(index) });
            })
          ),
      ),
    );
  }

  /** Resolves when an agent has done with the job what it was told to. @param {string} jobId @returns {Promise<void>} */
  whenDone(jobId) {
    if (this.done.delete(jobId)) return Promise.resolve();
    return new Promise((resolve) => this.waited.set(jobId, resolve));
  }

  /** @param {string} jobId */
  tellDone(jobId) {
    const tell = this.waited.get(jobId);
    this.waited.delete(jobId);
    if (tell === undefined) this.done.add(jobId);
    else tell();
  }

  /** @param {Answer} message */
  answered({ id, result, error }) {
    const asked = this.asked.get(id);
    this.asked.delete(id);
    if (error === undefined) asked?.resolve(result);
    else asked?.reject(new Error(error));
  }

  async close() {
    const exits = this.processes.map((child) => once(child, 'exit'));
    this.processes.forEach((child) => {
      child.disconnect();
    });
    await Promise.all(exits);
  }
}
