import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from './folder-sync.js';

const SHARDS = Array.from({ length: 256 }, (_, shard) => shard.toString(16).padStart(2, '0'));

/**
 * Where things lie below the store's directory. All names are made here, of validated ids: nothing that a
 * caller named is ever part of a path.
 */
export class FileLayout {
  readonly temporary: string;
  readonly expiring: string;
  /** The database of small files. */
  readonly small: string;

  constructor(readonly root: string) {
    this.temporary = join(root, 'tmp');
    this.expiring = join(root, 'expiring');
    this.small = join(root, 'small.db');
  }

  /** Every folder that files lie in. */
  get shards(): readonly string[] {
    return SHARDS.map((shard) => join(this.root, 'by-id', shard));
  }

  /** The folder of a file. An id's last digits, as the first ones of a UUIDv7 hardly change within a day. */
  shardOf(id: string): string {
    return join(this.root, 'by-id', id.slice(-2));
  }

  /** The stored bytes, and nothing else. That this name exists is what makes the file exist. */
  dataOf(id: string): string {
    return join(this.shardOf(id), id);
  }

  /** What is known of the file, in JSON. */
  sidecarOf(id: string): string {
    return join(this.shardOf(id), `${id}.json`);
  }

  newTemporary(): string {
    return join(this.temporary, randomUUID());
  }

  /** Makes all folders at once, and durably, so that no upload has to. */
  async create(): Promise<void> {
    let isNew = false;
    for (const folder of [this.temporary, this.expiring, ...this.shards]) {
      isNew = (await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined || isNew;
    }
    if (!isNew) return;
    for (const folder of [join(this.root, 'by-id'), this.root, dirname(this.root)]) await syncFolder(folder);
  }
}
