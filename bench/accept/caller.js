import { connect } from 'node:net';

/** Posts a job over each of its connections again and again, one request at a time. */
export class Caller {
  isStopping = false;
  lost = false;
  /** @type {string[]} */
  ids = [];
  /** @type {number[]} ms */
  latencies = [];

  /** Connections that had no answer yet: Node takes up one new connection in each turn of its event loop. */
  unanswered = 0;

  /** @param {URL} url */
  constructor({ hostname, port }) {
    this.address = { host: hostname, port: Number(port) };
    const body = JSON.stringify({ command: 'true' });
    const head = [
      'POST /run HTTP/1.1',
      `host: ${hostname}`,
      'content-type: application/json',
      `content-length: ${body.length}`,
    ];
    this.request = Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
  }

  /** @returns {Promise<void>} when it was closed, by us or by the other end */
  connection() {
    return new Promise((resolve) => {
      const socket = connect(this.address).setNoDelay(true).setEncoding('latin1');
      let [text, sentAt, isNew] = ['', 0, true];
      this.unanswered += 1;
      const send = () => {
        sentAt = performance.now();
        socket.write(this.request);
      };
      socket.on('connect', send);
      socket.on('data', (/** @type {string} */ chunk) => {
        text += chunk;
        if (!isWhole(text)) return;
        this.latencies.push(performance.now() - sentAt);
        this.take(text);
        if (isNew) this.unanswered -= 1;
        [text, isNew] = ['', false];
        if (this.isStopping) socket.end();
        else send();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.lost ||= !this.isStopping;
        resolve();
      });
    });
  }

  /** @param {string} answer */
  take(answer) {
    if (!answer.startsWith('HTTP/1.1 201 ')) throw new Error(`refused: ${answer}`);
    const [, id] = /"job_id":"([^"]+)"/.exec(answer) ?? [];
    if (id !== undefined) this.ids.push(id);
  }
}

/** @param {string} text of an answer, or its beginning */
function isWhole(text) {
  const end = text.indexOf('\r\n\r\n');
  const [, length] = end === -1 ? [] : (/content-length: (\d+)/i.exec(text) ?? []);
  return length !== undefined && text.length >= end + 4 + Number(length);
}
