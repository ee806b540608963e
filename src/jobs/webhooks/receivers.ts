/** So many are told at once, and of them so many at one host: who answers slowly holds up no other. */
const AT_ONCE = 64;
const AT_ONCE_PER_HOST = 8;

/** Who is being told just now. */
export class Receivers {
  private readonly byHost = new Map<string, number>();
  private count = 0;

  get free(): number {
    return AT_ONCE - this.count;
  }

  get areAllBusy(): boolean {
    return this.free === 0;
  }

  /** False where that host is told of enough already. */
  enter(host: string): boolean {
    const busy = this.byHost.get(host) ?? 0;
    if (busy >= AT_ONCE_PER_HOST || this.areAllBusy) return false;
    this.byHost.set(host, busy + 1);
    this.count += 1;
    return true;
  }

  leave(host: string): void {
    const busy = this.byHost.get(host) ?? 0;
    if (busy > 1) this.byHost.set(host, busy - 1);
    else this.byHost.delete(host);
    this.count -= 1;
  }
}
