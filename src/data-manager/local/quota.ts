import { DomainError } from '../../kernel/errors.js';
import { type StoredBytes } from './stored-bytes.js';

/** What one upload takes of what its owner may store. */
export interface Room {
  /**
   * To be called before `bytes` more of it are kept.
   * @throws DomainError `invalid_request` where they are too many
   */
  take(bytes: number): void;
  /** False where some of it was let in because the same file seems to be stored already. */
  readonly isWhole: boolean;
  /** To be called before it is stored as a file that was not there: no other may stand in for it any more. */
  settle(): void;
  /** To be called once it is counted among what is stored, or won't be stored. May be called twice. */
  release(): void;
}

/** Where nothing is counted. */
export const ENDLESS_ROOM: Room = {
  isWhole: true,
  take: () => undefined,
  settle: () => undefined,
  release: () => undefined,
};

export interface QuotaOptions {
  /** Bytes that each owner may store. */
  readonly most: number;
  readonly stored: StoredBytes;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Holds owners to so many bytes, with those that are on their way. */
export class Quota {
  /** Bytes on their way, by owner. */
  private readonly underway = new Map<string, number>();

  constructor(private readonly options: QuotaOptions) {}

  /** For an upload that will be stored as `id`. */
  roomFor(id: string, owner: string): Room {
    return new UploadRoom(this, id, owner);
  }

  /** Adds to what is on its way; false, and nothing is added, where that would be too much. */
  reserve(owner: string, bytes: number): boolean {
    if (bytes > 0 && !this.fits(owner, bytes)) return false;
    const reserved = (this.underway.get(owner) ?? 0) + bytes;
    if (reserved > 0) this.underway.set(owner, reserved);
    else this.underway.delete(owner);
    return true;
  }

  /** Bytes of that file where it is stored and that owner's: stored again it costs nothing. */
  alreadyStored(id: string, owner: string): number {
    return this.options.stored.ofFile(id, owner);
  }

  /** @param own bytes of the refused upload that are on their way */
  refusal(owner: string, own: number): DomainError {
    const { most } = this.options;
    const used = this.usedBy(owner) - this.expiredOf(owner) - own;
    return new DomainError(
      'invalid_request',
      `Over quota: ${used} of the ${most} bytes that ${owner} may store are taken, and this file would be too much. ` +
        'Delete files, or jobs with their answers.',
    );
  }

  private fits(owner: string, bytes: number): boolean {
    const above = this.usedBy(owner) + bytes - this.options.most;
    return above <= 0 || above <= this.expiredOf(owner);
  }

  private usedBy(owner: string): number {
    return this.options.stored.of(owner) + (this.underway.get(owner) ?? 0);
  }

  private expiredOf(owner: string): number {
    return this.options.stored.ofExpired(owner, this.options.now());
  }
}

class UploadRoom implements Room {
  private size = 0;
  private reserved = 0;
  private alreadyStored = 0;

  constructor(
    private readonly quota: Quota,
    private readonly id: string,
    private readonly owner: string,
  ) {}

  get isWhole(): boolean {
    return this.reserved >= this.size;
  }

  take(bytes: number): void {
    this.size += bytes;
    if (this.isCovered()) return;
    this.alreadyStored = this.quota.alreadyStored(this.id, this.owner);
    if (!this.isCovered()) throw this.quota.refusal(this.owner, this.reserved);
  }

  settle(): void {
    this.alreadyStored = 0;
    if (!this.isCovered()) throw this.quota.refusal(this.owner, this.reserved);
  }

  release(): void {
    this.quota.reserve(this.owner, -this.reserved);
    this.reserved = 0;
    this.size = 0;
  }

  private isCovered(): boolean {
    const missing = Math.max(0, this.size - this.alreadyStored) - this.reserved;
    if (missing <= 0) return true;
    if (!this.quota.reserve(this.owner, missing)) return false;
    this.reserved += missing;
    return true;
  }
}
