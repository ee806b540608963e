import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { CleanUp } from './clean-up.js';
import { type DueWork } from './due-work.js';
import { ExpiryService } from './expiry/expiry.service.js';
import { DelayedRetries } from './recovery/delayed-retries.js';
import { LostAgents } from './recovery/lost-agents.js';
import { Tombstones } from './recovery/tombstones.js';

/** Starts and stops all that happens to jobs by the clock. */
@Injectable()
export class Schedules implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly all: readonly DueWork[];

  constructor(
    expiry: ExpiryService,
    retries: DelayedRetries,
    lostAgents: LostAgents,
    cleanUp: CleanUp,
    tombstones: Tombstones,
  ) {
    this.all = [expiry, retries, lostAgents, cleanUp, tombstones].map(({ schedule }) => schedule);
  }

  onApplicationBootstrap(): void {
    this.all.forEach((work) => {
      work.start();
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.all.map((work) => work.stop()));
  }
}
