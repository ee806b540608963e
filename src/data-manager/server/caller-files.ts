import { DomainError } from '../../kernel/errors.js';
import { type OwnedFile } from '../file-access.js';
import { noSuchFile } from '../file-id.js';
import { type FileCaller } from '../file-callers.port.js';
import { type LocalFileStore } from '../local/local-file-store.js';
import { type StoredFile } from '../local/stored-file.js';

/** A file that the caller may read. Throws `not_found`, also for one that is there: nobody shall learn that. */
export async function readable(store: LocalFileStore, id: string, caller: FileCaller): Promise<StoredFile> {
  const file = await store.info(id);
  if (!caller.mayRead(file)) throw noSuchFile(file.id);
  return file;
}

/** A file that the caller may delete or share. Throws `not_found`, or `forbidden` for one that it may read only. */
export async function changeable(store: LocalFileStore, id: string, caller: FileCaller): Promise<OwnedFile> {
  const file = await store.owned(id);
  if (caller.mayChange(file)) return file;
  if (!caller.mayRead(file)) throw noSuchFile(file.id);
  throw new DomainError('forbidden', `File ${file.id} is somebody else's: you may read it only.`);
}
