import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { Clock, SteadyClock } from '../kernel/clock.js';
import { DomainError, messageOf } from '../kernel/errors.js';
import { type Database } from './database.js';

const SYNC_EVERY_MS = 10_000;
const FIRST_TRIES = 60;
const FIRST_AGAIN_MS = 1_000;
/** An answer that took longer says too little about when it was true. */
const LONGEST_ANSWER_MS = 500;

/**
 * The database's time: several servers agree on when a lease ends, whatever their own clocks say. Between two looks
 * at it, and while it is away, it goes on by the clock that nobody sets.
 */
export class DatabaseClock extends Clock implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('Clock');
  private readonly steady = new SteadyClock();
  private aheadMs = 0;
  private latest = 0;
  private timer: NodeJS.Timeout | undefined;

  /** @param database a MySQL or MariaDB */
  constructor(private readonly database: Database) {
    super();
  }

  now(): number {
    this.latest = Math.max(this.latest, Math.floor(this.steady.now() + this.aheadMs));
    return this.latest;
  }

  /** Waits a minute for a database that is away. */
  async onModuleInit(): Promise<void> {
    for (let triesLeft = FIRST_TRIES; !(await this.hasSynced(triesLeft)); triesLeft -= 1) {
      await delay(FIRST_AGAIN_MS);
    }
    this.timer = setInterval(() => {
      this.sync().catch((error: unknown) => {
        this.logger.debug(`the time of the database is not known: ${messageOf(error)}`);
      });
    }, SYNC_EVERY_MS);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private async hasSynced(triesLeft: number): Promise<boolean> {
    try {
      if (await this.sync()) return true;
    } catch (error) {
      if (triesLeft <= 1 || !(error instanceof DomainError)) throw error;
    }
    if (triesLeft <= 1) throw new Error('the database takes too long to tell the time');
    return false;
  }

  /** False where the answer was too long on its way to be believed. */
  private async sync(): Promise<boolean> {
    const asked = this.steady.now();
    const [row] = await this.database.rows<{ ms: string | number }>({
      // Not by UNIX_TIMESTAMP: that goes through local time, in which an hour of the year comes twice.
      sql: "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000 AS ms",
      parameters: [],
    });
    const tookMs = this.steady.now() - asked;
    if (row === undefined || tookMs > LONGEST_ANSWER_MS) return false;
    this.aheadMs = Number(row.ms) - asked - tookMs / 2;
    return true;
  }
}
