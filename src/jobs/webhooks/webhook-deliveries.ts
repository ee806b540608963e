import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../kernel/clock.js';
import { type DueWork } from '../due-work.js';
import { JobChanges } from '../job-changes.port.js';
import { isFinished } from '../job.states.js';
import { Timetable } from '../timetable.js';
import { hostOf, Receivers } from './receivers.js';
import { POST_WITHIN_MS } from './webhook-post.js';
import { WebhookTry } from './webhook-try.js';
import { Webhooks } from './webhooks.repository.js';
import { type WebhookRow } from './webhook.entity.js';

/** One that a server tries is another's to try after so long, should that server have died. */
const HELD_MS = 2 * POST_WITHIN_MS;
/** Webhooks are few: whoever ends many jobs looks for them no more often than that, in ms. */
const LOOK_AFTER_MS = 50;
/** Whoever has many slow ones waits for his own, in ms. */
const AFTER_BUSY_MS = 1_000;

/** Tells whoever wants it that a job has ended: what is owed is in the database, and tried until it is delivered or given up. */
@Injectable()
export class WebhookDeliveries implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Webhooks');
  private readonly schedule: DueWork;
  private readonly receivers = new Receivers();
  private readonly stopping = new AbortController();
  private readonly underWay = new Set<Promise<void>>();

  constructor(
    private readonly webhooks: Webhooks,
    private readonly tries: WebhookTry,
    private readonly clock: Clock,
    timetable: Timetable,
    changes: JobChanges,
  ) {
    this.schedule = timetable.add({
      name: 'the delivery of webhooks',
      next: () => (this.receivers.areAllBusy ? Promise.resolve(null) : webhooks.nextDue()),
      work: (now) => this.beginDue(now),
    });
    changes.listen((_ids, to) => {
      if (isFinished(to)) this.schedule.expectAt(clock.now() + LOOK_AFTER_MS);
    });
  }

  /** What is under way is broken off, and owed still. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort(new Error('the service stops'));
    await Promise.all(this.underWay);
  }

  private async beginDue(now: number): Promise<void> {
    const free = this.receivers.free;
    if (free === 0 || this.stopping.signal.aborted) return;
    const waiting: WebhookRow[] = [];
    for (const row of await this.webhooks.due(now, free)) {
      const host = hostOf(row.url);
      if (!this.receivers.hasRoomFor(host)) waiting.push(row);
      else if (await this.webhooks.putOff(row, now + HELD_MS)) this.begin(row, now + HELD_MS, host);
    }
    await this.webhooks.putOffDue(waiting, now, now + AFTER_BUSY_MS);
  }

  private begin(row: WebhookRow, heldUntil: number, host: string): void {
    this.receivers.enter(host);
    const delivery = this.deliver(row, heldUntil).finally(() => {
      this.receivers.leave(host);
      this.underWay.delete(delivery);
      this.schedule.expectAt(this.clock.now());
    });
    this.underWay.add(delivery);
  }

  private async deliver(row: WebhookRow, heldUntil: number): Promise<void> {
    try {
      const result = await this.tries.of(row, this.stopping.signal);
      if (result === 'broken off') await this.webhooks.putOff({ ...row, dueAt: heldUntil }, this.clock.now());
      else if (result === 'nobody to tell of') await this.webhooks.forget(row.jobId);
      else await this.webhooks.settle(row, heldUntil, result);
    } catch (error) {
      // Whatever it was, it is tried again when it is not held any more.
      this.logger.error({ err: error, jobId: row.jobId, msg: 'a webhook could not be tried' });
    }
  }
}
