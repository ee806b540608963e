import { DomainError } from '../../kernel/errors.js';
import { isUuid } from '../../kernel/ids.js';
import { type LocalFileStore } from '../local/local-file-store.js';
import { type StoredFile } from '../local/stored-file.js';
import { type Staged } from '../local/staging.js';
import { type Upload } from './multipart-upload.js';
import { MAX_NAME_CHARACTERS, parseMetadata, type UploadMetadata, wellFormed } from './upload-metadata.js';

/**
 * The id that an `Idempotency-Key` header chooses.
 * @throws DomainError `invalid_request` where it is no UUID
 */
export function idOfKey(key: string): string {
  const id = key.trim().toLowerCase();
  if (isUuid(id)) return id;
  throw new DomainError(
    'invalid_request',
    'The Idempotency-Key must be a UUID: it becomes the id of the file',
  );
}

/** What an upload becomes. */
export interface UploadTarget {
  readonly id: string;
  readonly owner: string;
  /** Seconds, where its metadata says nothing else; undefined: for ever. */
  readonly ttl: bigint | undefined;
}

/** Stores what was received. Metadata that is wrong costs the file, since it may come after the bytes. */
export async function storeUpload(
  store: LocalFileStore,
  { id, owner, ttl }: UploadTarget,
  { staged, filename, metadata }: Upload<Staged>,
): Promise<StoredFile> {
  let said: UploadMetadata;
  try {
    said = metadata === undefined ? {} : parseMetadata(metadata);
  } catch (error) {
    await store.discard(staged);
    throw error;
  }
  const lasting = ttl === undefined ? {} : { ttl };
  return store.commit(staged, { ...lasting, ...said, id, owner, name: said.name ?? nameOf(filename) ?? id });
}

/** A browser's file name may be empty or absurdly long; that is no reason to refuse the bytes. */
function nameOf(filename: string | undefined): string | undefined {
  const name = wellFormed(filename ?? '').slice(0, MAX_NAME_CHARACTERS);
  return name === '' ? undefined : wellFormed(name);
}
