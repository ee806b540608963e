import { showAgents } from './agents-page.js';
import { storeKey } from './api.js';
import { element } from './dom.js';
import { showJob } from './job-page.js';
import { showJobs } from './jobs-page.js';
import { showNew } from './new-page.js';

const main = /** @type {HTMLElement} */ (document.querySelector('#main'));
const dialog = /** @type {HTMLDialogElement} */ (document.querySelector('#key-dialog'));
const field = /** @type {HTMLInputElement} */ (document.querySelector('#key'));
let leaving = new AbortController();

function addressed() {
  const [path = '', query = ''] = location.hash.slice(1).split('?');
  const [, name = '', id = ''] = path.split('/');
  return { name, id, query: new URLSearchParams(query) };
}

/** Shows the page that the address names. */
async function show() {
  leaving.abort();
  const { signal } = (leaving = new AbortController());
  const page = element('div');
  main.replaceChildren(page);
  const { name, id, query } = addressed();
  markCurrent(name);
  try {
    if (name === 'job') await showJob(page, id, signal);
    else if (name === 'new') await showNew(page, query);
    else if (name === 'agents') await showAgents(page, signal);
    else await showJobs(page, query, signal);
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    page.append(element('p', { class: 'error', role: 'alert' }, message));
  }
}

/** @param {string} name of the page that is shown */
function markCurrent(name) {
  for (const link of document.querySelectorAll('nav a')) {
    if (link.getAttribute('href') === `#/${name}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

function askForKey() {
  if (dialog.open) return;
  field.value = '';
  dialog.returnValue = 'cancel';
  dialog.showModal();
}

dialog.addEventListener('close', () => {
  if (dialog.returnValue === 'cancel') return;
  storeKey(dialog.returnValue === 'use' ? field.value.trim() : '');
  void show();
});
document.querySelector('#open-key')?.addEventListener('click', askForKey);
document.addEventListener('key-wanted', askForKey);
addEventListener('hashchange', () => {
  main.focus();
  void show();
});
void show();
