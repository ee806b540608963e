import { type Mark } from './yard.js';

interface Note {
  /** Ms since the epoch. */
  readonly at: number;
  readonly text: string;
  /** Of the job that it is about; absent: about the fleet. */
  readonly index?: number;
}

/** When what was done and seen, to be told where something went wrong. */
export class Timeline {
  readonly begunAt = Date.now();
  private readonly notes: Note[] = [];

  /** About the fleet. */
  note(text: string): void {
    this.notes.push({ at: Date.now(), text });
  }

  noteOf(index: number, text: string): void {
    this.notes.push({ at: Date.now(), text, index });
  }

  /** What concerns the fleet, in lines. */
  fleet(): string[] {
    return this.inLines(this.notes.filter(({ index }) => index === undefined));
  }

  /** What concerns a job: the harness's notes, the job's own marks, and the faults of that time. */
  job(index: number, marks: readonly Mark[], logged: readonly Note[] = []): string[] {
    const own = [
      ...this.notes.filter((note) => note.index === index),
      ...logged,
      ...withoutMiddle(marks.filter((mark) => mark.index === index)).map(({ at, kind, attempt }) => ({
        at,
        text: `    the job: ${kind}, attempt ${attempt}`,
        index,
      })),
    ];
    const last = Math.max(...own.map(({ at }) => at));
    const first = Math.min(...own.map(({ at }) => at));
    const around = this.notes.filter(
      (note) => note.index === undefined && note.at >= first - 3_000 && note.at <= last,
    );
    return this.inLines([...around, ...own]);
  }

  private inLines(notes: readonly Note[]): string[] {
    return [...notes]
      .sort((one, other) => one.at - other.at)
      .map(({ at, text }) => `${((at - this.begunAt) / 1_000).toFixed(3).padStart(9)} ${text}`);
  }
}

/** Of many ticks in a row, the first and the last. */
function withoutMiddle(marks: readonly Mark[]): Mark[] {
  const isTick = (mark: Mark | undefined, attempt: number): boolean =>
    mark?.kind === 'tick' && mark.attempt === attempt;
  return marks.filter(
    ({ attempt }, position) =>
      !isTick(marks[position], attempt) ||
      !isTick(marks[position - 1], attempt) ||
      !isTick(marks[position + 1], attempt),
  );
}
