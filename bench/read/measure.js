import { body, call } from '../shared/api.js';
import { parseJson } from '../shared/json.js';
import { filtersOn, PAGES } from './filters.js';
/** @import { JobTable } from './table.js' */
/** @import { Filter } from './filters.js' */

const LIMIT = 100;
/** For each line of the table, of each service. */
const REQUESTS = 60;

/** @typedef {{ url: string, table: JobTable }} Target */
/** @typedef {{ name: string, times: number[][], ids: number[] }} Line `times`: ms, of each target; `ids`: in its page */

/**
 * Asks all targets in turns, so that each line compares what ran in the same seconds.
 *
 * @param {readonly Target[]} targets
 * @returns {Promise<Line[]>}
 */
export async function measure(targets) {
  const lines = [await inTurns('job_info', targets, jobInfo)];
  const filters = targets.map(({ table }) => filtersOn(table));
  for (const [index, { name }] of (filters[0] ?? []).entries()) {
    for (const [page, share] of PAGES) {
      const request = (/** @type {Target} */ target) => {
        const filter = filters[targets.indexOf(target)]?.[index];
        return listing(target, /** @type {Filter} */ (filter), share);
      };
      lines.push(await inTurns(`${name}; ${page}`, targets, request));
    }
  }
  return lines;
}

/**
 * @param {string} name
 * @param {readonly Target[]} targets
 * @param {(target: Target) => Promise<{ ids: number, ask: (round: number) => Promise<number> }>} prepare checks what is
 *   answered, and tells how to ask for it once more and how long that took, in ms
 * @returns {Promise<Line>}
 */
async function inTurns(name, targets, prepare) {
  const prepared = [];
  for (const target of targets) prepared.push(await prepare(target));
  const times = targets.map(() => /** @type {number[]} */ ([]));
  for (let round = 0; round < REQUESTS; round += 1) {
    for (const [index, { ask }] of prepared.entries()) times[index]?.push(await ask(round));
  }
  return { name, times, ids: prepared.map(({ ids }) => ids) };
}

/** Jobs from all over the table, each compared with what is known of it. @param {Target} target */
function jobInfo({ url, table }) {
  const ask = async (/** @type {number} */ round) => {
    const job = table.visible(1 + Math.floor(((round * 0.618) % 1) * table.count));
    const start = performance.now();
    const { state, owner } = /** @type {{ state: string, owner: string }} */ (
      /** @type {unknown} */ (await call('GET', `${url}/job_info/${job.id}`))
    );
    const took = performance.now() - start;
    if (state !== job.state || owner !== job.owner)
      throw new Error(`${job.id} is ${state}, not ${job.state}`);
    return took;
  };
  return Promise.resolve({ ids: 1, ask });
}

/**
 * @param {Target} target
 * @param {Filter} filter
 * @param {number} share of the jobs, behind which the page begins
 */
async function listing({ url, table }, filter, share) {
  const token = share === 1 ? '' : `&page_token=${table.job(Math.round(table.count * share)).id}`;
  const address = `${url}/list_jobs?limit=${LIMIT}&${filter.query}${token}`;
  const first = await body('GET', address);
  const { job_ids: ids, next_page_token: next } = /** @type {import('../shared/api.js').Reply} */ (
    parseJson(first)
  );
  const expected = table.page(filter.matches, Math.round(table.count * share), LIMIT);
  if (JSON.stringify({ ids, next }) !== JSON.stringify(expected))
    throw new Error(`${address} answered wrong: ${first}`);
  const ask = async () => {
    const start = performance.now();
    const answer = await body('GET', address);
    const took = performance.now() - start;
    if (answer !== first) throw new Error(`${address} answered otherwise than before`);
    return took;
  };
  return { ids: ids.length, ask };
}
