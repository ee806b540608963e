/** Where a flush is done: on the event loop, which waits for it, or in a thread. */
export type FlushPlace = 'loop' | 'thread';

/** The median of so many counts. */
const REMEMBERED = 9;
/** A flush that takes less than so many hops to a thread and back is not worth one. */
const SLOW_HOPS = 8;
/** For so many the loop must have been busy meanwhile, to be worth a thread. */
const WORTH_HOPS = 4;
/** Ms, on a slow machine; until it is measured. What is measured to be more may have waited for something else. */
const HOP_MS = 0.04;
/** Where one place is better, every so-manieth flush is done in the other, which alone tells what that takes or brings. */
const TRIED_EVERY = 16;

/** Learns from each flush where the next one is done best (`docs/decisions/0006-group-commit.md`). */
export class FlushChoice {
  /** Ms of flushes on the loop. */
  private readonly took = new Recent();
  /** Ms for which the loop was busy during flushes in threads. */
  private readonly used = new Recent();
  private flushes = 0;
  private hopMs = HOP_MS;

  next(): FlushPlace {
    this.flushes += 1;
    const { took, used, hopMs } = this;
    if (took.median === undefined || took.median < SLOW_HOPS * hopMs) return 'loop';
    const isTry = this.flushes % TRIED_EVERY === 0;
    const isWorth = used.median === undefined || used.median >= WORTH_HOPS * hopMs;
    return isWorth === isTry ? 'loop' : 'thread';
  }

  /** @param ms as {@link threadHopMs} */
  hopTakes(ms: number): void {
    this.hopMs = Math.min(ms, HOP_MS);
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
  /** Undefined before there are enough. */
  median: number | undefined;
  private readonly figures: number[] = [];

  add(figure: number): void {
    this.figures.push(figure);
    if (this.figures.length < REMEMBERED) return;
    if (this.figures.length > REMEMBERED) this.figures.shift();
    this.median = this.figures.toSorted((a, b) => a - b)[Math.floor(REMEMBERED / 2)];
  }
}
