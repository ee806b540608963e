import { randomUUID } from 'node:crypto';
import { isUuid } from '../../../kernel/ids.js';
import { OUTPUT_CHUNK_BYTES, type OutputChunk, type OutputRequest } from '../../live-output.port.js';
import { type RedisQueueOptions } from './connection.js';

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

export interface OutputAnswer {
  readonly id: number;
  readonly chunk: OutputChunk | null;
}

/** After so long an ask is answered in any case, in ms: whoever asked may be gone. */
export const ANSWERED_WITHIN_MS = 5_000;

const LINE_END = 0x0a;

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

/** Undefined where it is none: anybody who reaches Redis can say anything. */
export function askIn(message: string, { prefix }: RedisQueueOptions): OutputAsk | undefined {
  const value = objectIn(message);
  const { replyTo, id, jobId, attempt, from } = value as Partial<Record<keyof OutputAsk, unknown>>;
  const { stdout, stderr } = (from ?? {}) as { stdout?: unknown; stderr?: unknown };
  if (typeof replyTo !== 'string' || !replyTo.startsWith(replyPrefix(prefix)) || !isUuid(jobId))
    return undefined;
  const [known, number, out, error] = [id, attempt, stdout, stderr].map(countIn);
  if (known === undefined || number === undefined || out === undefined || error === undefined)
    return undefined;
  return { replyTo, id: known, jobId, attempt: number, from: { stdout: out, stderr: error } };
}

/** A line of JSON that tells how many bytes of each stream follow it. */
export function encodeAnswer({ id, chunk }: OutputAnswer): Buffer {
  const lengths = chunk === null ? {} : { stdout: chunk.stdout.length, stderr: chunk.stderr.length };
  const head = Buffer.from(`${JSON.stringify({ id, ...lengths })}\n`);
  return chunk === null ? head : Buffer.concat([head, chunk.stdout, chunk.stderr]);
}

/** Undefined where it is none. */
export function answerIn(message: Buffer): OutputAnswer | undefined {
  const end = message.indexOf(LINE_END);
  const head = objectIn(message.toString('utf8', 0, Math.max(0, end)));
  const [id, stdout, stderr] = ['id', 'stdout', 'stderr'].map((name) =>
    countIn((head as Record<string, unknown>)[name]),
  );
  if (id === undefined) return undefined;
  if (stdout === undefined || stderr === undefined) return { id, chunk: null };
  const bytes = message.subarray(end + 1);
  const isWhole = bytes.length === stdout + stderr && Math.max(stdout, stderr) <= OUTPUT_CHUNK_BYTES;
  if (!isWhole || bytes.length === 0) return undefined;
  return { id, chunk: { stdout: bytes.subarray(0, stdout), stderr: bytes.subarray(stdout) } };
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
