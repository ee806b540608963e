import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { call, CONNECTIONS } from '../shared/api.js';
import { openDatabase } from '../shared/bulk-jobs.js';
import { startService } from '../shared/services.js';
import { Backlog } from './backlog.js';
import { SETTLES, settled } from './resident.js';

/** So many of many come by HTTP; the others are put into the database while the server runs. */
const MOST_ACCEPTED = 10_000;
/** Put in at once: meanwhile the server can't write. */
const CHUNK = 30_000;

/** A server with one place, and jobs that wait for it. */
export class MeasuredServer {
  url = '';
  startMs = NaN;
  #pid = 0;
  #stop = () => Promise.resolve();

  /** @param {string} directory @param {string} name @param {Backlog} backlog */
  constructor(directory, name, backlog) {
    this.directory = directory;
    this.name = name;
    this.backlog = backlog;
  }

  /** @param {string} directory @param {string} name */
  static async in(directory, name) {
    await mkdir(join(directory, name));
    const server = new MeasuredServer(directory, name, new Backlog(join(directory, name)));
    await server.#start();
    return server;
  }

  get #database() {
    return `sqlite:${join(this.directory, this.name, 'jobs.sqlite')}`;
  }

  async #start() {
    const env = { MAX_QUEUED_JOBS: '2000000', SHUTDOWN_GRACE_SECONDS: '0', DATABASE_URL: this.#database };
    const { name, directory } = this;
    const service = await startService({ name, directory, concurrency: 1, env, execArgv: SETTLES });
    this.url = service.url;
    this.#pid = service.pid;
    this.#stop = service.stop;
  }

  /** Starts it anew on what waits there, until a job runs. */
  async restart() {
    await this.#stop();
    const begun = this.backlog.begun();
    const start = performance.now();
    await this.#start();
    await begun;
    this.startMs = performance.now() - start;
  }

  /** Has `count` more jobs wait, of which one runs. @param {number} count */
  async add(count) {
    const accepted = Math.min(count, MOST_ACCEPTED);
    const begun = this.backlog.begun();
    let left = accepted;
    const connection = async () => {
      while (left-- > 0) await call('POST', `${this.url}/run`, { command: this.backlog.command('backlog') });
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, connection));
    await begun;
    const bulk = await openDatabase(this.#database);
    for (let rest = count - accepted; rest > 0; rest -= CHUNK)
      await this.backlog.fill(bulk, Math.min(rest, CHUNK));
    await bulk.close();
  }

  /** Lets the job that runs end; the next must be `name`. Resolves with how long its place was free, in ms. @param {string} name */
  async next(name) {
    const next = await this.backlog.next();
    if (next.name !== name) throw new Error(`${next.name} ran in place of ${name}`);
    return next.gapMs;
  }

  /** Likewise with a job that was accepted after all others, and goes before them. */
  async nextFresh() {
    await call('POST', `${this.url}/run`, { command: this.backlog.command('fresh'), priority: 1 });
    return await this.next('fresh');
  }

  settled() {
    return settled(this.#pid);
  }

  async stop() {
    await this.#stop();
  }
}
