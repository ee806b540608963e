import { type IncomingMessage } from 'node:http';
import { DomainError, type ErrorCode } from '../../kernel/errors.js';
import { type FileAccess } from '../file-access.js';
import { type FileInfo } from '../file-store.js';
import { isUuid } from '../../kernel/ids.js';
import { Fault } from './fault.js';
import { chunksOf } from './idle.js';

const MAX_JSON_BYTES = 256 * 1024;
const SHOWN_CHARACTERS = 300;

/** Reads a small JSON body. */
export async function jsonOf(response: IncomingMessage, idleMs: number): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunksOf(response, idleMs)) {
    size += chunk.length;
    if (size > MAX_JSON_BYTES) throw new Fault('the answer is far larger than it should be');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch (error) {
    throw new Fault('the answer is not JSON', undefined, { cause: error });
  }
}

/** Reads what says nothing more, so that the connection can be used again; one that doesn't end it is closed. */
export async function passOver(response: IncomingMessage, idleMs: number): Promise<void> {
  let size = 0;
  try {
    for await (const chunk of chunksOf(response, idleMs)) {
      size += chunk.length;
      if (size > MAX_JSON_BYTES) break;
    }
  } catch {
    // What was asked for is done: the status said so.
  }
  if (!response.complete) response.destroy();
}

/** The file that an answer describes. */
export function fileInfoIn(answer: unknown): FileInfo {
  const { id, name, size, sha256, created_at: createdAt } = Object(answer) as Record<string, unknown>;
  const created = new Date(typeof createdAt === 'string' ? createdAt : NaN);
  const isWhole =
    isUuid(id) &&
    typeof name === 'string' &&
    isSize(size) &&
    isSha256(sha256) &&
    !Number.isNaN(created.getTime());
  if (!isWhole) throw new Fault('the answer does not describe a file');
  const digest = sha256.toLowerCase();
  return { id: id.toLowerCase(), name, size, sha256: digest, createdAt: created, ...accessIn(answer) };
}

/** A foreign data manager may know no owners. */
function accessIn(answer: unknown): FileAccess {
  const { owner, acl } = Object(answer) as { owner?: unknown; acl?: unknown };
  const users: unknown[] = Array.isArray(acl) ? acl : [];
  return {
    owner: typeof owner === 'string' ? owner : null,
    acl: users.filter((user) => typeof user === 'string'),
  };
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isSha256(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value);
}

/** What an answer that is no success means: a {@link Fault} where another attempt may help. */
export async function failureIn(response: IncomingMessage, idleMs: number): Promise<Error> {
  const status = response.statusCode ?? 0;
  if (status === 408 || status === 429 || status >= 500) {
    response.destroy();
    return new Fault(`it answered ${status}`, retryAfterMs(response));
  }
  const said = await errorIn(response, idleMs);
  const refusal = REFUSALS.get(status);
  if (refusal !== undefined) return new DomainError(refusal.code, said ?? refusal.message);
  const reason =
    status >= 300 && status < 400 ? 'it redirects, which is not followed' : `it answered ${status}`;
  return new DomainError('unavailable', `The data manager is unavailable: ${reason}`);
}

/** What is the caller's to hear; other statuses are between the data manager and us. */
const REFUSALS = new Map<number, { code: ErrorCode; message: string }>([
  [403, { code: 'forbidden', message: 'The data manager does not allow it' }],
  [400, { code: 'invalid_request', message: 'The data manager refused the request' }],
  [404, { code: 'not_found', message: 'The data manager holds no such file' }],
  [413, { code: 'too_large', message: 'The data manager takes no file of that size' }],
]);

async function errorIn(response: IncomingMessage, idleMs: number): Promise<string | undefined> {
  try {
    const { error } = Object(await jsonOf(response, idleMs)) as { error?: unknown };
    return typeof error === 'string' && error !== '' ? error.slice(0, SHOWN_CHARACTERS) : undefined;
  } catch {
    // The status says what matters.
    return undefined;
  }
}

/** `Retry-After` is a number of seconds or a date (RFC 9110, 10.2.3). */
function retryAfterMs({ headers }: IncomingMessage): number | undefined {
  const value = headers['retry-after'];
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
