import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { NOBODY_IN_PARTICULAR } from '../file-access.js';
import { syncDescriptor } from './folder-sync.js';
import { hasCode } from './storage-error.js';
import { damaged, type StoredFile } from './stored-file.js';

/** The sidecar as it lies on disk. */
interface Sidecar {
  readonly id: string;
  readonly name: string;
  readonly sha256: string;
  readonly size: number;
  readonly created_at: string;
  readonly expires_at?: string;
  readonly tags?: readonly string[];
  readonly owner?: string;
  readonly acl?: readonly string[];
}

/**
 * Writes a new sidecar and makes its content durable; on failure none is left.
 * @throws the operating system's `EEXIST` where there is one
 */
export async function writeSidecar(path: string, file: StoredFile): Promise<void> {
  // Opened, written and closed at once: for so few bytes a round through the thread pool costs far more.
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(descriptor, encode(file));
    await syncDescriptor(descriptor);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** What the sidecar says, or null where there is none. */
export async function readSidecar(path: string): Promise<StoredFile | null> {
  try {
    return decode(await readFile(path, 'utf8'));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    if (error instanceof SyntaxError) throw damaged(error);
    throw error;
  }
}

function encode(file: StoredFile): string {
  const sidecar: Sidecar = {
    id: file.id,
    name: file.name,
    sha256: file.sha256,
    size: file.size,
    created_at: file.createdAt.toISOString(),
    ...(file.expiresAt !== null && { expires_at: file.expiresAt.toString() }),
    ...(file.tags.length > 0 && { tags: file.tags }),
    ...(file.owner !== NOBODY_IN_PARTICULAR && { owner: file.owner }),
    ...(file.acl.length > 0 && { acl: file.acl }),
  };
  return JSON.stringify(sidecar);
}

function decode(text: string): StoredFile {
  const sidecar = JSON.parse(text) as Sidecar;
  return {
    id: sidecar.id,
    name: sidecar.name,
    sha256: sidecar.sha256,
    size: sidecar.size,
    createdAt: new Date(sidecar.created_at),
    expiresAt: sidecar.expires_at === undefined ? null : BigInt(sidecar.expires_at),
    tags: sidecar.tags ?? [],
    owner: sidecar.owner ?? NOBODY_IN_PARTICULAR,
    acl: sidecar.acl ?? [],
  };
}
