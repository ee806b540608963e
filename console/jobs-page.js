import { api, hasEnded, isOfNothing } from './api.js';
import { button, element, say, stateMark, time } from './dom.js';
import { keepLooking } from './looking.js';

const STATES = ['queued', 'staging', 'running', 'succeeded', 'failed', 'cancelled'];
const PAGE = 25;

/** @typedef {import('./api.js').Job} Job */

/**
 * Jobs by state, label, user and time, newest first, as they change.
 *
 * @param {HTMLElement} main
 * @param {URLSearchParams} query of the page
 * @param {AbortSignal} leaving
 */
export async function showJobs(main, query, leaving) {
  /** @type {Map<string, Job>} */
  const known = new Map();
  let isFirst = true;
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
    const { job_ids: ids, next_page_token: next } = await api.list(askedFor(query));
    const asked = ids.filter((id) => !hasEnded(known.get(id) ?? { state: 'unknown' }));
    const faults = await Promise.all(asked.map((id) => ask(id)));
    if (leaving.aborted) return 0;
    fault.textContent = faults.find((message) => message !== '') ?? '';
    const jobs = ids.map((id) => known.get(id)).filter((job) => job !== undefined);
    replaceRows(rows, jobs, ids.length === 0);
    pages.replaceChildren(...pageLinks(query, next));
    if (isFirst) say(`${jobs.length} jobs`);
    isFirst = false;
    return 1 + asked.length;
  }

  /**
   * What can't be had now is shown as it was.
   *
   * @param {string} id
   * @returns {Promise<string>} why it could not be had, or nothing
   */
  async function ask(id) {
    try {
      known.set(id, await api.info(id));
    } catch (error) {
      if (!isOfNothing(error)) return /** @type {Error} */ (error).message;
      known.delete(id);
    }
    return '';
  }

  await keepLooking(look, leaving, ({ message }) => (fault.textContent = message));
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
 * @param {boolean} areNone
 */
function replaceRows(rows, jobs, areNone) {
  const mark = JSON.stringify([areNone, ...jobs.map(({ job_id, state }) => [job_id, state])]);
  if (rows.dataset.shows === mark) return;
  rows.dataset.shows = mark;
  const focused = document.activeElement instanceof HTMLAnchorElement ? document.activeElement.href : '';
  rows.replaceChildren(...(areNone ? [emptyRow()] : jobs.map(rowOf)));
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
