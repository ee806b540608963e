import { Injectable } from '@nestjs/common';
import { type JobRow } from './job.entity.js';
import { type JobView } from './job.types.js';
import { viewOf } from './job.view.js';
import { WaitReasons } from './wait-reasons.js';
import { type WebhookRow } from './webhooks/webhook.entity.js';
import { Webhooks } from './webhooks/webhooks.repository.js';

/** What callers are told of jobs, with what lies beside their rows. */
@Injectable()
export class JobViews {
  constructor(
    private readonly reasons: WaitReasons,
    private readonly webhooks: Webhooks,
  ) {}

  /** Throws a `TypeError` on a job that is gone. */
  async of(row: JobRow): Promise<JobView> {
    const view = viewOf(row);
    const reason = row.state === 'queued' ? await this.reasons.of(row) : view.reason;
    if (row.spec.hasWebhook !== true) return { ...view, reason };
    const webhook = await this.webhooks.of(row.id);
    return { ...view, reason, webhook: webhook === null ? null : webhookViewOf(webhook) };
  }
}

function webhookViewOf({ url, state, tries, dueAt, ...last }: WebhookRow): JobView['webhook'] {
  const { lastStatus, lastError, deliveredAt } = last;
  return {
    url,
    state,
    tries,
    lastStatus,
    lastError,
    nextTryAt: state === 'pending' ? dueAt : null,
    deliveredAt,
  };
}
