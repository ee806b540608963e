import { element } from './dom.js';

/** Of what a job writes the last part is shown, lest the page grows without end. */
const MOST_CHARACTERS = 1_000_000;
/** Colours and movements of terminals. */
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

/** Shows what a job writes. */
export class Terminal {
  constructor() {
    this.pre = element('pre', { tabindex: '0', 'aria-label': 'Output', id: 'output' });
    this.note = element('p', { class: 'quiet', hidden: true }, 'Only the last million characters are shown.');
    this.length = 0;
    this.decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  }

  clear() {
    this.pre.replaceChildren();
    this.note.hidden = true;
    this.length = 0;
  }

  /** @param {import('./output.js').Message} message */
  take({ event, data }) {
    if (event === 'attempt') this.clear();
    const [stream, encoding] = event.split('-');
    if (stream !== 'stdout' && stream !== 'stderr') return;
    this.write(stream, encoding === 'base64' ? this.textOf(stream, data) : data);
  }

  /**
   * @param {'stdout' | 'stderr'} stream
   * @param {string} base64
   */
  textOf(stream, base64) {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return this.decoders[stream]
      .decode(bytes, { stream: true })
      .replaceAll('\r\n', '\n')
      .replaceAll('\r', '\n');
  }

  /**
   * @param {string} stream
   * @param {string} text
   */
  write(stream, text) {
    const { pre } = this;
    const isAtEnd = pre.scrollHeight - pre.scrollTop - pre.clientHeight < 8;
    const shown = text.replace(ESCAPES, '');
    pre.append(element('span', { class: stream === 'stderr' ? 'error' : '' }, shown));
    this.length += shown.length;
    while (this.length > MOST_CHARACTERS && pre.childElementCount > 1) {
      this.length -= pre.firstElementChild?.textContent?.length ?? 0;
      pre.firstElementChild?.remove();
      this.note.hidden = false;
    }
    if (isAtEnd) pre.scrollTop = pre.scrollHeight;
  }
}
