/** Lets one task at a time run per key, first come first served; other keys don't wait. */
export class KeyedLock {
  /** When the last that was asked for is over, however it ends. */
  private readonly tails = new Map<string, Promise<unknown>>();

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const mine = this.tails.get(key)?.then(task) ?? task();
    const tail = mine.catch(() => undefined);
    this.tails.set(key, tail);
    try {
      return await mine;
    } finally {
      if (this.tails.get(key) === tail) this.tails.delete(key);
    }
  }
}
