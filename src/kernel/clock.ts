/** Where the time comes from; a port, so that tests can move it. */
export abstract class Clock {
  /** Milliseconds since the Unix epoch, an integer that never steps back while the process lives. */
  abstract now(): number;
}

/**
 * Wall time at the start of the process plus monotonic time since: an operator or NTP that steps the
 * system's clock neither expires jobs early nor keeps them for ever.
 */
export class SteadyClock extends Clock {
  now(): number {
    return Math.floor(performance.timeOrigin + performance.now());
  }
}

/** Ms on the clock that all processes of a machine share, and that nobody sets (CLOCK_MONOTONIC). */
export function monotonicNow(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
