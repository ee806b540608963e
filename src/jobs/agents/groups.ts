interface Asked<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Does for many at once what each asks for: the first at once, and all that come meanwhile as one group after it. So a
 * group is as large as the load makes it, nobody waits while nothing is under way, and what came first is done first.
 */
export class Groups<Item, Answer> {
  private asked: Asked<Item, Answer>[] = [];
  private isWorking = false;

  /**
   * @param work answers each item of a group, in their order; where it rejects, it does so for all of them
   * @param largest group
   */
  constructor(
    private readonly work: (items: readonly Item[]) => Promise<readonly Answer[]>,
    private readonly largest: number,
  ) {}

  ask(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.asked.push({ item, resolve, reject });
      void this.workOff();
    });
  }

  private async workOff(): Promise<void> {
    if (this.isWorking) return;
    this.isWorking = true;
    while (this.asked.length > 0) await this.answer(this.asked.splice(0, this.largest));
    this.isWorking = false;
  }

  private async answer(group: readonly Asked<Item, Answer>[]): Promise<void> {
    try {
      const answers = await this.work(group.map(({ item }) => item));
      // The work answers each.
      group.forEach(({ resolve }, index) => {
        resolve(answers[index] as Answer);
      });
    } catch (error) {
      group.forEach(({ reject }) => {
        reject(error);
      });
    }
  }
}
