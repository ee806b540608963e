import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import Sqlite from 'libsql';
import { isUuid } from '../kernel/ids.js';

/** Another process holds the directory: two services in one would end each other's jobs. */
export class DataDirectoryInUseError extends Error {
  constructor(path: string) {
    super(`${path} is in use by another process of the job manager: give each its own data directory`);
    this.name = 'DataDirectoryInUseError';
  }
}

/** The one place on disk of a service, held by one process at a time. */
export class DataDirectory {
  private constructor(
    /** Absolute. */
    readonly path: string,
    /** UUID of the directory: the same over restarts, another for each directory. */
    readonly instanceId: string,
    /** How often it was held, this time included. */
    readonly generation: number,
    private readonly lock: Sqlite.Database,
  ) {}

  /**
   * Makes the directory if need be, and takes hold of it until {@link release} or the end of the process, however
   * that ends. Throws {@link DataDirectoryInUseError}, and the file system's error where it can't be made.
   */
  static async hold(path: string): Promise<DataDirectory> {
    await makeDirectory(path);
    const lock = takeLock(path);
    try {
      return new DataDirectory(path, await instanceIdIn(path), await nextGenerationIn(path), lock);
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** Stored files. */
  get files(): string {
    return join(this.path, 'files');
  }

  /** Working directories of jobs. */
  get work(): string {
    return join(this.path, 'work');
  }

  release(): void {
    this.lock.close();
  }
}

/** With those above it. Node's own `recursive` tries for ever where one can't be made in a directory that is there, such as /proc. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || (await isThere(dirname(path)))) throw error;
    await makeDirectory(dirname(path));
    await makeDirectory(path);
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** SQLite's own lock on a file of its own: the kernel lets go of it with the process, so it can't go stale. */
function takeLock(path: string): Sqlite.Database {
  const database = new Sqlite(join(path, 'lock.sqlite'), { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if (error instanceof Error && /locked|busy/i.test(error.message)) throw new DataDirectoryInUseError(path);
    throw error;
  }
}

/** What can't be read is not absent: begun anew, it would be another's identity. */
async function textOf(file: string, ifAbsent: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ifAbsent;
    throw error;
  }
}

async function instanceIdIn(path: string): Promise<string> {
  const file = join(path, 'instance-id');
  const known = await textOf(file, '');
  if (isUuid(known.trim())) return known.trim();
  const made = randomUUID();
  await writeFile(file, `${made}\n`, { flush: true });
  return made;
}

async function nextGenerationIn(path: string): Promise<number> {
  const file = join(path, 'generation');
  const last = Number(await textOf(file, '0'));
  const next = (Number.isSafeInteger(last) && last > 0 ? last : 0) + 1;
  // Renamed into its place: cut short by a power cut, it would begin anew.
  await writeFile(`${file}.new`, `${next}\n`, { flush: true });
  await rename(`${file}.new`, file);
  return next;
}
