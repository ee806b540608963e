import { Clock } from '../../src/kernel/clock.js';

/** Stands still, but for what a test moves it by. */
export class MovableClock extends Clock {
  /** @param time milliseconds since the epoch */
  constructor(private time: number) {
    super();
  }

  now(): number {
    return this.time;
  }

  advance(milliseconds: number): void {
    this.time += milliseconds;
  }
}
