import { hash, randomFillSync } from 'node:crypto';
import { stringify, v7 as uuidV7 } from 'uuid';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Any UUID in its textual form, in either case and of any version: a foreign data manager may make them as it likes. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}

/** A UUID that `name` determines within `namespace` (version 5): the same two always give the same id. */
export function derivedUuid(namespace: string, name: string): string {
  // Each job needs several: the library's v5 takes three times as long, as it makes bytes of text and text of bytes itself.
  const bytes = Buffer.concat([Buffer.from(namespace.replaceAll('-', ''), 'hex'), Buffer.from(name)]);
  const digest = hash('sha1', bytes, 'buffer');
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x50;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  return stringify(digest);
}

/** The lowest UUIDv7 of a millisecond since the epoch; every id made in or after it sorts at or above this. */
export function firstUuidAt(milliseconds: number): string {
  const hex = Math.min(Math.max(0, Math.ceil(milliseconds)), 0xffff_ffff_ffff)
    .toString(16)
    .padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** The millisecond since the epoch that a UUIDv7 carries. */
export function createdAtOf(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** Of one UUID. */
const RANDOM_BYTES = 16;
/** Asking the system for randomness takes longer than all the rest of an id: it is asked for many at once. */
const IDS_AT_ONCE = 256;

/** Makes UUIDv7 keys (RFC 9562, 5.7) that sort in the order in which this process made them. */
export class OrderedIds {
  private lastMilliseconds = 0;
  private sequence = 0;
  private readonly pool = Buffer.alloc(RANDOM_BYTES * IDS_AT_ONCE);
  private used = this.pool.length;

  /** The next id, and the millisecond that it carries: at least `now`, later than or equal to the last. */
  next(now: number): { id: string; milliseconds: number } {
    if (now > this.lastMilliseconds) {
      this.lastMilliseconds = now;
      this.sequence = 0;
    } else {
      this.sequence += 1;
    }
    const milliseconds = this.lastMilliseconds;
    const random = this.random();
    return { id: uuidV7({ msecs: milliseconds, seq: this.sequence, random }), milliseconds };
  }

  private random(): Buffer {
    if (this.used === this.pool.length) {
      randomFillSync(this.pool);
      this.used = 0;
    }
    this.used += RANDOM_BYTES;
    return this.pool.subarray(this.used - RANDOM_BYTES, this.used);
  }
}
