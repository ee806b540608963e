import { eventually, type Patience } from './eventually.js';
import { keepSecret, lookForSecrets, secretsInHeaders } from './secrets.js';

export type State = 'queued' | 'staging' | 'running' | 'succeeded' | 'failed' | 'cancelled';

/** What `job_info` answers. */
export interface JobInfo {
  readonly state: State;
  readonly answer_id: string | null;
  readonly stderr_id: string | null;
  readonly outputs: readonly { readonly path: string; readonly file_id: string; readonly size: number }[];
  readonly name: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly owner: string;
  readonly command: string;
  readonly ttl: string | null;
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly reason: string | null;
  readonly limits: Readonly<Record<string, number | boolean>> | null;
  readonly usage: {
    readonly cpu_seconds: number | null;
    readonly peak_memory_bytes: number | null;
    readonly written_bytes: number | null;
  } | null;
  readonly attempt: number;
  readonly agent: string | null;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly expires_at: string | null;
}

export interface JobPage {
  readonly job_ids: readonly string[];
  readonly next_page_token: string | null;
}

/** A whole HTTP answer; `body` is the parsed JSON, or the text where it is none. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface Call {
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly body?: NonNullable<RequestInit['body']>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Rejects where there is no answer by then. */
  readonly withinMs?: number;
}

const FINAL: readonly State[] = ['succeeded', 'failed', 'cancelled'];

/** The API as a caller sees it. Every method but {@link call} fails unless the answer is a success. */
export class JobClient {
  /** @param credentials headers of every call */
  constructor(
    readonly url: string,
    private readonly credentials: Readonly<Record<string, string>> = {},
  ) {
    keepSecret(secretsInHeaders(credentials));
  }

  /** Any call with any answer. */
  async call(
    method: string,
    path: string,
    { json, body, headers = {}, withinMs }: Call = {},
  ): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...this.credentials,
        ...headers,
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(body === undefined ? {} : { body }),
      ...(withinMs === undefined ? {} : { signal: AbortSignal.timeout(withinMs) }),
    });
    const text = await response.text();
    lookForSecrets(`the answer to ${method} ${path}`, `${JSON.stringify([...response.headers])}${text}`);
    return { status: response.status, headers: response.headers, body: parsed(text) };
  }

  /** An answer whose body is read as it comes. */
  stream(
    path: string,
    { headers = {}, signal }: Pick<RequestInit, 'signal'> & Pick<Call, 'headers'>,
  ): Promise<Response> {
    return fetch(this.url + path, { headers: { ...this.credentials, ...headers }, signal: signal ?? null });
  }

  /** The new job's id. */
  async run(request: string | Readonly<Record<string, unknown>>): Promise<string> {
    const json = typeof request === 'string' ? { command: request } : request;
    return (await this.good<{ job_id: string }>('POST', '/run', { json })).job_id;
  }

  info(jobId: string): Promise<JobInfo> {
    return this.good('GET', `/job_info/${jobId}`);
  }

  /** @param query such as `state=queued&limit=10` */
  list(query = ''): Promise<JobPage> {
    return this.good('GET', `/list_jobs?${query}`);
  }

  async cancel(jobId: string): Promise<void> {
    await this.good('POST', '/cancel', { json: { job_id: jobId } });
  }

  async remove(jobId: string): Promise<void> {
    await this.good('DELETE', '/delete', { json: { job_id: jobId } });
  }

  /** The stored file's id. */
  async upload(content: string | Uint8Array<ArrayBuffer>, name = 'file'): Promise<string> {
    const body = new FormData();
    body.append('file', new Blob([content]), name);
    return (await this.good<{ id: string }>('POST', '/files', { body })).id;
  }

  async download(fileId: string): Promise<Buffer> {
    const response = await fetch(`${this.url}/files/${fileId}/data`, { headers: this.credentials });
    if (!response.ok) throw new Error(`GET /files/${fileId}/data: ${response.status}`);
    const content = Buffer.from(await response.arrayBuffer());
    lookForSecrets(`file ${fileId}`, content);
    return content;
  }

  /** Waits until the job is in one of `states`; fails at once where it never will be. */
  async waitForState(
    jobId: string,
    states: readonly State[],
    { withinMs = 20_000 }: { withinMs?: number } = {},
  ): Promise<JobInfo> {
    const info = await eventually(
      async () => {
        const current = await this.info(jobId);
        if (states.includes(current.state) || FINAL.includes(current.state)) return current;
        throw new Error(`job ${jobId} is ${current.state}, not ${states.join(' or ')}`);
      },
      { withinMs },
    );
    if (states.includes(info.state)) return info;
    throw new Error(`job ${jobId} ended otherwise: ${JSON.stringify(info)}`);
  }

  /** Waits until no job waits or runs. */
  async idle(patience: Patience = {}): Promise<void> {
    await eventually(async () => {
      const { job_ids } = await this.list('state=queued&state=staging&state=running&limit=1');
      if (job_ids.length > 0) throw new Error(`job ${String(job_ids[0])} has not ended`);
    }, patience);
  }

  /** Runs a job to its success; what it wrote to standard output. */
  async answerOf(request: string | Readonly<Record<string, unknown>>): Promise<string> {
    const { answer_id } = await this.waitForState(await this.run(request), ['succeeded']);
    return (await this.download(String(answer_id))).toString();
  }

  private async good<T>(method: string, path: string, call: Call = {}): Promise<T> {
    const { status, body } = await this.call(method, path, call);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
    return body as T;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
