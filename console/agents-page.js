import { api } from './api.js';
import { element, time } from './dom.js';
import { keepLooking } from './looking.js';

/**
 * The agents that are alive, and what they run.
 *
 * @param {HTMLElement} main
 * @param {AbortSignal} leaving
 */
export async function showAgents(main, leaving) {
  const rows = element('tbody');
  const names = ['Agent', 'Labels', 'Places', 'Your jobs there', 'Last sign of life'];
  const head = element('tr', {}, ...names.map((name) => element('th', { scope: 'col' }, name)));
  const fault = element('p', { class: 'error', role: 'alert' });
  main.append(
    element('h1', {}, 'Agents'),
    fault,
    element('div', { class: 'scroll' }, element('table', {}, element('thead', {}, head), rows)),
  );

  async function look() {
    const agents = await api.agents();
    if (leaving.aborted) return 1;
    fault.textContent = '';
    const shown = agents.map((agent) =>
      element(
        'tr',
        {},
        element('td', { class: 'what' }, agent.name),
        element('td', {}, agent.labels.join(', ')),
        element('td', {}, String(agent.concurrency)),
        element('td', {}, ...agent.running_jobs.map(linkTo)),
        element('td', {}, time(agent.seen_at)),
      ),
    );
    const none = element('tr', {}, element('td', { colspan: '5', class: 'quiet' }, 'No agent is alive.'));
    rows.replaceChildren(...(shown.length === 0 ? [none] : shown));
    return 1;
  }

  await keepLooking(look, leaving, ({ message }) => (fault.textContent = message));
}

/** @param {string} id */
function linkTo(id) {
  return element('a', { href: `#/job/${id}`, title: id }, `…${id.slice(-6)} `);
}
