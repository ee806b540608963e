import { openFifos } from './fifo.js';
import { Seat, type SeatOptions } from './seat.js';

/** As many seats as ever ran at once; an idle one is used again. */
export class SeatPool {
  private readonly seats = new Set<Seat>();
  private readonly idle: Seat[] = [];

  constructor(private readonly options: SeatOptions) {}

  /** Rejects where the host has no room for another. */
  async take(): Promise<Seat> {
    const idle = this.idle.pop();
    if (idle !== undefined) return idle;
    const [stdout, stderr] = await openFifos(2);
    if (stdout === undefined || stderr === undefined) throw new Error('no pipes');
    const seat = new Seat(this.options, [stdout, stderr]);
    this.seats.add(seat);
    return seat;
  }

  giveBack(seat: Seat): void {
    this.idle.push(seat);
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.seats].map((seat) => seat.dispose()));
  }
}
