import { type Answer, JobClient, type JobInfo } from '../../support/client.js';
import { forMs } from '../../support/for-ms.js';
import { type Random } from './random.js';

const ANSWER_WITHIN_MS = 5_000;
const PAUSE_MS = 200;
const PATIENCE_MS = 90_000;

export interface CallerOptions {
  /** Of all servers: each call goes to any of them. */
  readonly urls: readonly string[];
  readonly random: Random;
  /** Hears of what no fault excuses. */
  readonly onFinding: (finding: string) => void;
}

/** What `job_info` shows of a job. */
export type Sight = { readonly state: 'gone' | 'not found' } | JobInfo;

/** Somebody who uses the service while it suffers, as a caller would: by HTTP, at any server, with patience. */
export class Caller {
  private readonly clients: readonly JobClient[];

  constructor(private readonly options: CallerOptions) {
    this.clients = options.urls.map((url) => new JobClient(url));
  }

  /** One try. Undefined: there was no answer. `refused`: nobody was there to take the call. */
  async once(method: string, path: string, json?: unknown): Promise<Answer | 'refused' | undefined> {
    const client = this.options.random.pick(this.clients);
    try {
      const answer = await client.call(method, path, {
        withinMs: ANSWER_WITHIN_MS,
        ...(json === undefined ? {} : { json }),
      });
      if (answer.status === 500) {
        this.options.onFinding(`${method} ${path}: 500 ${JSON.stringify(answer.body)}`);
      }
      return answer;
    } catch (error) {
      return codeOf(error) === 'ECONNREFUSED' ? 'refused' : undefined;
    }
  }

  /** Repeats the call until there is an answer that counts; rejects where there is none in a long time. */
  async persistently(method: string, path: string, json?: unknown): Promise<Answer> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = await this.once(method, path, json);
      if (typeof answer === 'object' && answer.status < 500) return answer;
      if (Date.now() > deadline) throw new Error(`${method} ${path}: no answer in ${PATIENCE_MS} ms`);
      await forMs(PAUSE_MS);
    }
  }

  /** What a server shows of a job; undefined where it shows nothing now. */
  async look(jobId: string): Promise<Sight | undefined> {
    const answer = await this.once('GET', `/job_info/${jobId}`);
    if (typeof answer !== 'object' || answer.status >= 500) return undefined;
    return sightOf(answer);
  }

  /** As {@link look}, until there is an answer. */
  async see(jobId: string): Promise<Sight> {
    return sightOf(await this.persistently('GET', `/job_info/${jobId}`));
  }

  /** Ids of all jobs that are not gone. */
  async allIds(): Promise<string[]> {
    const ids: string[] = [];
    for (let page = ''; ;) {
      const { body } = await this.persistently('GET', `/list_jobs?limit=1000${page}`);
      const { job_ids, next_page_token } = body as { job_ids: string[]; next_page_token: string | null };
      ids.push(...job_ids);
      if (next_page_token === null) return ids;
      page = `&page_token=${next_page_token}`;
    }
  }
}

function sightOf({ status, body }: Answer): Sight {
  if (status === 200) return body as JobInfo;
  return { state: status === 410 ? 'gone' : 'not found' };
}

function codeOf(error: unknown): unknown {
  const { cause } = error as { cause?: { code?: unknown } };
  return cause?.code;
}
