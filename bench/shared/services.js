import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { mariaDbIn } from './databases.js';
import { parseJson } from './json.js';

/** `LAUNCHER=node` measures that one; unset: the service's own choice. */
const LAUNCHER = process.env.LAUNCHER === undefined ? {} : { LAUNCHER: process.env.LAUNCHER };
const MAIN = join(import.meta.dirname, '..', '..', 'dist', 'main.js');

/**
 * @typedef {object} Service
 * @property {string} name
 * @property {string} url
 * @property {number} pid
 * @property {() => Promise<void>} stop
 * @property {() => Promise<void>} kill SIGKILL
 * @property {() => Promise<Service>} again starts it anew on the same data, once it has ended
 */

/**
 * @typedef {object} ServiceOptions
 * @property {string} directory
 * @property {number} concurrency
 * @property {Record<string, string>} [env] more settings
 * @property {string[]} [execArgv] for Node
 */

/**
 * The service on SQLite and, where there is one, on MariaDB.
 *
 * @param {ServiceOptions} options
 * @returns {Promise<Service[]>}
 */
export async function startServices(options) {
  const sqlite = await startService({ ...options, name: 'SQLite' });
  const mariadb = await mariaDbIn(join(options.directory, 'mariadb'));
  if (!mariadb) return [sqlite];
  const env = { ...options.env, DATABASE_URL: await mariadb.create('jobs') };
  return [sqlite, onItsDatabase(await startService({ ...options, name: 'MariaDB', env }), mariadb)];
}

/**
 * @param {Service} service
 * @param {{ stop: () => Promise<void> }} database ends with the service
 * @returns {Service}
 */
function onItsDatabase(service, database) {
  const stop = async () => {
    await service.stop();
    await database.stop();
  };
  return { ...service, stop, again: async () => onItsDatabase(await service.again(), database) };
}

/**
 * One service, whose data directory is called after its `name`, in `directory`.
 *
 * @param {ServiceOptions & { name: string }} options
 * @returns {Promise<Service>}
 */
export async function startService(options) {
  const { name, directory, concurrency, env = {}, execArgv = [] } = options;
  const child = spawn(process.execPath, [...execArgv, MAIN], {
    cwd: directory,
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      DATA_DIR: join(directory, name.replaceAll(/\W+/g, '-')),
      AGENT_CONCURRENCY: String(concurrency),
      ...LAUNCHER,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const atExit = () => child.kill('SIGTERM');
  // It would outlive a benchmark that failed.
  process.once('exit', atExit);
  const exited = once(child, 'exit');
  const url = await addressIn(name, child.stdout);
  child.stdout.resume();
  /** @param {NodeJS.Signals} signal */
  const end = async (signal) => {
    child.kill(signal);
    await exited;
    process.off('exit', atExit);
  };
  const [stop, kill] = [() => end('SIGTERM'), () => end('SIGKILL')];
  return { name, url, pid: child.pid ?? 0, stop, kill, again: () => startService(options) };
}

/**
 * Prints which launcher is in use, as the log has it.
 *
 * @param {string} name
 * @param {import('node:stream').Readable} log
 */
export async function addressIn(name, log) {
  for await (const line of createInterface({ input: log })) {
    const { url, msg } = /** @type {{ url?: string, msg?: string }} */ (parseJson(line));
    if (msg?.startsWith('commands are ')) console.log(`${name}: ${msg}`);
    if (url) return url;
  }
  throw new Error(`the service ${name} did not start`);
}
