import { expect, it } from '@jest/globals';
import { DomainError } from '../../kernel/errors.js';
import { JobChanges } from '../job-changes.port.js';
import { type DueWork, type DueWorkOptions } from '../due-work.js';
import { type Timetable } from '../timetable.js';
import { WebhookDeliveries } from './webhook-deliveries.js';
import { type WebhookRow } from './webhook.entity.js';
import { type WebhookTry } from './webhook-try.js';
import { type Webhooks } from './webhooks.repository.js';

const NOW = 1_000;
const ROW: WebhookRow = {
  jobId: '0f3a5c7e-9b1d-4f2a-8c4e-6a8b0d2f4c6e',
  url: 'http://receiver.example/',
  state: 'pending',
  dueAt: NOW,
  tries: 0,
  lastStatus: null,
  lastError: null,
  deliveredAt: null,
};

/** A database that is away as long as it is told so. */
class AwayForNow {
  isAway = true;

  due(): Promise<WebhookRow[]> {
    return Promise.resolve([ROW]);
  }

  putOff(): Promise<boolean> {
    return this.isAway ? Promise.reject(new DomainError('unavailable', 'away')) : Promise.resolve(true);
  }

  putOffDue(): Promise<void> {
    return Promise.resolve();
  }

  settle(): Promise<void> {
    return Promise.resolve();
  }
}

it('a database that goes away again and again takes no place from those who are told', async () => {
  const database = new AwayForNow();
  const told: string[] = [];
  const tries = { of: (row: WebhookRow) => Promise.resolve(told.push(row.jobId)) };
  let work: DueWorkOptions['work'] = () => Promise.reject(new Error('nothing was added'));
  const timetable = {
    add: (added: Pick<DueWorkOptions, 'work'>) => {
      work = added.work;
      return { expectAt: () => undefined } as unknown as DueWork;
    },
  };
  new WebhookDeliveries(
    database as unknown as Webhooks,
    tries as unknown as WebhookTry,
    { now: () => NOW },
    timetable as unknown as Timetable,
    new JobChanges(),
  );
  const { signal } = new AbortController();
  for (let times = 0; times < 100; times += 1) await expect(work(NOW, signal)).rejects.toThrow('away');
  database.isAway = false;
  await work(NOW, signal);
  expect(told).toEqual([ROW.jobId]);
});
