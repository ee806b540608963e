/** @typedef {Node | string | null | undefined | false} Child */

/**
 * An element; what it holds of text is text, whatever it says.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Readonly<Record<string, string | boolean>>} attributes
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, '');
    else if (value !== false) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/**
 * @param {string} text
 * @param {() => unknown} onClick
 * @param {string} look
 */
export function button(text, onClick, look = '') {
  const made = element('button', { type: 'button', class: look }, text);
  made.addEventListener('click', () => void onClick());
  return made;
}

/** @param {string} state */
export function stateMark(state) {
  return element('span', { class: 'state', 'data-state': state }, state);
}

/** @param {string | null} iso */
export function time(iso) {
  if (iso === null) return element('span', { class: 'quiet' }, '–');
  return element('time', { datetime: iso, title: iso }, new Date(iso).toLocaleString());
}

/** @param {string} text said to those who can't see that something has changed */
export function say(text) {
  const news = document.querySelector('#news');
  if (news !== null) news.textContent = text;
}

/**
 * @param {{ title: string, text: string, yes: string }} question
 * @returns {Promise<boolean>}
 */
export function ask({ title, text, yes }) {
  const dialog = /** @type {HTMLDialogElement} */ (document.querySelector('#ask-dialog'));
  for (const [id, words] of Object.entries({ 'ask-title': title, 'ask-text': text, 'ask-yes': yes })) {
    const place = document.querySelector(`#${id}`);
    if (place !== null) place.textContent = words;
  }
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise((resolve) => {
    const listener = () => {
      // Of the question before, whose end is told when this one is asked already.
      if (dialog.open) return;
      dialog.removeEventListener('close', listener);
      resolve(dialog.returnValue === 'yes');
    };
    dialog.addEventListener('close', listener);
  });
}
