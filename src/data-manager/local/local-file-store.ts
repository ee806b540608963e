import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { addAbortSignal, Readable } from 'node:stream';
import { type Clock, SteadyClock } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/errors.js';
import { rangeWithin } from '../byte-range.js';
import { fileId, idTaken, noSuchFile } from '../file-id.js';
import { type ByteRange, type FileSource, FileStore, type OpenFile, type PutOptions } from '../file-store.js';
import { ExpiryIndex } from './expiry-index.js';
import { FileLayout } from './file-layout.js';
import { FolderSync } from './folder-sync.js';
import { KeyedLock } from './keyed-lock.js';
import { removeLeftovers } from './leftovers.js';
import { moveInto } from './move-into.js';
import { damaged, readSidecar, type StoredFile, writeSidecar } from './sidecar.js';
import { discard, type StagedFile, stageOwned, stageStream } from './staged-file.js';
import { hasCode, onDisk } from './storage-error.js';

/** What a staged file is stored as. */
export interface FileMetadata {
  readonly id: string;
  readonly name: string;
  /** Seconds from now, 0 … 2^64 - 1; absent: the file stays until it is removed. */
  readonly ttl?: bigint;
  readonly tags?: readonly string[];
}

/**
 * Files in a directory of this process's own: the bytes under the file's id, and a sidecar beside them. A file
 * exists from the rename of its bytes on, which comes last; see docs/data-manager.md.
 */
export class LocalFileStore extends FileStore {
  private readonly layout: FileLayout;
  private readonly expiry: ExpiryIndex;
  private readonly folders = new FolderSync();
  private readonly locks = new KeyedLock();

  /** @param directory made by {@link prepare}; no other process may use it meanwhile */
  constructor(
    directory: string,
    private readonly clock: Clock = new SteadyClock(),
  ) {
    super();
    this.layout = new FileLayout(directory);
    this.expiry = new ExpiryIndex(this.layout.expiring);
  }

  /** Makes the folders and removes what a process that died left behind; to be called before anything else. */
  prepare(): Promise<void> {
    return onDisk(async () => {
      await this.layout.create();
      await removeLeftovers(this.layout);
    });
  }

  async put(source: FileSource, { id, name, signal }: PutOptions): Promise<StoredFile> {
    const validId = fileId(id);
    signal?.throwIfAborted();
    const owned = source.ownedPath === undefined ? undefined : await stageOwned(source.ownedPath, signal);
    const staged = owned ?? (await this.stage(source.open(), signal));
    return this.commit(staged, { id: validId, name });
  }

  /** Takes bytes in whose metadata is not known yet; {@link commit} or {@link discard} must follow. */
  stage(content: Readable, signal?: AbortSignal): Promise<StagedFile> {
    return stageStream(this.layout.newTemporary(), content, signal);
  }

  discard(staged: StagedFile): Promise<void> {
    return onDisk(() => discard(staged));
  }

  /** Stores what was staged, durably; or discards it, where it fails or the same file is there already. */
  async commit(staged: StagedFile, metadata: FileMetadata): Promise<StoredFile> {
    const file = this.describe(staged, metadata);
    try {
      return await this.locks.run(file.id, () => onDisk(() => this.store(staged, file)));
    } catch (error) {
      await this.discard(staged);
      throw error;
    }
  }

  async info(id: string, signal?: AbortSignal): Promise<StoredFile> {
    const validId = fileId(id);
    signal?.throwIfAborted();
    const file = await onDisk(() => this.find(validId));
    if (file === null) throw noSuchFile(validId);
    return file;
  }

  async open(
    id: string,
    { range, signal }: { range?: ByteRange; signal?: AbortSignal } = {},
  ): Promise<OpenFile & { readonly info: StoredFile }> {
    const info = await this.info(id, signal);
    const { start, end } = rangeWithin(info, range);
    const content = start === end ? Readable.from([]) : await onDisk(() => this.read(info.id, start, end));
    if (signal !== undefined) addAbortSignal(signal, content);
    return { info, content };
  }

  async remove(id: string, signal?: AbortSignal): Promise<void> {
    await this.removeIfPresent(id, signal);
  }

  /** As {@link remove}, and tells whether there was such a file. */
  async removeIfPresent(id: string, signal?: AbortSignal): Promise<boolean> {
    const validId = fileId(id);
    signal?.throwIfAborted();
    return this.locks.run(validId, () =>
      onDisk(async () => {
        const file = await this.readEvenDamaged(validId);
        if (file === null) return false;
        await this.erase(validId);
        return file === 'damaged' || !this.hasExpired(file);
      }),
    );
  }

  /** Removes the files whose time is over. What they cost until then is disk: they can't be read any more. */
  sweep(): Promise<void> {
    return onDisk(() => this.expiry.sweep(this.clock.now(), (id) => this.endIfExpired(id)));
  }

  /** Gives descriptors back; nothing may be stored any more. */
  close(): void {
    this.folders.close();
  }

  private describe(staged: StagedFile, { id, name, ttl, tags = [] }: FileMetadata): StoredFile {
    const now = this.clock.now();
    const expiresAt = ttl === undefined ? null : BigInt(now) + ttl * 1000n;
    const { size, sha256 } = staged;
    return { id, name, size, sha256, createdAt: new Date(now), expiresAt, tags };
  }

  private async store(staged: StagedFile, file: StoredFile): Promise<StoredFile> {
    const present = await this.claim(file);
    if (present !== null) {
      if (present.sha256 !== file.sha256 || present.size !== file.size) throw idTaken(file.id);
      await discard(staged);
      return present;
    }
    try {
      await staged.durable;
      if (file.expiresAt !== null) await this.expiry.add(file.id, file.expiresAt);
      await moveInto(staged, this.layout.dataOf(file.id), () => this.layout.newTemporary());
      await this.folders.sync(this.layout.shardOf(file.id));
      return file;
    } catch (error) {
      await this.erase(file.id);
      throw error;
    }
  }

  /** Writes the sidecar, or answers with the file that has one already. */
  private async claim(file: StoredFile): Promise<StoredFile | null> {
    const path = this.layout.sidecarOf(file.id);
    try {
      await writeSidecar(path, file);
      return null;
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error;
    }
    const present = await this.find(file.id);
    if (present !== null) return present;
    // A file that has expired, or the remains of a put that could not even clean up after itself.
    await this.erase(file.id);
    await writeSidecar(path, file);
    return null;
  }

  /** The file where it is there, whole, and has not expired. */
  private async find(id: string): Promise<StoredFile | null> {
    const file = await readSidecar(this.layout.sidecarOf(id));
    if (file === null || this.hasExpired(file)) return null;
    try {
      const { size } = await stat(this.layout.dataOf(id));
      if (size !== file.size) throw damaged();
      return file;
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return null;
      throw error;
    }
  }

  private async read(id: string, start: number, end: number): Promise<Readable> {
    let handle: FileHandle;
    try {
      handle = await open(this.layout.dataOf(id), 'r');
    } catch (error) {
      throw hasCode(error, 'ENOENT') ? noSuchFile(id) : error;
    }
    return handle.createReadStream({ start, end: end - 1, highWaterMark: 256 * 1024 });
  }

  private hasExpired(file: StoredFile): boolean {
    return file.expiresAt !== null && BigInt(this.clock.now()) >= file.expiresAt;
  }

  private endIfExpired(id: string): Promise<boolean> {
    return this.locks.run(id, async () => {
      const file = await this.readEvenDamaged(id);
      // When a damaged one ends nobody knows: it stays until it is removed.
      if (file === 'damaged') return true;
      if (file !== null && !this.hasExpired(file)) return false;
      if (file !== null) await this.erase(id);
      return true;
    });
  }

  private async readEvenDamaged(id: string): Promise<StoredFile | 'damaged' | null> {
    try {
      return await readSidecar(this.layout.sidecarOf(id));
    } catch (error) {
      if (error instanceof DomainError) return 'damaged';
      throw error;
    }
  }

  /** The bytes go first: without them there is no file, whatever becomes of the sidecar. */
  private async erase(id: string): Promise<void> {
    await rm(this.layout.dataOf(id), { force: true });
    await rm(this.layout.sidecarOf(id), { force: true });
    await this.folders.sync(this.layout.shardOf(id));
  }
}
