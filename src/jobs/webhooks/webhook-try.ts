import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { messageOf as wordsOf } from '../../kernel/errors.js';
import { type JobRow } from '../job.entity.js';
import { isFinished } from '../job.states.js';
import { viewOf } from '../job.view.js';
import { JOBS_OPTIONS, type JobsOptions } from '../jobs.options.js';
import { JobsRepository } from '../jobs.repository.js';
import { messageOf } from './webhook-message.js';
import { post } from './webhook-post.js';
import { type TryResult } from './webhooks.repository.js';
import { type WebhookRow } from './webhook.entity.js';

/** After the end of the job it is tried for so long. */
const TRIED_FOR_MS = 24 * 3_600_000;
const LONGEST_PAUSE_MS = 3_600_000;
/** By which a receiver says that it never wants to hear of it. */
const GONE = 410;

/** One try to tell of the end of a job. */
@Injectable()
export class WebhookTry {
  constructor(
    private readonly jobs: JobsRepository,
    private readonly clock: Clock,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
  ) {}

  /** @param signal breaks it off when it aborts */
  async of(row: WebhookRow, signal: AbortSignal): Promise<TryResult | 'broken off' | 'nobody to tell of'> {
    const job = await this.jobs.find(row.jobId);
    if (job === null || !isFinished(job.state)) return 'nobody to tell of';
    const { secret, allowPrivate } = this.options.webhooks;
    try {
      const message = messageOf(viewOf(job), secret, this.clock.now());
      const status = await post(new URL(row.url), message, { allowPrivate, signal });
      return this.resultOf(status, row, job);
    } catch (error) {
      if (signal.aborted) return 'broken off';
      return this.again(row, job, { lastStatus: null, lastError: `It can't be reached: ${wordsOf(error)}.` });
    }
  }

  private resultOf(status: number, row: WebhookRow, job: JobRow): TryResult {
    if (status >= 200 && status < 300) {
      return {
        state: 'delivered',
        dueAt: null,
        lastStatus: status,
        lastError: null,
        deliveredAt: this.clock.now(),
      };
    }
    const why = { lastStatus: status, lastError: `It answered ${String(status)}.` };
    return status === GONE ? givenUp(why) : this.again(row, job, why);
  }

  /** After pauses that double, with jitter, so that what failed together does not return together. */
  private again(row: WebhookRow, job: JobRow, why: Pick<TryResult, 'lastStatus' | 'lastError'>): TryResult {
    const now = this.clock.now();
    const full = Math.min(LONGEST_PAUSE_MS, this.options.webhooks.retryMs * 2 ** Math.min(row.tries, 30));
    const dueAt = Math.round(now + full * (0.8 + Math.random() * 0.4));
    const isOver = dueAt > (job.finishedAt ?? now) + TRIED_FOR_MS;
    return isOver ? givenUp(why) : { state: 'pending', dueAt, deliveredAt: null, ...why };
  }
}

function givenUp(why: Pick<TryResult, 'lastStatus' | 'lastError'>): TryResult {
  return { state: 'failed', dueAt: null, deliveredAt: null, ...why };
}
