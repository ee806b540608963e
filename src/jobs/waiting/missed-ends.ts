import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { EndNews } from '../../execution/end-news.port.js';
import { JOBS_OPTIONS, type JobsOptions } from '../jobs.options.js';
import { AwaitedJobs } from './awaited-jobs.js';
import { OpenJobs } from './open-jobs.js';

/** A server may die between writing an end down and telling the others: so often it is looked for what nobody told. */
const LOOK_EVERY_MS = 5_000;
const AT_ONCE = 500;

/** Finds the ends of awaited jobs that other servers could not tell of. */
@Injectable()
export class MissedEnds implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> | undefined;

  constructor(
    private readonly awaited: AwaitedJobs,
    private readonly open: OpenJobs,
    @Inject(JOBS_OPTIONS) private readonly options: JobsOptions,
    news: EndNews,
  ) {
    news.whenInDoubt(() => {
      this.look();
    });
  }

  onApplicationBootstrap(): void {
    if (!this.options.isShared) return;
    this.timer = setInterval(() => {
      this.look();
    }, LOOK_EVERY_MS);
    this.timer.unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.looking;
  }

  private look(): void {
    this.looking ??= this.lookThrough(this.awaited.ids()).finally(() => {
      this.looking = undefined;
    });
  }

  private async lookThrough(ids: readonly string[]): Promise<void> {
    for (let start = 0; start < ids.length; start += AT_ONCE) {
      const some = ids.slice(start, start + AT_ONCE);
      // While the database is away nobody can be told how a job has ended; the next look comes soon.
      const open = new Set(await this.open.of(some).catch(() => some));
      for (const id of some) {
        if (!open.has(id)) this.awaited.tell(id);
      }
    }
  }
}
