import { DomainError } from '../../kernel/errors.js';

const STORAGE_FAULT =
  /^SQLITE_(FULL|IOERR|CORRUPT|NOTADB|CANTOPEN|READONLY|PERM|BUSY|LOCKED|PROTOCOL|NOMEM)(_|$)/;

/** True for an error of the operating system with that code, such as `ENOENT`. */
export function hasCode(error: unknown, code: string): boolean {
  return isSystemError(error) && error.code === code;
}

/** Runs work on the store's own files; what the operating system or SQLite refuses becomes `unavailable`. */
export async function onDisk<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isSystemError(error) || isStorageFault(error) ? storageError(error) : error;
  }
}

/** By shape: errors of Node's own realm are not `instanceof` a sandbox's `Error`. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return typeof error === 'object' && error !== null && 'syscall' in error && 'code' in error;
}

/** SQLite's word for what lies beneath it: disk full, input/output error, damage; not for a statement that is wrong. */
function isStorageFault(error: unknown): error is Error & { code: string } {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && STORAGE_FAULT.test(code);
}

function storageError(error: { readonly code?: string | undefined }): DomainError {
  // The message of the original names paths of ours; its code is all that a caller may see.
  const message = `The disk of the data manager refused: ${error.code ?? 'unknown error'}`;
  return new DomainError('unavailable', message, undefined, { cause: error });
}
