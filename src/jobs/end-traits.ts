/** What must be written beside a job's row when it ends. */
export interface EndTraits {
  readonly hasLabels: boolean;
  readonly hasWebhook: boolean;
}

/** Enough for what is held at once; whoever is forgotten is looked up. */
const MOST_REMEMBERED = 10_000;

/** The {@link EndTraits} of jobs, as far as they were read lately: they never change while a job lives. */
export class KnownTraits {
  private readonly known = new Map<string, EndTraits>();

  /** @param look asks the database */
  constructor(private readonly look: (id: string) => Promise<EndTraits>) {}

  remember(id: string, traits: EndTraits): void {
    this.known.delete(id);
    this.known.set(id, traits);
    const [oldest] = this.known.keys();
    if (this.known.size > MOST_REMEMBERED && oldest !== undefined) this.known.delete(oldest);
  }

  /** To be asked when the job ends: then they are forgotten. */
  async of(id: string): Promise<EndTraits> {
    const known = this.known.get(id);
    this.known.delete(id);
    return known ?? (await this.look(id));
  }
}
