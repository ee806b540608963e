/**
 * What it costs to wait: the resident memory of a server for each caller who waits, beside one of Nest on Fastify that holds as many
 * requests and does nothing else; and how long after the end of a job its callers have their answers, by the clock of this machine.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { SETTLES, settled } from './memory/resident.js';
import { Connection } from './shared/connection.js';
import { inDirectory } from './shared/directory.js';
import { parseJson } from './shared/json.js';
import { report } from './shared/report.js';
import { interleaved, percentile } from './shared/rounds.js';
import { startService } from './shared/services.js';

/** @typedef {import('./shared/api.js').Reply} Reply */

const CALLERS = 5_000;
const AT_ONCE = 1_000;
const OPENED_AT_ONCE = 100;
const JOBS = 200;
const KB_IN_MB = 1_024;
const HOLDER = join(import.meta.dirname, 'wait', 'holder.js');

await inDirectory(async (directory) => {
  const service = await startService({ name: 'SQLite', directory, concurrency: 2, execArgv: SETTLES });
  const holder = spawn(process.execPath, [...SETTLES, HOLDER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await firstLineOf(holder.stdout);
  try {
    console.log(`${CALLERS} callers at once, each on a connection of its own; less is better\n`);
    const contestants = [
      { name: 'held by Nest on Fastify', run: () => kbEach(holder.pid ?? 0, () => held(`${url}/held`)) },
      { name: 'wait for a job', run: () => kbEach(service.pid, () => waiting(service.url)) },
    ];
    report('wait memory', 'kB a caller', await interleaved(contestants, { atMost: 3 }));
    await reportLateness(service.url);
  } finally {
    holder.kill('SIGKILL');
    await service.stop();
  }
});

/**
 * @param {number} pid
 * @param {() => Promise<() => Promise<void>>} open has callers wait; answers with what ends that
 */
async function kbEach(pid, open) {
  const before = await settled(pid);
  const end = await open();
  const after = await settled(pid);
  await end();
  return ((after - before) * KB_IN_MB) / CALLERS;
}

/** @param {string} url */
async function held(url) {
  const connections = await opened(url, CALLERS);
  for (const each of connections) each.request('GET', new URL(url).pathname).catch(() => undefined);
  return () => {
    close(connections);
    return Promise.resolve();
  };
}

/** @param {string} url */
async function waiting(url) {
  const [first, ...others] = await opened(url, CALLERS + 1);
  if (!first) throw new Error('there is a connection');
  const { job_id: id } = await reply(first.request('POST', '/run', { command: 'sleep 1000' }));
  const answers = others.map((each) => reply(each.request('GET', `/job_info/${id}?wait=60`)));
  return async () => {
    await reply(first.request('POST', '/cancel', { job_id: id }));
    for (const { state } of await Promise.all(answers))
      if (state !== 'cancelled') throw new Error(`a caller was told that the job is ${state}`);
    close([first, ...others]);
  };
}

/** @param {string} url */
async function reportLateness(url) {
  const [first, ...others] = await opened(url, AT_ONCE + 1);
  if (!first) throw new Error('there is a connection');
  const single = [];
  for (let job = 0; job < JOBS; job += 1)
    single.push(await lateness(first.request('POST', '/run', { command: 'true' }, 'prefer: wait=60\r\n')));
  const { job_id: id } = await reply(first.request('POST', '/run', { command: 'sleep 2' }));
  const many = await Promise.all(
    others.map((each) => lateness(each.request('GET', `/job_info/${id}?wait=60`))),
  );
  const figures = {
    single: { p50: percentile(single, 0.5), p99: percentile(single, 0.99) },
    many: { p50: percentile(many, 0.5), last: Math.max(...many) },
  };
  console.log(`ms from the end of a job, as the service tells it, to the answer\n`);
  console.log(`one caller, ${JOBS} jobs: p50 ${figures.single.p50}, p99 ${figures.single.p99}`);
  console.log(`${AT_ONCE} callers, one job: p50 ${figures.many.p50}, the last ${figures.many.last}`);
  console.log(`\n${JSON.stringify({ benchmark: 'wait lateness', unit: 'ms', ...figures })}\n`);
}

/** @param {Promise<{ status: number, body: string }>} answer */
async function lateness(answer) {
  const { finished_at } = await reply(answer);
  return Date.now() - Date.parse(finished_at ?? '');
}

/**
 * A few at a time: the kernel turns away whom it can't line up.
 *
 * @param {string} url
 * @param {number} count
 */
async function opened(url, count) {
  /** @type {Connection[]} */
  const connections = [];
  while (connections.length < count) {
    const some = Math.min(OPENED_AT_ONCE, count - connections.length);
    connections.push(...(await Promise.all(Array.from({ length: some }, () => Connection.open(url)))));
  }
  return connections;
}

/** @param {readonly Connection[]} connections */
function close(connections) {
  for (const each of connections) each.close();
}

/** @param {import('node:stream').Readable} output @returns {Promise<string>} */
async function firstLineOf(output) {
  for await (const line of createInterface({ input: output })) return line;
  throw new Error('it printed nothing');
}

/** @param {Promise<{ status: number, body: string }>} answer */
async function reply(answer) {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(`${status} ${body}`);
  return /** @type {Reply} */ (parseJson(body));
}
