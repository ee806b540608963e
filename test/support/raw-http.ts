import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { lookForSecrets } from './secrets.js';

export interface RawAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: string;
}

/**
 * Sends what curl sends for `curl URL -X METHOD --data BODY`, byte for byte: no header but curl's own.
 *
 * @param body sent with curl's form content type; absent: no body and no content type
 */
export function curl(method: string, url: string, body?: string): Promise<RawAnswer> {
  const headers = {
    'User-Agent': 'curl/7.88.1',
    Accept: '*/*',
    ...(body === undefined
      ? {}
      : { 'Content-Length': Buffer.byteLength(body), 'Content-Type': 'application/x-www-form-urlencoded' }),
  };
  return send(url, { method, headers }, body);
}

/** Sends exactly these headers and this body. */
export function send(
  url: string,
  options: { readonly method: string; readonly headers?: Readonly<Record<string, string | number>> },
  body?: string | Buffer,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    request(url, options, (response) => {
      const { statusCode: status = 0, headers } = response;
      text(response).then((answer) => {
        lookForSecrets(`the answer to ${options.method} ${url}`, JSON.stringify(headers) + answer);
        resolve({ status, contentType: headers['content-type'], body: answer });
      }, reject);
    })
      .on('error', reject)
      .end(body);
  });
}
