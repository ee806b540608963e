import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { parseJson } from './json.js';

export const CONNECTIONS = 32;
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

/**
 * What any of the calls answers with; each has some of it.
 *
 * @typedef {object} Reply
 * @property {string} job_id
 * @property {string} state
 * @property {string | null} answer_id
 * @property {string[]} job_ids
 * @property {string | null} next_page_token
 */

/**
 * @param {string} method
 * @param {string} url
 * @param {object} [json]
 */
export async function call(method, url, json) {
  return /** @type {Reply} */ (parseJson(await body(method, url, json)));
}

/**
 * @param {string} method
 * @param {string} url
 * @param {object} [json]
 * @returns {Promise<string>}
 */
export function body(method, url, json) {
  return new Promise((resolve, reject) => {
    const headers = json ? { 'content-type': 'application/json' } : {};
    request(url, { method, agent, headers }, (response) => {
      text(response).then((answer) => {
        if ((response.statusCode ?? 500) < 300) resolve(answer);
        else reject(new Error(`${method} ${url}: ${response.statusCode} ${answer}`));
      }, reject);
    })
      .on('error', reject)
      .end(json && JSON.stringify(json));
  });
}

/** Closes the connections. */
export function hangUp() {
  agent.destroy();
}
