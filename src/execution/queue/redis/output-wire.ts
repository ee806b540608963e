import { randomUUID } from 'node:crypto';
import { isUuid } from '../../../kernel/ids.js';
import { OUTPUT_CHUNK_BYTES, type OutputChunk, type OutputRequest } from '../../live-output.port.js';
import { type RedisQueueOptions } from './connection.js';
import { type OutputSeal } from './output-seal.js';

/**
 * How servers read from agents what commands write, over channels of Redis, which keeps none of it: an {@link OutputAsk} to the
 * channel of an agent, an answer to that of the server.
 */
export interface OutputAsk extends OutputRequest {
  /** Channel of whoever asks. */
  readonly replyTo: string;
  /** Tells its answer from those to others on that channel. */
  readonly id: number;
}

export interface SignedAsk {
  readonly ask: OutputAsk;
  readonly signature: string;
}

/** As it comes: what it holds can be opened only by whoever has asked. */
export interface OutputAnswer {
  readonly id: number;
  /** Empty: there is nothing. */
  readonly closed: Buffer;
}

/** After so long an ask is answered in any case, in ms: whoever asked may be gone. */
export const ANSWERED_WITHIN_MS = 5_000;

const LINE_END = 0x0a;
const LENGTH_BYTES = 4;

export function askChannelOf({ prefix }: RedisQueueOptions, agent: string): string {
  return `${prefix}:output:of:${agent}`;
}

export function begunChannelOf({ prefix }: RedisQueueOptions): string {
  return `${prefix}:output:begun`;
}

/** One that no other process has. */
export function newReplyChannel({ prefix }: RedisQueueOptions): string {
  return `${replyPrefix(prefix)}${randomUUID()}`;
}

export function encodeAsk(ask: OutputAsk, seal: OutputSeal): string {
  return JSON.stringify({ ...ask, signature: seal.sign(wordsOf(ask)) });
}

/** What is signed, and what an answer is about. */
export function wordsOf({ replyTo, id, jobId, attempt, from }: OutputAsk): string {
  return [replyTo, id, jobId, attempt, from.stdout, from.stderr].join('\n');
}

/** Undefined where it is none: anybody who reaches Redis can say anything. */
export function askIn(message: string, { prefix }: RedisQueueOptions): SignedAsk | undefined {
  const value = objectIn(message) as Partial<Record<keyof OutputAsk | 'signature', unknown>>;
  const { replyTo, id, jobId, attempt, from, signature } = value;
  const { stdout, stderr } = (from ?? {}) as { stdout?: unknown; stderr?: unknown };
  if (typeof replyTo !== 'string' || !replyTo.startsWith(replyPrefix(prefix)) || !isUuid(jobId))
    return undefined;
  const [known, number, out, error] = [id, attempt, stdout, stderr].map(countIn);
  if (known === undefined || number === undefined || out === undefined || error === undefined)
    return undefined;
  if (typeof signature !== 'string') return undefined;
  const ask = { replyTo, id: known, jobId, attempt: number, from: { stdout: out, stderr: error } };
  return { ask, signature };
}

/** A line with its number, then what only whoever has asked can open. */
export function encodeAnswer(
  ask: OutputAsk,
  chunk: OutputChunk | null,
  seal: OutputSeal | undefined,
): Buffer {
  const head = Buffer.from(`${JSON.stringify({ id: ask.id })}\n`);
  if (chunk === null || seal === undefined) return head;
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(chunk.stdout.length);
  return Buffer.concat([head, seal.close(Buffer.concat([length, chunk.stdout, chunk.stderr]), wordsOf(ask))]);
}

/** Undefined where it is none. */
export function answerIn(message: Buffer): OutputAnswer | undefined {
  const end = message.indexOf(LINE_END);
  const { id } = objectIn(message.toString('utf8', 0, Math.max(0, end))) as { id?: unknown };
  const known = countIn(id);
  return known === undefined ? undefined : { id: known, closed: message.subarray(end + 1) };
}

/** Null where there is nothing; undefined where it was not closed by whoever was asked. */
export function chunkIn(
  { closed }: OutputAnswer,
  ask: OutputAsk,
  seal: OutputSeal,
): OutputChunk | null | undefined {
  if (closed.length === 0) return null;
  const content = seal.open(closed, wordsOf(ask));
  if (content === undefined || content.length <= LENGTH_BYTES) return undefined;
  const bytes = content.subarray(LENGTH_BYTES);
  const length = content.readUInt32LE(0);
  const [stdout, stderr] = [bytes.subarray(0, length), bytes.subarray(length)];
  const isRight = length <= bytes.length && Math.max(stdout.length, stderr.length) <= OUTPUT_CHUNK_BYTES;
  return isRight ? { stdout, stderr } : undefined;
}

function replyPrefix(prefix: string): string {
  return `${prefix}:output:to:`;
}

function objectIn(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

function countIn(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}
