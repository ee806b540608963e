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
