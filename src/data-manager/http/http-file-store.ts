import { type OnApplicationShutdown } from '@nestjs/common';
import { Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { addAbortSignal, Readable } from 'node:stream';
import { DomainError } from '../../kernel/errors.js';
import { traceHeaders } from '../../tracing/trace-parent.js';
import { rangeWithin } from '../byte-range.js';
import { fileId } from '../file-id.js';
import {
  type ByteRange,
  type FileErrand,
  type FileInfo,
  type FileSource,
  FileStore,
  type OpenFile,
  type PutOptions,
} from '../file-store.js';
import { failureIn, fileInfoIn, jsonOf, passOver } from './answers.js';
import { bytesOf } from './download.js';
import { exchange, type Exchange } from './exchange.js';
import { Fault } from './fault.js';
import {
  DEFAULT_IDLE_TIMEOUT_MS,
  DEFAULT_RETRIES,
  type HttpFileStoreOptions,
  type RetryPolicy,
} from './http-file-store.options.js';
import { MultipartBody } from './multipart-body.js';
import { Retries, retrying } from './retries.js';
import { headersOf } from '../file-errand.js';

type Call = Pick<Exchange, 'method' | 'body' | 'signal'> & { headers?: Record<string, string> };

/** Files in a data manager behind its HTTP API. Retries what may be retried, checks what it transfers. */
export class HttpFileStore extends FileStore implements OnApplicationShutdown {
  private readonly base: string;
  /** Of every request. */
  private readonly headers: Readonly<Record<string, string>>;
  private readonly idleMs: number;
  private readonly policy: RetryPolicy;
  private readonly agent: HttpAgent;

  constructor({ baseUrl, token, idleTimeoutMs, retries }: HttpFileStoreOptions) {
    super();
    const url = new URL(baseUrl);
    this.base = url.origin + url.pathname.replace(/\/+$/, '');
    this.headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.idleMs = idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS;
    this.policy = { ...DEFAULT_RETRIES, ...retries };
    this.agent =
      url.protocol === 'https:' ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  }

  put(source: FileSource, options: PutOptions): Promise<FileInfo> {
    const { signal } = options;
    const id = fileId(options.id);
    return retrying(new Retries(this.policy, signal), () => this.upload(source, { ...options, id }));
  }

  info(id: string, signal?: AbortSignal): Promise<FileInfo> {
    const path = `/files/${fileId(id)}/info`;
    return retrying(new Retries(this.policy, signal), async () => {
      const response = await this.call(path, { method: 'GET', signal });
      const info = fileInfoIn(await jsonOf(response, this.idleMs));
      if (info.id !== fileId(id)) throw new Fault('the answer describes another file');
      return info;
    });
  }

  async open(id: string, options: { range?: ByteRange; signal?: AbortSignal } = {}): Promise<OpenFile> {
    const info = await this.info(id, options.signal);
    const range = rangeWithin(info, options.range);
    const left = new AbortController();
    const signal =
      options.signal === undefined ? left.signal : AbortSignal.any([options.signal, left.signal]);
    const retries = new Retries(this.policy, signal);
    const request = (part: ByteRange): Promise<IncomingMessage> => this.requestBytes(info.id, part, signal);
    const bytes = bytesOf({ info, range, retries, idleMs: this.idleMs, request });
    const content = Readable.from(bytes, { objectMode: false });
    if (options.signal !== undefined) addAbortSignal(options.signal, content);
    // A consumer that leaves must not have to wait for the next byte to be let go.
    content.once('close', () => {
      left.abort();
    });
    return { info, content };
  }

  async remove(id: string, signal?: AbortSignal): Promise<void> {
    const path = `/files/${fileId(id)}`;
    try {
      await retrying(new Retries(this.policy, signal), async () => {
        const response = await this.call(path, { method: 'DELETE', signal });
        await passOver(response, this.idleMs);
      });
    } catch (error) {
      if (!(error instanceof DomainError && error.code === 'not_found')) throw error;
    }
  }

  override on(errand: FileErrand): FileStore {
    const headers = { ...this.headers, ...headersOf(errand) };
    // The rest is shared, the connections too.
    return Object.assign(Object.create(HttpFileStore.prototype) as HttpFileStore, this, { headers });
  }

  /** As late as can be: what is drained before may still store files. */
  onApplicationShutdown(): void {
    this.close();
  }

  /** Gives connections back. */
  close(): void {
    this.agent.destroy();
  }

  private async upload(source: FileSource, { id, name, signal }: PutOptions): Promise<FileInfo> {
    const content = 'bytes' in source ? [source.bytes] : source.open();
    const body = new MultipartBody(content, { name });
    try {
      const headers = { 'content-type': body.contentType, 'idempotency-key': id };
      const response = await this.call('/files', { method: 'POST', headers, body, signal });
      const info = fileInfoIn(await jsonOf(response, this.idleMs));
      const sent = body.digest();
      if (sent?.size === info.size && sent.sha256 === info.sha256) return info;
      // Kept, it would stand in the way of the next attempt, or be taken for what was sent.
      await this.remove(info.id, signal);
      throw new Fault('it stored other bytes than were sent');
    } finally {
      if (!Array.isArray(content)) content.destroy();
    }
  }

  private requestBytes(id: string, { start, end }: ByteRange, signal: AbortSignal): Promise<IncomingMessage> {
    const headers = { range: `bytes=${start}-${end - 1}`, 'accept-encoding': 'identity' };
    return this.call(`/files/${id}/data`, { method: 'GET', headers, signal });
  }

  /** One request; only what succeeded comes back. */
  private async call(path: string, { headers, ...call }: Call): Promise<IncomingMessage> {
    const response = await exchange({
      ...call,
      url: new URL(this.base + path),
      headers: { accept: '*/*', ...headers, ...traceHeaders(), ...this.headers },
      agent: this.agent,
      idleMs: this.idleMs,
    });
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    throw await failureIn(response, this.idleMs);
  }
}
