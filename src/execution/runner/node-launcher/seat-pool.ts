import { join } from 'node:path';
import { openFifos } from './fifo.js';
import { Seat, type SeatOptions } from './seat.js';

/** A seat for each place in which anything ran. */
export class SeatPool {
  private readonly seats = new Map<number, Seat>();

  /** @param cgroups directories in which each place has its own */
  constructor(
    private readonly options: Omit<SeatOptions, 'cgroups'>,
    private readonly cgroups: readonly string[],
  ) {}

  /** Rejects where the host has no room for another. */
  async take(place: number): Promise<Seat> {
    const known = this.seats.get(place);
    if (known !== undefined) return known;
    const [stdout, stderr] = await openFifos(2, this.options.instance);
    if (stdout === undefined || stderr === undefined) throw new Error('no pipes');
    const cgroups = this.cgroups.map((directory) => join(directory, String(place)));
    const seat = new Seat({ ...this.options, cgroups }, [stdout, stderr]);
    this.seats.set(place, seat);
    return seat;
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.seats.values()].map((seat) => seat.dispose()));
  }
}
