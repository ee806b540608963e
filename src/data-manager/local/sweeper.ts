import { Logger, type OnApplicationShutdown, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { type LocalFileStore } from './local-file-store.js';

export const DEFAULT_SWEEP_EVERY_MS = 60_000;

/** Removes expired files now and then while the application lives, and gives the store's descriptors back after. */
export class Sweeper implements OnModuleInit, OnModuleDestroy, OnApplicationShutdown {
  private readonly logger = new Logger(Sweeper.name);
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: LocalFileStore | null,
    private readonly everyMs: number = DEFAULT_SWEEP_EVERY_MS,
  ) {}

  onModuleInit(): void {
    if (this.store !== null) this.schedule(this.store);
  }

  async onModuleDestroy(): Promise<void> {
    clearTimeout(this.timer);
    await this.running;
    clearTimeout(this.timer);
  }

  /** As late as can be: what is drained before may still store files. */
  onApplicationShutdown(): void {
    this.store?.close();
  }

  private schedule(store: LocalFileStore): void {
    this.timer = setTimeout(() => {
      this.running = this.sweep(store);
    }, this.everyMs).unref();
  }

  private async sweep(store: LocalFileStore): Promise<void> {
    try {
      await store.sweep();
    } catch (error) {
      this.logger.error(error);
    }
    this.schedule(store);
  }
}
