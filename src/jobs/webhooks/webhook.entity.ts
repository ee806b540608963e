import { EntitySchema } from 'typeorm';
import { columnTypes } from '../../database/dialect.js';
import { asNumber, type SchemaTarget } from '../job.entity.js';

/** Characters of its URL. */
export const MAX_WEBHOOK_LENGTH = 2_048;

/** `waiting`: the job has not ended. `failed`: it was tried for long enough. */
export const WEBHOOK_STATES = ['waiting', 'pending', 'delivered', 'failed'] as const;
export type WebhookState = (typeof WEBHOOK_STATES)[number];

/** One row: who is to be told of the end of one job. Jobs without a webhook have none. Instants are ms since the epoch. */
export interface WebhookRow {
  jobId: string;
  url: string;
  state: WebhookState;
  /** When it is tried next; null: not at all. While a server tries, when another one may. */
  dueAt: number | null;
  /** How often it was sent. */
  tries: number;
  /** HTTP status of the last answer; null: there was none. */
  lastStatus: number | null;
  /** Why the last try did not count, in one sentence. */
  lastError: string | null;
  deliveredAt: number | null;
}

/** The table of webhooks. */
export function webhookSchema({ dialect, tablePrefix }: SchemaTarget): EntitySchema<WebhookRow> {
  const { uuid, exact, longText, int, instant } = columnTypes(dialect);
  const instantOrNull = { ...instant, nullable: true, transformer: asNumber };
  return new EntitySchema<WebhookRow>({
    name: 'Webhook',
    tableName: 'webhooks',
    columns: {
      jobId: { name: 'job_id', ...uuid, primary: true },
      url: { ...longText },
      state: { ...exact(10) },
      dueAt: { name: 'due_at', ...instantOrNull },
      tries: { ...int },
      lastStatus: { name: 'last_status', ...int, nullable: true },
      lastError: { name: 'last_error', ...longText, nullable: true },
      deliveredAt: { name: 'delivered_at', ...instantOrNull },
    },
    indices: [
      {
        name: `${tablePrefix}webhook_due`,
        columns: ['dueAt'],
        ...(dialect === 'sqlite' ? { where: 'due_at IS NOT NULL' } : {}),
      },
    ],
  });
}
