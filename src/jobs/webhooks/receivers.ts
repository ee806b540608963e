/** So many are told at once, and of them so many at one host: who answers slowly holds up no other. */
const AT_ONCE = 64;
const AT_ONCE_PER_HOST = 8;

/** The name of its machine, at whatever port: `a.example` and `a.example.` are one. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/\.$/, '');
}

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
  hasRoomFor(host: string): boolean {
    return !this.areAllBusy && (this.byHost.get(host) ?? 0) < AT_ONCE_PER_HOST;
  }

  enter(host: string): void {
    this.byHost.set(host, (this.byHost.get(host) ?? 0) + 1);
    this.count += 1;
  }

  leave(host: string): void {
    const busy = this.byHost.get(host) ?? 0;
    if (busy > 1) this.byHost.set(host, busy - 1);
    else this.byHost.delete(host);
    this.count -= 1;
  }
}
