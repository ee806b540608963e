import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { get, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

/** @typedef {import('./source.js').Source} Source */

/**
 * Sends a file as a body.
 *
 * @param {string} method
 * @param {string} url
 * @param {Source} source
 * @param {{ type: string, before: string, after: string }} [frame] what stands around the bytes
 * @returns {Promise<string>} the answer
 */
export async function send(method, url, source, frame = { type: '', before: '', after: '' }) {
  const headers = {
    ...(frame.type && { 'content-type': frame.type }),
    'content-length': frame.before.length + source.size + frame.after.length,
  };
  const sent = request(url, { method, headers });
  const answered = /** @type {Promise<[import('node:http').IncomingMessage]>} */ (once(sent, 'response'));
  if (frame.before) sent.write(frame.before);
  await pipeline(createReadStream(source.path), sent, { end: false });
  sent.end(frame.after);
  const [response] = await answered;
  return successful(url, response, await text(response));
}

/** As a form, which `POST /files` takes. @param {string} url @param {Source} source */
export function upload(url, source) {
  const boundary = 'the-file-of-the-benchmark';
  const disposition = 'Content-Disposition: form-data; name="file"; filename="file"';
  return send('POST', url, source, {
    type: `multipart/form-data; boundary=${boundary}`,
    before: `--${boundary}\r\n${disposition}\r\n\r\n`,
    after: `\r\n--${boundary}--\r\n`,
  });
}

/**
 * @param {string} url
 * @param {string} path of the file that is written
 */
export async function download(url, path) {
  await pipeline(await responseOf(url), createWriteStream(path));
}

/** What the bytes there hash to. @param {string} url */
export async function sha256At(url) {
  const hash = createHash('sha256');
  await pipeline(await responseOf(url), hash);
  return hash.digest('hex');
}

/** @param {string} path */
export async function sha256Of(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** @param {string} url */
async function responseOf(url) {
  const answered = /** @type {Promise<[import('node:http').IncomingMessage]>} */ (once(get(url), 'response'));
  const [response] = await answered;
  return successful(url, response, response);
}

/**
 * @template Result
 * @param {string} url
 * @param {import('node:http').IncomingMessage} response
 * @param {Result} result
 */
function successful(url, { statusCode = 500 }, result) {
  if (statusCode < 300) return result;
  throw new Error(`${url}: ${statusCode}${typeof result === 'string' ? ` ${result}` : ''}`);
}
