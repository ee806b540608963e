/**
 * Posts jobs over so many connections, each with one request under way, and tells how many were accepted. Written
 * against the socket, with one prepared request, so that it takes less CPU than whoever answers: it says how much.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { whenForked } from '../shared/own-process.js';
import { percentile } from '../shared/rounds.js';
import { Caller } from './caller.js';

/**
 * @typedef {object} Load
 * @property {string} url
 * @property {number} connections
 * @property {number} warmUpMs not measured; longer where a connection has no answer by then
 * @property {number} ms measured
 */

/**
 * @typedef {object} Findings
 * @property {number} rate accepted in a second
 * @property {number} p50 ms
 * @property {number} p99 ms
 * @property {number} busy the client's CPU time by the time that went by: 1 is all that a client can do
 * @property {string[]} ids of all accepted jobs, the warm-up's too
 * @property {boolean} lost whether a connection was broken off
 */

await whenForked(async (/** @type {Load} */ { url, connections, warmUpMs, ms }) => {
  const caller = new Caller(new URL(url));
  const ended = Array.from({ length: connections }, () => caller.connection());
  await delay(warmUpMs);
  while (caller.unanswered > 0 && !caller.lost) await delay(10);
  const [start, usedBefore] = [performance.now(), process.cpuUsage()];
  caller.latencies = [];
  await Promise.race([delay(ms), ...ended]);
  const { latencies } = caller;
  const [took, used] = [performance.now() - start, process.cpuUsage(usedBefore)];
  caller.isStopping = true;
  const { ids, lost } = (await Promise.all(ended), caller);
  return {
    rate: (latencies.length / took) * 1000,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    busy: (used.user + used.system) / 1000 / took,
    ids,
    lost,
  };
});
