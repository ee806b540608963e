import { api } from './api.js';
import { element } from './dom.js';

const NOTHING = { command: '', name: '', labels: '', requires: '', ttl: '' };

/**
 * @param {import('./api.js').Job} job
 * @returns {typeof NOTHING}
 */
function valuesOf({ command, name, labels, requires, ttl }) {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return {
    command,
    name: name ?? '',
    labels: pairs.join('\n'),
    requires: requires.join(', '),
    ttl: ttl ?? '',
  };
}

/**
 * A form for a new job; filled in as another one was.
 *
 * @param {HTMLElement} main
 * @param {URLSearchParams} query
 */
export async function showNew(main, query) {
  const from = query.get('from');
  const values = from === null ? NOTHING : valuesOf(await api.info(from));
  const fault = element('p', { class: 'error', role: 'alert' });
  const form = element('form', { class: 'wide', 'aria-label': 'New job' });
  form.append(
    area('Command, run by /bin/sh', { name: 'command', rows: '6', required: true }, values.command),
    line('Name', { name: 'name', value: values.name }),
    area('Labels, key=value, one a line', { name: 'labels', rows: '2' }, values.labels),
    line('Labels that its agent must have, with commas between', {
      name: 'requires',
      value: values.requires,
    }),
    area('Variables, NAME=value, one a line', { name: 'env', rows: '2' }, ''),
    line('Seconds of run time at the most', { name: 'timeout', inputmode: 'numeric' }),
    line('Seconds until it expires', { name: 'ttl', inputmode: 'numeric', value: values.ttl }),
    line('Priority, higher first', { name: 'priority', inputmode: 'numeric' }),
    line('Output files, as globs, with commas between', { name: 'output_files' }),
    from === null
      ? ''
      : element(
          'p',
          { class: 'quiet' },
          'Taken over from the other job is what is filled in here, but not its files, variables, limits and output files.',
        ),
    fault,
    element('button', { class: 'main' }, 'Run'),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    api.run(requestIn(new FormData(form))).then(
      ({ job_id: id }) => (location.hash = `#/job/${id}`),
      (error) => (fault.textContent = error.message),
    );
  });
  main.append(element('h1', {}, 'Run a job'), form);
  form.querySelector('textarea')?.focus();
}

/** @param {FormData} data */
function requestIn(data) {
  /** @param {string} name */
  const text = (name) => String(data.get(name) ?? '');
  /** @param {string} name */
  const listed = (name) =>
    text(name)
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean);
  /** @param {string} name */
  const mapped = (name) =>
    Object.fromEntries(
      text(name)
        .split('\n')
        .filter((pair) => pair.trim() !== '')
        .map((pair) => {
          const at = pair.indexOf('=');
          return at === -1 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
        }),
    );
  /** @type {Record<string, unknown>} */
  const fields = {
    name: text('name').trim(),
    labels: mapped('labels'),
    requires: listed('requires'),
    env: mapped('env'),
    output_files: listed('output_files'),
    timeout: numeric(text('timeout')),
    priority: numeric(text('priority')),
    ttl: text('ttl').trim(),
  };
  const given = Object.entries(fields).filter(([, value]) => !isEmpty(value));
  return { command: text('command'), ...Object.fromEntries(given) };
}

/** @param {unknown} value */
function isEmpty(value) {
  return value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

/**
 * What is no decimal number is left to the service, which says what it may be.
 *
 * @param {string} text
 */
function numeric(text) {
  const trimmed = text.trim();
  return /^-?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : trimmed;
}

/**
 * @param {string} text
 * @param {Record<string, string | boolean>} attributes
 */
function line(text, attributes) {
  return element('label', {}, text, element('input', attributes));
}

/**
 * @param {string} text
 * @param {Record<string, string | boolean>} attributes
 * @param {string} value
 */
function area(text, attributes, value) {
  return element('label', {}, text, element('textarea', { spellcheck: 'false', ...attributes }, value));
}
