import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * The first of `names` on PATH or in the system's own directories, which a plain user's PATH leaves out.
 *
 * @param {readonly string[]} names
 * @returns {string | undefined} absolute path
 */
export function findProgram(...names) {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin'];
  return names
    .flatMap((name) => directories.filter(Boolean).map((directory) => join(directory, name)))
    .find(isExecutable);
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
