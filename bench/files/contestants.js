import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { call } from '../shared/api.js';
import { parseJson } from '../shared/json.js';
import { removeJob, runJob } from './file-jobs.js';
import { download, send, sha256At, sha256Of, upload } from './transfers.js';

/** @typedef {import('./source.js').Source} Source */
/** @typedef {import('../shared/rounds.js').Contestant} Contestant */

const execute = promisify(execFile);

/**
 * What writes a copy of the source to a file.
 *
 * @param {string} name
 * @param {Source} source
 * @param {string} target
 * @param {() => Promise<unknown>} copy
 * @returns {Contestant} in MB/s
 */
function copying(name, source, target, copy) {
  const run = async () => {
    const figure = await speed(source, copy);
    await rm(target);
    return figure;
  };
  return { name, run };
}

/** @param {Source} source @param {string} target */
export const cp = (source, target) =>
  copying('cp', source, target, () => execute('cp', ['--reflink=never', source.path, target]));

/** @param {Source} source @param {string} target @param {string} bare address of the bare server */
export const bareIn = (source, target, bare) =>
  copying('bare Node, in', source, target, () => send('PUT', `${bare}${encodeURI(target)}`, source));

/** @param {Source} source @param {string} target @param {string} bare address of the bare server */
export const bareOut = (source, target, bare) =>
  copying('bare Node, out', source, target, () => download(`${bare}${encodeURI(source.path)}`, target));

/**
 * `GET /files/:id/data`.
 *
 * @param {Source} source
 * @param {string} target
 * @param {string} url of the service
 * @param {string} id of the source in the service
 * @returns {Contestant}
 */
export function downloading(source, target, url, id) {
  const name = 'download';
  const run = async () => {
    const figure = await speed(source, () => download(`${url}/files/${id}/data`, target));
    expectSame(name, source, await sha256Of(target));
    await rm(target);
    return figure;
  };
  return { name, run };
}

/** `POST /files`. @param {Source} source @param {string} url @returns {Contestant} */
export function uploading(source, url) {
  const name = 'upload';
  const run = async () => {
    let id = '';
    const figure = await speed(source, async () => {
      ({ id } = /** @type {{ id: string }} */ (parseJson(await upload(`${url}/files`, source))));
    });
    expectSame(name, source, await sha256At(`${url}/files/${id}/data`));
    await call('DELETE', `${url}/files/${id}`);
    return figure;
  };
  return { name, run };
}

/**
 * A job that has the source as its input, and does nothing with it: from `POST /run` to `succeeded`. Once before, one that
 * hashes it.
 *
 * @param {Source} source
 * @param {string} url
 * @param {string} id of the source in the service
 * @returns {Promise<Contestant>}
 */
export async function staging(source, url, id) {
  const name = 'input of a job';
  const hashing = await runJob(url, { command: 'sha256sum < "$INPUT_1"', input_files: [id] });
  const answer = await fetch(`${url}/files/${hashing.answer_id}/data`);
  expectSame(name, source, (await answer.text()).slice(0, 64));
  const run = () => speed(source, () => runJob(url, { command: 'true', input_files: [id] }));
  return { name, run };
}

/**
 * A job that prints the source, or copies it to a file that is kept: from `POST /run` to `succeeded`.
 *
 * @param {'answer of a job' | 'output file of a job'} name
 * @param {Source} source
 * @param {string} url
 * @returns {Contestant}
 */
export function storing(name, source, url) {
  const job =
    name === 'answer of a job'
      ? { command: `cat '${source.path}'` }
      : { command: `cp --reflink=never '${source.path}' copy`, output_files: ['copy'] };
  const run = async () => {
    let [id, file] = ['', ''];
    const figure = await speed(source, async () => {
      const info = await runJob(url, job);
      [id, file] = [info.job_id, info.outputs[0]?.file_id ?? info.answer_id ?? ''];
    });
    expectSame(name, source, await sha256At(`${url}/files/${file}/data`));
    await removeJob(url, id, file);
    return figure;
  };
  return { name, run };
}

/**
 * @param {Source} source
 * @param {() => Promise<unknown>} act
 * @returns {Promise<number>} MB/s
 */
async function speed({ size }, act) {
  const start = performance.now();
  await act();
  return size / 1000 / (performance.now() - start);
}

/**
 * @param {string} what
 * @param {Source} source
 * @param {string} sha256
 */
function expectSame(what, source, sha256) {
  if (sha256 !== source.sha256) throw new Error(`${what}: other bytes came out than went in`);
}
