/** Runs what has the same key one after the other, and what has another key beside it. */
export class Turns {
  /** When the last that was asked for is over, however it ends. */
  private readonly last = new Map<string, Promise<unknown>>();

  async take<Answer>(key: string, work: () => Promise<Answer>): Promise<Answer> {
    const mine = this.last.get(key)?.then(work) ?? work();
    const over = mine.catch(() => undefined);
    this.last.set(key, over);
    try {
      return await mine;
    } finally {
      if (this.last.get(key) === over) this.last.delete(key);
    }
  }
}
