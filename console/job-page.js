import { api, hasEnded, isPassing } from './api.js';
import { ask, button, element, say, stateMark, time } from './dom.js';
import { pause } from './looking.js';
import { follow } from './output.js';
import { Terminal } from './terminal.js';

const WAIT_SECONDS = 30;
/** While it waits or runs, what is told of it changes. */
const LOOK_EVERY_MS = 2_000;

/** @typedef {import('./api.js').Job} Job */

/**
 * One job: what it is, what it writes, what happened to it.
 *
 * @param {HTMLElement} main
 * @param {string} id
 * @param {AbortSignal} leaving
 */
export async function showJob(main, id, leaving) {
  const job = await api.info(id);
  const view = new JobView(main, job);
  void view.attempt(async () => {
    for await (const message of follow(id, leaving)) view.terminal.take(message);
  });
  void view.attempt(() => keepShowing(view, job, leaving));
}

/**
 * @param {JobView} view
 * @param {Job} first
 * @param {AbortSignal} leaving
 */
async function keepShowing(view, first, leaving) {
  let job = first;
  let fault = '';
  while (!leaving.aborted) {
    const started = Date.now();
    try {
      await view.show(job);
      view.mend(fault);
      if (hasEnded(job)) return;
      // Told at once when it ends; before it runs, it is looked whether it does.
      const wait = job.state === 'running' ? WAIT_SECONDS : 1;
      job = await api.info(job.job_id, { wait, signal: leaving });
    } catch (error) {
      if (leaving.aborted) return;
      if (!isPassing(error)) throw error;
      fault = view.tell(error);
    }
    const untilNext = hasEnded(job) ? 0 : Math.max(0, LOOK_EVERY_MS - (Date.now() - started));
    await pause(untilNext, leaving);
  }
}

/** What is shown of a job. */
class JobView {
  /**
   * @param {HTMLElement} main
   * @param {Job} job
   */
  constructor(main, job) {
    this.facts = element('dl');
    this.events = element('ol', { 'aria-label': 'Events' });
    this.actions = element('p', { class: 'actions' });
    this.fault = element('p', { class: 'error', role: 'alert' });
    this.mark = element('p', { id: 'state' });
    this.terminal = new Terminal();
    main.append(
      element('h1', {}, job.name ?? job.command.slice(0, 200)),
      this.mark,
      this.actions,
      this.fault,
      element('h2', {}, 'Output'),
      this.terminal.pre,
      this.terminal.note,
      element('h2', {}, 'Facts'),
      this.facts,
      element('h2', {}, 'Events'),
      this.events,
    );
  }

  /** @param {() => Promise<unknown>} act */
  async attempt(act) {
    try {
      this.fault.textContent = '';
      await act();
    } catch (error) {
      this.tell(error);
    }
  }

  /** @param {unknown} error */
  tell(error) {
    const { message } = /** @type {Error} */ (error);
    this.fault.textContent = message;
    return message;
  }

  /** @param {string} fault that is over, where it is still the one that is shown */
  mend(fault) {
    if (this.fault.textContent === fault) this.fault.textContent = '';
  }

  /** @param {Job} job */
  async show(job) {
    if (this.mark.textContent !== job.state) {
      this.mark.replaceChildren(stateMark(job.state));
      say(`The job is ${job.state}.`);
      this.actions.replaceChildren(...actionsFor(job, (act) => this.attempt(act)));
    }
    this.facts.replaceChildren(...factsOf(job));
    const happened = await api.events(job.job_id);
    const items = happened.map(({ at, message }) => element('li', {}, time(at), ' ', message));
    this.events.replaceChildren(...items);
  }
}

/**
 * @param {Job} job
 * @param {(act: () => Promise<unknown>) => Promise<void>} attempt
 */
function actionsFor(job, attempt) {
  const { job_id: id } = job;
  const cancel = async () => {
    const text = 'Its command is ended, with all that it has started, and it has no answer.';
    if (await ask({ title: 'Cancel this job?', text, yes: 'Cancel the job' }))
      await attempt(() => api.cancel(id));
  };
  const remove = async () => {
    const text = 'It is gone for good, with its answer and its outputs.';
    if (!(await ask({ title: 'Delete this job?', text, yes: 'Delete the job' }))) return;
    await attempt(async () => {
      await api.remove(id);
      location.hash = '#/';
    });
  };
  return [
    ...(hasEnded(job) ? [] : [button('Cancel…', cancel, 'danger')]),
    button('Run again…', () => (location.hash = `#/new?from=${id}`)),
    ...(job.answer_id === null ? [] : [download('Save the answer', job.answer_id, 'answer', attempt)]),
    ...(job.stderr_id === null ? [] : [download('Save standard error', job.stderr_id, 'stderr', attempt)]),
    ...job.outputs.map(({ path, file_id: file }) => download(`Save ${path}`, file, path, attempt)),
    button('Delete…', remove, 'danger'),
  ];
}

/**
 * @param {string} text
 * @param {string} file
 * @param {string} name
 * @param {(act: () => Promise<unknown>) => Promise<void>} attempt
 */
function download(text, file, name, attempt) {
  return button(text, () =>
    attempt(async () => {
      // Not by a plain link, which sends no key.
      const url = URL.createObjectURL(await api.file(file));
      element('a', { href: url, download: name.split('/').at(-1) ?? name }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    }),
  );
}

/** @param {Job} job */
function factsOf(job) {
  const labels = Object.entries(job.labels).map(([key, value]) => `${key}=${value}`);
  /** @type {[string, string | HTMLElement | null][]} */
  const facts = [
    ['Reason', job.reason],
    ['Command', element('code', {}, job.command)],
    ['Owner', job.owner],
    ['Labels', labels.join(', ')],
    ['Requires', job.requires.join(', ')],
    ['Attempt', job.attempt === 0 ? '' : String(job.attempt)],
    ['Agent', job.agent],
    ['Exit code', job.exit_code === null ? job.signal : String(job.exit_code)],
    ['Accepted', time(job.created_at)],
    ['Started', job.started_at === null ? null : time(job.started_at)],
    ['Ended', job.finished_at === null ? null : time(job.finished_at)],
    ['Expires', job.expires_at === null ? null : time(job.expires_at)],
    ['Webhook', job.webhook === null ? null : `${job.webhook.url}: ${job.webhook.state}`],
    ['Id', job.job_id],
  ];
  return facts
    .filter(([, value]) => value !== null && value !== '')
    .flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]);
}
