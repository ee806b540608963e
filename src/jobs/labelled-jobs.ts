/** Enough for what is held at once; whoever is forgotten is looked up. */
const MOST_REMEMBERED = 10_000;

/** Which jobs have labels, as far as they were read lately: that never changes while they live. */
export class LabelledJobs {
  private readonly known = new Map<string, boolean>();

  /** @param look asks the database */
  constructor(private readonly look: (id: string) => Promise<boolean>) {}

  remember(id: string, isLabelled: boolean): void {
    this.known.delete(id);
    this.known.set(id, isLabelled);
    const [oldest] = this.known.keys();
    if (this.known.size > MOST_REMEMBERED && oldest !== undefined) this.known.delete(oldest);
  }

  /** To be asked when the job ends: then it is forgotten. */
  async has(id: string): Promise<boolean> {
    const known = this.known.get(id);
    this.known.delete(id);
    return known ?? (await this.look(id));
  }
}
