import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import Sqlite from 'libsql';

const DATABASE_FILE = /^small\.db(-wal|-shm)?$/;

/**
 * What lies below a built-in data manager's directory: the names of all files, two for each large one and a note where
 * it ends, and the ids of the small ones, which are rows. None else between calls; none where there is no directory.
 */
export async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  return [...names.filter((name) => !DATABASE_FILE.test(name)), ...smallFilesIn(directory)];
}

/** The ids of the small files in a built-in data manager's directory, in use or not. */
export function smallFilesIn(directory: string): string[] {
  const path = join(directory, 'small.db');
  if (!existsSync(path)) return [];
  const database = new Sqlite(path, { timeout: 1_000 });
  try {
    const rows = database.prepare('SELECT id FROM files').all() as { id: string }[];
    return rows.map(({ id }) => id);
  } finally {
    database.close();
  }
}
