/**
 * `POST /run` a second at 1, 32 and 256 connections, on SQLite with `synchronous = FULL` and on a durable MariaDB, beside a
 * Nest echo. No job runs meanwhile. In the end each service is killed under load, and must still have every job that it has
 * accepted.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { call, hangUp } from './shared/api.js';
import { inDirectory } from './shared/directory.js';
import { ownProcess } from './shared/own-process.js';
import { report } from './shared/report.js';
import { interleaved, median } from './shared/rounds.js';
import { addressIn, startServices } from './shared/services.js';

/** @typedef {import('./accept/client.js').Load} Load */
/** @typedef {import('./accept/client.js').Findings} Findings */
/** @typedef {import('./shared/services.js').Service} Service */

const CONNECTIONS = [1, 32, 256];
const ROUND = { warmUpMs: 300, ms: 1_200 };
const KILLED_AFTER_MS = 1_000;
const SCRIPTS = join(import.meta.dirname, 'accept');
const SETTINGS = { MAX_QUEUED_JOBS: '100000000' };

/** @type {import('./shared/own-process.js').OwnProcess<Load, Findings>} */
const client = ownProcess(join(SCRIPTS, 'client.js'));
/** What every service has answered 201 for. @type {Map<string, string[]>} */
const accepted = new Map();

await inDirectory(async (directory) => {
  const echo = await startEcho();
  const services = await startServices({ directory, concurrency: 0, env: SETTINGS });
  for (const connections of CONNECTIONS) await compare([echo, ...services], connections);
  for (const [index, service] of services.entries()) services[index] = await killed(service);
  hangUp();
  await client.end();
  await echo.stop();
  for (const service of services) await service.stop();
});

/**
 * @param {readonly { name: string, url: string }[]} targets the yardstick first
 * @param {number} connections
 */
async function compare(targets, connections) {
  /** @type {Map<string, Findings[]>} */
  const all = new Map(targets.map(({ name }) => [name, []]));
  const contestants = targets.map(({ name, url }) => ({
    name,
    run: async () => {
      const findings = await load(name, { url, connections, ...ROUND });
      all.get(name)?.push(findings);
      return findings.rate;
    },
  }));
  report(`accept-${connections}`, 'requests/s', await interleaved(contestants, { atMost: 3 }));
  for (const [name, [, ...rounds]] of all) {
    const of = (/** @type {'p50' | 'p99' | 'busy'} */ what) => median(rounds.map((round) => round[what]));
    const latency = `p50 ${of('p50').toFixed(2)} ms, p99 ${of('p99').toFixed(2)} ms`;
    console.log(`  ${name}: ${latency}; the client was busy ${(of('busy') * 100).toFixed(0)} % of the time`);
  }
}

/**
 * @param {string} name
 * @param {Load} work
 */
async function load(name, work) {
  const findings = await client.run(work);
  accepted.set(name, (accepted.get(name) ?? []).concat(findings.ids));
  return findings;
}

/**
 * Kills it under load, starts it again, and looks for every job that it has accepted.
 *
 * @param {Service} service
 * @returns {Promise<Service>}
 */
async function killed(service) {
  const { name, url } = service;
  const connections = 32;
  const work = { url, connections, warmUpMs: 0, ms: 10 * KILLED_AFTER_MS };
  const loading = load(name, work);
  await delay(KILLED_AFTER_MS);
  await service.kill();
  if (!(await loading).lost) throw new Error(`the load on ${name} was over before the kill`);
  const again = await service.again();
  const kept = await queued(again.url);
  const ids = accepted.get(name) ?? [];
  const missing = ids.filter((id) => !kept.delete(id));
  console.log(`${name}: killed under load; of ${ids.length} accepted jobs ${missing.length} are missing`);
  if (missing.length > 0) throw new Error(`${name} has lost ${missing.slice(0, 3).join(', ')} …`);
  // One more for each connection may have been stored, and not been answered any more.
  if (kept.size > connections) throw new Error(`${name} has ${kept.size} jobs that nobody was told of`);
  return again;
}

/** @param {string} url */
async function queued(url) {
  /** @type {Set<string>} */
  const ids = new Set();
  for (let token = ''; ;) {
    const page = await call('GET', `${url}/list_jobs?state=queued&limit=1000${token}`);
    for (const id of page.job_ids) ids.add(id);
    if (page.next_page_token === null) return ids;
    token = `&page_token=${page.next_page_token}`;
  }
}

async function startEcho() {
  const child = spawn(process.execPath, [join(SCRIPTS, 'echo.js')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const url = await addressIn('echo', child.stdout);
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
  };
  return { name: 'Nest echo', url, stop };
}
