import {
  type ByteRange,
  type FileErrand,
  type FileInfo,
  type FileSource,
  FileStore,
  type OpenFile,
  type PutOptions,
} from '../file-store.js';

/** Whose what is put becomes, and whether his quota holds it. */
export type ErrandOwner = Pick<FileErrand, 'owner' | 'hasQuota'>;

/** A store that can store on somebody's behalf. */
export interface ErrandStore extends FileStore {
  putFor(owner: ErrandOwner, source: FileSource, options: PutOptions): Promise<FileInfo>;
}

/** A store in this process, for one attempt of a job. */
export class StoreOnErrand extends FileStore {
  constructor(
    private readonly store: ErrandStore,
    private readonly owner: ErrandOwner,
  ) {
    super();
  }

  put(source: FileSource, options: PutOptions): Promise<FileInfo> {
    return this.store.putFor(this.owner, source, options);
  }

  info(id: string, signal?: AbortSignal): Promise<FileInfo> {
    return this.store.info(id, signal);
  }

  open(id: string, options?: { range?: ByteRange; signal?: AbortSignal }): Promise<OpenFile> {
    return this.store.open(id, options);
  }

  remove(id: string, signal?: AbortSignal): Promise<void> {
    return this.store.remove(id, signal);
  }

  on(errand: FileErrand): FileStore {
    return this.store.on(errand);
  }
}
