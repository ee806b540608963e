import { Connection } from './connection.js';
import { parseJson } from './json.js';

export const CONNECTIONS = 32;

/** Those without a request under way, by the service's address. @type {Map<string, Connection[]>} */
const idle = new Map();

/**
 * What any of the calls answers with; each has some of it.
 *
 * @typedef {object} Reply
 * @property {string} job_id
 * @property {string} state
 * @property {string | null} reason
 * @property {string | null} answer_id
 * @property {string | null} created_at ISO 8601, as is
 * @property {string | null} finished_at
 * @property {{ path: string, file_id: string, size: number }[]} outputs
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
export async function body(method, url, json) {
  const endOfAddress = url.indexOf('/', 'http://'.length);
  const [address, path] = [url.slice(0, endOfAddress), url.slice(endOfAddress)];
  const connections = idle.get(address) ?? [];
  idle.set(address, connections);
  const connection = connections.pop() ?? (await Connection.open(url));
  const answer = await connection.request(method, path, json);
  connections.push(connection);
  if (answer.status < 300) return answer.body;
  throw new Error(`${method} ${url}: ${answer.status} ${answer.body}`);
}

/** Closes the connections. */
export function hangUp() {
  for (const connection of [...idle.values()].flat()) connection.close();
  idle.clear();
}
