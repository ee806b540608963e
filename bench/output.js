/**
 * How late what a command writes is heard by one who follows the job: each line says when it was written. Beside it the same command,
 * whose lines its own parent reads from a pipe.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { findRedis } from '../test/support/run/redis.js';
import { redisFor } from './peers/redis.js';
import { mariaDbIn } from './shared/databases.js';
import { inDirectory } from './shared/directory.js';
import { report } from './shared/report.js';
import { interleaved, percentile } from './shared/rounds.js';
import { startService } from './shared/services.js';

const LINES = 100;
const COMMAND = `for i in $(seq ${LINES}); do date +%s%N; sleep 0.03; done`;
const LINE = /^(?:data: )?(\d{19})$/;
const NS_IN_MS = 1e6;

await inDirectory(async (directory) => {
  const alone = await startService({ name: 'SQLite', directory, concurrency: 1 });
  const shared = await overRedis(directory);
  try {
    const followed = [
      { name: 'followed, in one process', url: alone.url },
      ...(shared === undefined ? [] : [{ name: 'followed, over Redis', url: shared.url }]),
    ];
    const contestants = [
      { name: 'read from a pipe', run: () => latenessIn(spawn('/bin/sh', ['-c', COMMAND]).stdout) },
      ...followed.map(({ name, url }) => ({ name, run: () => following(url) })),
    ];
    const figures = await interleaved(contestants, { atLeast: 3, atMost: 3 });
    console.log(`${LINES} lines a job, ms from the moment in which one was written; less is better\n`);
    for (const [share, name] of /** @type {const} */ ([
      [0.5, 'p50'],
      [0.99, 'p99'],
    ])) {
      const ofShare = [...figures].map(
        ([who, rounds]) => /** @type {const} */ ([who, rounds.map((late) => percentile(late, share))]),
      );
      report(`output ${name}`, 'ms', new Map(ofShare));
    }
  } finally {
    await shared?.stop();
    await alone.stop();
  }
});

/** @param {string} url @returns {Promise<number[]>} */
async function following(url) {
  const headers = { 'content-type': 'application/json' };
  const started = await fetch(`${url}/run`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ command: COMMAND }),
  });
  const { job_id: id } = /** @type {{ job_id: string }} */ (await started.json());
  const { body } = await fetch(`${url}/job_info/${id}/output`);
  if (body === null) throw new Error('nothing is told');
  return latenessIn(Readable.fromWeb(/** @type {import('node:stream/web').ReadableStream} */ (body)));
}

/** @param {Readable} stream @returns {Promise<number[]>} of each line, in ms */
async function latenessIn(stream) {
  const late = [];
  for await (const line of createInterface({ input: stream })) {
    const written = LINE.exec(line)?.[1];
    if (written !== undefined)
      late.push(performance.timeOrigin + performance.now() - Number(written) / NS_IN_MS);
  }
  if (late.length !== LINES) throw new Error(`${late.length} lines came, not ${LINES}`);
  return late;
}

/**
 * One whose agent is asked over Redis, as one on another machine is; undefined where there is no Redis or no MariaDB.
 *
 * @param {string} directory
 */
async function overRedis(directory) {
  const mariadb = findRedis() ? await mariaDbIn(join(directory, 'mariadb')) : undefined;
  if (!mariadb) return undefined;
  const redis = await redisFor(directory, { durable: false });
  const env = { DATABASE_URL: await mariadb.create('output'), REDIS_URL: redis.target };
  const service = await startService({ name: 'Redis', directory, concurrency: 1, env });
  const stop = async () => {
    await service.stop();
    await redis.stop();
    await mariadb.stop();
  };
  return { url: service.url, stop };
}
