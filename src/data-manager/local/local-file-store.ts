import { addAbortSignal, Readable } from 'node:stream';
import { type Clock, SteadyClock } from '../../kernel/clock.js';
import { KeyedLock } from '../../kernel/keyed-lock.js';
import { SqliteEngine } from '../../sqlite/sqlite-engine.js';
import { rangeWithin } from '../byte-range.js';
import { fileId, idTaken, noSuchFile } from '../file-id.js';
import { NOBODY_IN_PARTICULAR, type OwnedFile } from '../file-access.js';
import {
  type ByteRange,
  type FileErrand,
  type FileSource,
  FileStore,
  type OpenFile,
  type PutOptions,
} from '../file-store.js';
import { FileLayout } from './file-layout.js';
import { LargeFiles } from './large-files.js';
import { removeLeftovers } from './leftovers.js';
import { ENDLESS_ROOM, Quota, type Room } from './quota.js';
import { countedIn } from './recount.js';
import { openSmallDatabase } from './small-database.js';
import { SmallFiles } from './small-files.js';
import { discard, type Staged, stageBytes, stageOwned, stageStream } from './staging.js';
import { onDisk } from './storage-error.js';
import { endCounting, type StoredBytes } from './stored-bytes.js';
import { type StoredFile } from './stored-file.js';
import { type ErrandOwner, type ErrandStore, StoreOnErrand } from './store-on-errand.js';

/** What a staged file is stored as. */
export interface FileMetadata {
  readonly id: string;
  readonly name: string;
  /** Seconds from now, 0 … 2^64 - 1; absent: the file stays until it is removed. */
  readonly ttl?: bigint;
  readonly tags?: readonly string[];
  /** 1 … 255 characters; absent: nobody in particular. */
  readonly owner?: string;
  /** Users who may read it beside the owner, or `*`. */
  readonly acl?: readonly string[];
}

export interface LocalFileStoreOptions {
  readonly clock?: Clock;
  /** Undefined: as many as the disk takes. */
  readonly maxBytesPerOwner?: number | undefined;
  /** Undefined: for ever. Results of jobs have no ttl: they go with their job. */
  readonly uploadTtlSeconds?: number | undefined;
}

/**
 * Files in a directory of this process's own: small ones as rows of a database, others as files; see
 * docs/data-manager.md. An id is looked for among the small ones first, whatever lies beside.
 */
export class LocalFileStore extends FileStore implements ErrandStore {
  private readonly layout: FileLayout;
  private readonly large: LargeFiles;
  private readonly locks = new KeyedLock();
  private readonly clock: Clock;
  private opened: SmallFiles | undefined;
  private quota: Quota | undefined;

  /** Seconds that an upload of a caller's stays that says nothing else. */
  get uploadTtl(): bigint | undefined {
    const { uploadTtlSeconds: seconds } = this.options;
    return seconds === undefined ? undefined : BigInt(seconds);
  }

  /** @param directory made by {@link prepare}; no other process may use it meanwhile */
  constructor(
    directory: string,
    private readonly options: LocalFileStoreOptions = {},
  ) {
    super();
    this.clock = options.clock ?? new SteadyClock();
    this.layout = new FileLayout(directory);
    this.large = new LargeFiles(this.layout);
  }

  /**
   * Makes what isn't there and removes what a process that died left behind; to be called before anything else.
   * @throws Error where the database of small files can't be used
   */
  prepare(): Promise<void> {
    return onDisk(async () => {
      await this.layout.create();
      await removeLeftovers(this.layout);
      const connection = openSmallDatabase(this.layout.small);
      const engine = new SqliteEngine(connection);
      this.opened = new SmallFiles(connection, engine);
      const most = this.options.maxBytesPerOwner;
      if (most === undefined) endCounting(connection);
      else this.holdTo(most, await countedIn({ connection, engine, layout: this.layout }));
    });
  }

  /** What one upload of `owner` takes of the quota, to be stored as `id`; it must be staged or given back. */
  roomFor(id: string, owner: string): Room {
    return this.quota?.roomFor(id, owner) ?? ENDLESS_ROOM;
  }

  put(source: FileSource, options: PutOptions): Promise<StoredFile> {
    return this.putFor({ owner: NOBODY_IN_PARTICULAR, hasQuota: true }, source, options);
  }

  async putFor(
    { owner, hasQuota }: ErrandOwner,
    source: FileSource,
    { id, name, signal }: PutOptions,
  ): Promise<StoredFile> {
    const validId = fileId(id);
    signal?.throwIfAborted();
    const room = hasQuota ? this.roomFor(validId, owner) : ENDLESS_ROOM;
    const staged = await this.stageSource(source, room, signal);
    return this.commit(staged, { id: validId, name, owner });
  }

  override on({ owner, hasQuota }: FileErrand): FileStore {
    return new StoreOnErrand(this, { owner, hasQuota });
  }

  /** Takes bytes in whose metadata is not known yet; {@link commit} or {@link discard} must follow. */
  stage(content: Readable, room: Room = ENDLESS_ROOM, signal?: AbortSignal): Promise<Staged> {
    return stageStream(content, { newPath: () => this.layout.newTemporary(), room, signal });
  }

  discard(staged: Staged): Promise<void> {
    return onDisk(() => discard(staged));
  }

  /** Stores what was staged, durably; or discards it, where it fails or the same file is there already. */
  async commit(staged: Staged, metadata: FileMetadata): Promise<StoredFile> {
    const file = this.describe(staged, metadata);
    try {
      return await this.locks.run(file.id, () => onDisk(() => this.store(staged, file)));
    } catch (error) {
      await this.discard(staged);
      throw error;
    } finally {
      staged.room.release();
    }
  }

  async info(id: string, signal?: AbortSignal): Promise<StoredFile> {
    const validId = fileId(id);
    signal?.throwIfAborted();
    const file = await onDisk(() => this.find(validId));
    if (file === null) throw noSuchFile(validId);
    return file;
  }

  /**
   * Whose a file is, also where its bytes are damaged.
   * @throws DomainError `not_found`
   */
  async owned(id: string): Promise<OwnedFile> {
    const validId = fileId(id);
    const now = this.clock.now();
    const file = await onDisk(
      async () => (await this.small.find(validId, now)) ?? (await this.large.ownedAt(validId, now)),
    );
    if (file === null) throw noSuchFile(validId);
    return file;
  }

  async open(
    id: string,
    { range, signal }: { range?: ByteRange; signal?: AbortSignal } = {},
  ): Promise<OpenFile & { readonly info: StoredFile }> {
    const validId = fileId(id);
    signal?.throwIfAborted();
    const opened = await onDisk(() => this.openFound(validId, range));
    if (opened === null) throw noSuchFile(validId);
    if (signal !== undefined) addAbortSignal(signal, opened.content);
    return opened;
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
        const now = this.clock.now();
        const found = await this.small.find(validId, now);
        if (await this.small.remove(validId)) return found !== null;
        return this.large.remove(validId, now);
      }),
    );
  }

  /** Removes the files whose time is over. What they cost until then is disk: they can't be read any more. */
  sweep(): Promise<void> {
    const now = this.clock.now();
    return onDisk(async () => {
      await this.small.sweep(now);
      await this.large.sweep(now, (id) => this.locks.run(id, () => this.large.removeExpired(id, now)));
    });
  }

  /** Gives descriptors back; nothing may be stored or read any more. */
  close(): void {
    this.opened?.close();
    this.opened = undefined;
    this.large.close();
  }

  private get small(): SmallFiles {
    if (this.opened !== undefined) return this.opened;
    throw new Error('the file store is not prepared, or closed');
  }

  private holdTo(most: number, stored: StoredBytes): void {
    this.large.noteIn(stored);
    this.quota = new Quota({ most, stored, now: () => this.clock.now() });
  }

  private async stageSource(source: FileSource, room: Room, signal?: AbortSignal): Promise<Staged> {
    if ('bytes' in source) return stageBytes(source.bytes, room);
    const path = source.ownedPath;
    const owned = path === undefined ? undefined : await stageOwned(path, { room, signal });
    return owned ?? this.stage(source.open(), room, signal);
  }

  /**
   * Says who may read the file beside its owner, durably.
   * @throws DomainError `not_found`
   */
  async share(id: string, acl: readonly string[]): Promise<void> {
    const validId = fileId(id);
    await this.locks.run(validId, () =>
      onDisk(async () => {
        const file = await this.find(validId);
        if (file === null) throw noSuchFile(validId);
        if (!(await this.small.share(validId, acl))) await this.large.share({ ...file, acl });
      }),
    );
  }

  private describe(staged: Staged, metadata: FileMetadata): StoredFile {
    const { id, name, ttl, tags = [], owner = NOBODY_IN_PARTICULAR, acl = [] } = metadata;
    const now = this.clock.now();
    const expiresAt = ttl === undefined ? null : BigInt(now) + ttl * 1000n;
    const { size, sha256 } = staged;
    return { id, name, size, sha256, createdAt: new Date(now), expiresAt, tags, owner, acl };
  }

  private async store(staged: Staged, file: StoredFile): Promise<StoredFile> {
    // The usual case, in one statement: a small file under an id that nobody has.
    const mayBeNew = 'bytes' in staged && staged.room.isWhole && !this.large.mayHold(file.id);
    if (mayBeNew && (await this.small.addNew(file, staged.bytes))) return file;
    const present = await this.find(file.id);
    if (present !== null) {
      if (!isSame(present, file)) throw idTaken(file.id);
      await discard(staged);
      return present;
    }
    staged.room.settle();
    // One of the other kind has expired: it goes first, so that no sweep or restart can bring it back.
    if ('bytes' in staged) {
      await this.large.remove(file.id, this.clock.now());
      await this.small.add(file, staged.bytes);
    } else {
      await this.small.remove(file.id);
      await this.large.add(file, staged);
    }
    return file;
  }

  /** The file where it is there, whole, and has not expired. */
  private async find(id: string): Promise<StoredFile | null> {
    const now = this.clock.now();
    return (await this.small.find(id, now)) ?? (await this.large.find(id, now));
  }

  private async openFound(id: string, range?: ByteRange): Promise<(OpenFile & { info: StoredFile }) | null> {
    const now = this.clock.now();
    const small = await this.small.read(id, now);
    const info = small?.file ?? (await this.large.find(id, now));
    if (info === null) return null;
    const part = rangeWithin(info, range);
    if (small !== null) return { info, content: streamOf(small.bytes.subarray(part.start, part.end)) };
    const isEmpty = part.start === part.end;
    return { info, content: isEmpty ? streamOf(new Uint8Array()) : await this.large.read(id, part) };
  }
}

function isSame(one: StoredFile, other: StoredFile): boolean {
  return one.sha256 === other.sha256 && one.size === other.size && one.owner === other.owner;
}

/** All of it at once, without the generator that `Readable.from` would run. */
function streamOf(bytes: Uint8Array): Readable {
  return new Readable({
    read() {
      if (bytes.length > 0) this.push(bytes);
      this.push(null);
    },
  });
}
