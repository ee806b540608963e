/** Where a flush is done: on the event loop, which waits for it, or in a thread. */
export type FlushPlace = 'loop' | 'thread';

/** The median of so many counts. */
const REMEMBERED = 9;
/** A thread takes some 0.1 ms of processor time, and so a flush that is quicker is not worth one. */
const SLOW_MS = 0.3;
/** What the loop must have done meanwhile, to be worth a thread. */
const WORTH_MS = 0.1;
/** Where one place is better, every so-manieth flush is done in the other, which alone tells what that takes or brings. */
const TRIED_EVERY = 16;

/** Learns from each flush where the next one is done best (`docs/decisions/0006-group-commit.md`). */
export class FlushChoice {
  /** Ms of flushes on the loop. */
  private readonly took = new Recent();
  /** Ms for which the loop was busy during flushes in threads. */
  private readonly used = new Recent();
  private flushes = 0;

  next(): FlushPlace {
    this.flushes += 1;
    const { took, used } = this;
    if (took.median === undefined || took.median < SLOW_MS) return 'loop';
    const isTry = this.flushes % TRIED_EVERY === 0;
    const isWorth = used.median === undefined || used.median >= WORTH_MS;
    return isWorth === isTry ? 'loop' : 'thread';
  }

  /** @param ms that the loop waited */
  tookOnLoop(ms: number): void {
    this.took.add(ms);
  }

  /** @param ms for which the loop was busy meanwhile */
  usedDuringThread(ms: number): void {
    this.used.add(ms);
  }
}

/** The last of some figures. */
class Recent {
  private readonly figures: number[] = [];

  /** Undefined before there are enough. */
  get median(): number | undefined {
    if (this.figures.length < REMEMBERED) return undefined;
    return this.figures.toSorted((a, b) => a - b)[Math.floor(REMEMBERED / 2)];
  }

  add(figure: number): void {
    this.figures.push(figure);
    if (this.figures.length > REMEMBERED) this.figures.shift();
  }
}
