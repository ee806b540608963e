import { existsSync } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { type Readable } from 'node:stream';
import { DomainError } from '../../kernel/errors.js';
import { NOBODY_IN_PARTICULAR, type OwnedFile } from '../file-access.js';
import { noSuchFile } from '../file-id.js';
import { type ByteRange } from '../file-store.js';
import { ExpiryIndex } from './expiry-index.js';
import { type FileLayout } from './file-layout.js';
import { FolderSync } from './folder-sync.js';
import { moveInto } from './move-into.js';
import { readSidecar, writeSidecar } from './sidecar.js';
import { type Room } from './quota.js';
import { type StagedFile } from './staged-file.js';
import { type StoredBytes } from './stored-bytes.js';
import { hasCode } from './storage-error.js';
import { damaged, hasExpired, type StoredFile } from './stored-file.js';

/**
 * Files whose bytes lie under their id, with a sidecar beside them. One exists from the rename of its bytes on, which
 * comes last. Changes of one id must not overlap. Rejects with the operating system's errors.
 */
export class LargeFiles {
  private readonly expiry: ExpiryIndex;
  private readonly folders = new FolderSync();
  private stored: StoredBytes | undefined;

  /** @param layout whose folders exist before anything else is called */
  constructor(private readonly layout: FileLayout) {
    this.expiry = new ExpiryIndex(layout.expiring);
  }

  /** Has every file noted from now on. */
  noteIn(stored: StoredBytes): void {
    this.stored = stored;
  }

  /**
   * The file where it is there, whole, and has not expired at `now` (milliseconds since the epoch).
   * @throws DomainError `unavailable` where it is damaged
   */
  async find(id: string, now: number): Promise<StoredFile | null> {
    const file = await this.described(id);
    if (file === null || hasExpired(file, now)) return null;
    try {
      const { size } = await stat(this.layout.dataOf(id));
      if (size !== file.size) throw damaged();
      return file;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return null;
      throw error;
    }
  }

  /** Whose the file is, damaged or not. Where it doesn't tell any more, it is nobody's in particular. */
  async ownedAt(id: string, now: number): Promise<OwnedFile | null> {
    const file = await this.describedEvenDamaged(id);
    if (file === 'damaged') return { id, owner: NOBODY_IN_PARTICULAR, acl: [] };
    return file === null || hasExpired(file, now) ? null : file;
  }

  /** False where nothing at all lies under that id. */
  mayHold(id: string): boolean {
    return existsSync(this.layout.sidecarOf(id));
  }

  /** Stores, durably, under an id where {@link find} finds nothing. On failure nothing is left of it. */
  async add(file: StoredFile, staged: StagedFile & { readonly room: Room }): Promise<void> {
    await this.claim(file);
    try {
      await Promise.all([staged.durable, this.stored?.note(file)]);
      staged.room.release();
      if (file.expiresAt !== null) await this.expiry.add(file.id, file.expiresAt);
      await moveInto(staged, this.layout.dataOf(file.id), () => this.layout.newTemporary());
      await this.folders.sync(this.layout.shardOf(file.id));
    } catch (error) {
      await this.erase(file);
      throw error;
    }
  }

  /** Writes what is known of a file anew, durably: one sidecar takes the place of the other. */
  async share(file: StoredFile): Promise<void> {
    const written = this.layout.newTemporary();
    await writeSidecar(written, file);
    await rename(written, this.layout.sidecarOf(file.id));
    await this.folders.sync(this.layout.shardOf(file.id));
  }

  async read(id: string, { start, end }: ByteRange): Promise<Readable> {
    let handle: FileHandle;
    try {
      handle = await open(this.layout.dataOf(id), 'r');
    } catch (error) {
      throw hasCode(error, 'ENOENT') ? noSuchFile(id) : error;
    }
    return handle.createReadStream({ start, end: end - 1, highWaterMark: 256 * 1024 });
  }

  /** Removes the file, damaged or not; tells whether there was one that had not expired. */
  async remove(id: string, now: number): Promise<boolean> {
    const file = await this.describedEvenDamaged(id);
    if (file === null) return false;
    await this.erase({ id, expiresAt: file === 'damaged' ? null : file.expiresAt });
    return file === 'damaged' || !hasExpired(file, now);
  }

  /** Calls `end` with each id that may be due at `now`; it answers as {@link removeExpired} does. */
  sweep(now: number, end: (id: string) => Promise<boolean>): Promise<void> {
    return this.expiry.sweep(now, end);
  }

  /** Removes the file if it has expired; true where nothing is left to do for that id. */
  async removeExpired(id: string, now: number): Promise<boolean> {
    const file = await this.describedEvenDamaged(id);
    // When a damaged one ends nobody knows: it stays until it is removed.
    if (file === 'damaged') return true;
    if (file !== null && !hasExpired(file, now)) return false;
    if (file !== null) await this.erase({ id, expiresAt: file.expiresAt });
    return true;
  }

  /** Gives descriptors back. */
  close(): void {
    this.folders.close();
  }

  private async claim(file: StoredFile): Promise<void> {
    const path = this.layout.sidecarOf(file.id);
    try {
      await writeSidecar(path, file);
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
      // A file that has expired, or the remains of a put that could not even clean up after itself.
      await this.remove(file.id, Number.MAX_SAFE_INTEGER);
      await writeSidecar(path, file);
    }
  }

  private described(id: string): Promise<StoredFile | null> {
    // Most ids asked for here are new ones: a look is far cheaper than a read that fails.
    return this.mayHold(id) ? readSidecar(this.layout.sidecarOf(id)) : Promise.resolve(null);
  }

  private async describedEvenDamaged(id: string): Promise<StoredFile | 'damaged' | null> {
    try {
      return await this.described(id);
    } catch (error) {
      if (error instanceof DomainError) return 'damaged';
      throw error;
    }
  }

  /** The bytes go first: without them there is no file, whatever becomes of the sidecar. */
  private async erase({ id, expiresAt }: Pick<StoredFile, 'id' | 'expiresAt'>): Promise<void> {
    await rm(this.layout.dataOf(id), { force: true });
    await rm(this.layout.sidecarOf(id), { force: true });
    await this.folders.sync(this.layout.shardOf(id));
    await this.stored?.forget(id);
    if (expiresAt !== null) await this.expiry.remove(id, expiresAt);
  }
}
