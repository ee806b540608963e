import { api } from './api.js';
import { button, element, say, stateMark, time } from './dom.js';

const STATES = ['queued', 'staging', 'running', 'succeeded', 'failed', 'cancelled'];
const FINAL = new Set(['succeeded', 'failed', 'cancelled']);
const PAGE = 25;
const AGAIN_AFTER_MS = 3_000;

/** @typedef {import('./api.js').Job} Job */

/**
 * Jobs by state, label, user and time, newest first, as they change.
 *
 * @param {HTMLElement} main
 * @param {URLSearchParams} query of the page
 * @param {AbortSignal} leaving
 */
export async function showJobs(main, query, leaving) {
  /** @type {Map<string, Job>} Those that don't change any more. */
  const ended = new Map();
  const rows = element('tbody');
  const pages = element('p', { class: 'actions' });
  const fault = element('p', { class: 'error', role: 'alert' });
  main.append(
    element('h1', {}, 'Jobs'),
    filters(query),
    fault,
    element('div', { class: 'scroll' }, element('table', {}, heads(), rows)),
    pages,
  );

  async function look() {
    try {
      const asked = askedFor(query);
      const { job_ids: ids, next_page_token: next } = await api.list(asked);
      const jobs = (await Promise.all(ids.map((id) => known(id)))).filter((job) => job !== null);
      if (leaving.aborted) return;
      fault.textContent = '';
      replaceRows(rows, jobs);
      pages.replaceChildren(...pageLinks(query, next));
      if (jobs.length === 0) rows.append(emptyRow());
    } catch (error) {
      fault.textContent = String(/** @type {Error} */ (error).message);
    }
  }

  /** @param {string} id */
  async function known(id) {
    const job = ended.get(id) ?? (await api.info(id).catch(() => null));
    if (job !== null && FINAL.has(job.state)) ended.set(id, job);
    return job;
  }

  await look();
  say(`${rows.childElementCount} jobs`);
  const timer = setInterval(() => {
    if (document.visibilityState === 'visible') void look();
  }, AGAIN_AFTER_MS);
  leaving.addEventListener('abort', () => clearInterval(timer));
}

/** @param {URLSearchParams} query */
function askedFor(query) {
  const asked = new URLSearchParams(query);
  const after = asked.get('created_after');
  if (after !== null) asked.set('created_after', new Date(after).toISOString());
  asked.set('limit', String(PAGE));
  return asked;
}

/** @param {URLSearchParams} query */
function filters(query) {
  const form = element('form', { 'aria-label': 'Filter' });
  const states = element('fieldset', {}, element('legend', {}, 'State'));
  for (const state of STATES) {
    const checked = query.getAll('state').includes(state);
    const box = element('input', { type: 'checkbox', name: 'state', value: state, checked });
    states.append(element('label', {}, box, ` ${state}`));
  }
  form.append(
    states,
    field('Label, as key=value', {
      name: 'label',
      value: query.get('label') ?? '',
      placeholder: 'project=demo',
    }),
    field('User', { name: 'user', value: query.get('user') ?? '' }),
    field('Since', {
      name: 'created_after',
      type: 'datetime-local',
      value: query.get('created_after') ?? '',
    }),
    element('button', { class: 'main' }, 'Filter'),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const chosen = [...new FormData(form)].filter(([, value]) => value !== '');
    location.hash = `#/?${new URLSearchParams(/** @type {[string, string][]} */ (chosen))}`;
  });
  return form;
}

/**
 * @param {string} text
 * @param {Record<string, string>} attributes
 */
function field(text, attributes) {
  return element('label', {}, text, element('input', attributes));
}

function heads() {
  const names = ['State', 'Job', 'Owner', 'Started at', 'Ended at'];
  return element(
    'thead',
    {},
    element('tr', {}, ...names.map((name) => element('th', { scope: 'col' }, name))),
  );
}

/**
 * Only where something has changed: else whoever is at a link would lose his place.
 *
 * @param {HTMLElement} rows
 * @param {readonly Job[]} jobs
 */
function replaceRows(rows, jobs) {
  const mark = JSON.stringify(jobs.map(({ job_id, state }) => [job_id, state]));
  if (rows.dataset.shows === mark) return;
  rows.dataset.shows = mark;
  const focused = document.activeElement instanceof HTMLAnchorElement ? document.activeElement.href : '';
  rows.replaceChildren(...jobs.map(rowOf));
  for (const link of rows.querySelectorAll('a')) if (link.href === focused) link.focus();
}

/** @param {Job} job */
function rowOf(job) {
  const name = job.name ?? job.command.slice(0, 200);
  return element(
    'tr',
    {},
    element('td', {}, stateMark(job.state)),
    element('td', { class: 'what' }, element('a', { href: `#/job/${job.job_id}` }, name)),
    element('td', {}, job.owner),
    element('td', {}, time(job.started_at)),
    element('td', {}, time(job.finished_at)),
  );
}

function emptyRow() {
  return element('tr', {}, element('td', { colspan: '5', class: 'quiet' }, 'There is no such job.'));
}

/**
 * @param {URLSearchParams} query
 * @param {string | null} next
 */
function pageLinks(query, next) {
  const links = [];
  if (query.has('page_token')) links.push(button('Newest', () => turnTo(query, null)));
  if (next !== null) links.push(button('Older', () => turnTo(query, next)));
  return links;
}

/**
 * @param {URLSearchParams} query
 * @param {string | null} token
 */
function turnTo(query, token) {
  const turned = new URLSearchParams(query);
  if (token === null) turned.delete('page_token');
  else turned.set('page_token', token);
  location.hash = `#/?${turned}`;
}
