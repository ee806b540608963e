import { setTimeout as delay } from 'node:timers/promises';
import { call } from '../shared/api.js';

const LOOK_EVERY_MS = 20;
const WAITING = ['queued', 'staging'];

/** One abusive job after the other, as long as it is on. */
export class Abuser {
  #isOn = true;
  #ended = 0;
  #current = '';
  /** @type {Promise<void>} */
  #loop;

  /** @param {string} url of the service @param {import('./abuses.js').Abuse} abuse */
  constructor(url, abuse) {
    this.url = url;
    this.abuse = abuse;
    this.#loop = this.#abuse();
    this.#loop.catch(() => undefined);
  }

  /** Resolves once the first one runs. */
  async begun() {
    while (this.#ended === 0 && (this.#current === '' || WAITING.includes((await this.#info()).state)))
      await Promise.race([delay(LOOK_EVERY_MS), this.#loop]);
  }

  /** Lets the last one meet its limit too. @returns {Promise<number>} how many did */
  async end() {
    this.#isOn = false;
    await this.#loop;
    return this.#ended;
  }

  async #abuse() {
    const { command, limits, named } = this.abuse;
    while (this.#isOn) {
      this.#current = (await call('POST', `${this.url}/run`, { command, limits })).job_id;
      for (;;) {
        const { state, reason } = await this.#info();
        if (state === 'failed' && reason?.includes(named)) break;
        if (![...WAITING, 'running'].includes(state))
          throw new Error(`${this.abuse.name}: ${state}, as ${reason}`);
        await delay(LOOK_EVERY_MS);
      }
      this.#ended += 1;
      await call('DELETE', `${this.url}/delete`, { job_id: this.#current });
    }
  }

  #info() {
    return call('GET', `${this.url}/job_info/${this.#current}`);
  }
}
