import { once } from 'node:events';
import { connect } from 'node:net';

const END_OF_HEAD = '\r\n\r\n';

/**
 * A kept connection that carries one request at a time and costs its process little: the callers of a benchmark share
 * the machine with what they measure, and node:http takes several times as much of it.
 */
export class Connection {
  /** @type {Buffer} what arrived of the answer so far */
  #arrived = Buffer.alloc(0);
  /** @type {{ resolve: (answer: { status: number, body: string }) => void, reject: (error: Error) => void } | undefined} */
  #waiting;
  #socket;
  #host;

  /** @param {import('node:net').Socket} socket @param {string} host */
  constructor(socket, host) {
    this.#socket = socket;
    this.#host = host;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.#take(/** @type {Buffer} */ (chunk));
    });
    socket.on('error', (error) => {
      this.#fail(error);
    });
    socket.on('close', () => {
      this.#fail(new Error('the service closed the connection'));
    });
  }

  /** @param {string} url of the service */
  static async open(url) {
    const { hostname, port, host } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    await once(socket, 'connect');
    return new Connection(socket, host);
  }

  /**
   * @param {string} method
   * @param {string} path with the query
   * @param {object} [json]
   * @param {string} [headers] each with its line end
   * @returns {Promise<{ status: number, body: string }>}
   */
  request(method, path, json, headers = '') {
    const body = json ? JSON.stringify(json) : '';
    const content = json
      ? `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`
      : '';
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (this.#socket.destroyed) this.#fail(new Error('the service had closed the connection'));
      this.#socket.write(
        `${method} ${path} HTTP/1.1\r\nhost: ${this.#host}\r\n${headers}${content}\r\n${body}`,
      );
    });
  }

  close() {
    this.#socket.destroy();
  }

  /** @param {Buffer} chunk */
  #take(chunk) {
    this.#arrived = this.#arrived.length === 0 ? chunk : Buffer.concat([this.#arrived, chunk]);
    const endOfHead = this.#arrived.indexOf(END_OF_HEAD);
    if (endOfHead < 0) return;
    const head = this.#arrived.toString('latin1', 0, endOfHead);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) {
      this.#fail(new Error(`an answer without content-length: ${head}`));
      return;
    }
    const start = endOfHead + END_OF_HEAD.length;
    const end = start + Number(length);
    if (this.#arrived.length < end) return;
    const answer = { status: Number(head.slice(9, 12)), body: this.#arrived.toString('utf8', start, end) };
    this.#arrived = this.#arrived.subarray(end);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(answer);
  }

  /** @param {Error} error */
  #fail(error) {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
