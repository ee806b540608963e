/**
 * @typedef {{ path: string, file_id: string, size: number }} Output
 * @typedef {{
 *   state: string, job_id: string, name: string | null, owner: string, command: string, reason: string | null,
 *   labels: Record<string, string>, requires: string[], ttl: string | null, attempt: number, agent: string | null,
 *   exit_code: number | null, signal: string | null, answer_id: string | null, stderr_id: string | null, outputs: Output[],
 *   webhook: { url: string, state: string } | null,
 *   created_at: string | null, started_at: string | null, finished_at: string | null, expires_at: string | null
 * }} Job
 * @typedef {{ at: string, type: string, attempt: number | null, agent: string | null, message: string }} JobEvent
 * @typedef {{ name: string, labels: string[], concurrency: number, running_jobs: string[], seen_at: string }} Agent
 */

const KEY = 'job-manager-key';
/** Of the service; this page lies one below. */
const BASE = new URL('..', document.baseURI);

/** The service has answered, with an error. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * What may go well the next time.
 *
 * @param {unknown} error
 */
export function isPassing(error) {
  return !(error instanceof ApiError) || error.status >= 500 || error.status === 429;
}

/** @param {unknown} error says that there is no such thing, any more or at all */
export function isOfNothing(error) {
  return error instanceof ApiError && (error.status === 404 || error.status === 410);
}

/** @param {Pick<Job, 'state'>} job whether it has ended */
export function hasEnded({ state }) {
  return ['succeeded', 'failed', 'cancelled'].includes(state);
}

export function storedKey() {
  return sessionStorage.getItem(KEY) ?? '';
}

/** @param {string} key empty: none */
export function storeKey(key) {
  if (key === '') sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, key);
}

/**
 * @param {string} path without a slash before it
 * @param {RequestInit} init
 */
export async function request(path, init = {}) {
  const headers = new Headers(init.headers);
  const key = storedKey();
  if (key !== '') headers.set('authorization', `Bearer ${key}`);
  const response = await fetch(new URL(path, BASE), { ...init, headers });
  if (response.ok) return response;
  const { error } = /** @type {{ error?: string }} */ (await response.json().catch(() => ({})));
  if (response.status === 401) document.dispatchEvent(new Event('key-wanted'));
  throw new ApiError(response.status, error ?? `The service answered ${response.status}.`);
}

/**
 * @param {string} path
 * @param {RequestInit} init
 * @returns {Promise<any>}
 */
async function json(path, init = {}) {
  return (await request(path, init)).json();
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} body
 */
function send(method, path, body) {
  return json(path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

export const api = {
  /**
   * @param {URLSearchParams} query
   * @returns {Promise<{ job_ids: string[], next_page_token: string | null }>}
   */
  list: (query) => json(`list_jobs?${query}`),
  /**
   * @param {string} id
   * @param {{ wait?: number, signal?: AbortSignal }} options
   * @returns {Promise<Job>}
   */
  info: (id, { wait = 0, signal } = {}) =>
    json(`job_info/${id}${wait > 0 ? `?wait=${wait}` : ''}`, signal === undefined ? {} : { signal }),
  /**
   * @param {string} id
   * @returns {Promise<JobEvent[]>}
   */
  events: async (id) => (await json(`job_info/${id}/events`)).events,
  /** @returns {Promise<Agent[]>} */
  agents: async () => (await json('agents')).agents,
  /**
   * @param {Record<string, unknown>} job
   * @returns {Promise<{ job_id: string }>}
   */
  run: (job) => send('POST', 'run', job),
  /** @param {string} id */
  cancel: (id) => send('POST', 'cancel', { job_id: id }),
  /** @param {string} id */
  remove: (id) => send('DELETE', 'delete', { job_id: id }),
  /** @param {string} id */
  file: async (id) => (await request(`files/${id}/data`)).blob(),
};
