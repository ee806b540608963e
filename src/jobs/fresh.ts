import { type Clock } from '../kernel/clock.js';

/** Something that is asked for often and may be a little old: all who ask within `freshMs` get what the first one got. */
export class Fresh<T> {
  private known: Promise<T> | undefined;
  private knownAt = Number.NEGATIVE_INFINITY;

  /** @param load a failure is told to those who wait for it, and forgotten */
  constructor(
    private readonly load: () => Promise<T>,
    private readonly freshMs: number,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  get(): Promise<T> {
    const now = this.clock.now();
    if (this.known === undefined || now - this.knownAt >= this.freshMs) {
      const loaded = this.load();
      this.known = loaded;
      this.knownAt = now;
      loaded.catch(() => {
        if (this.known === loaded) this.known = undefined;
      });
    }
    return this.known;
  }
}
