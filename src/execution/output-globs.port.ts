import { runInNewContext } from 'node:vm';
import picomatch from 'picomatch';
import { DomainError } from '../kernel/errors.js';

const MAX_GLOB_LENGTH = 1_024;
/** Ten thousand usual paths take a twentieth of it. */
const MATCHING_MS = 200;

/** True for a glob that can only name what lies in the working directory: relative, without `..`, and not empty. */
export function isSafeGlob(glob: string): boolean {
  if (glob === '' || glob.length > MAX_GLOB_LENGTH || glob.includes('\0') || glob.startsWith('/'))
    return false;
  // `..` between slashes, or where an alternative of braces or parentheses begins and ends.
  if (glob.split(/[/\\{}(),|]/).includes('..')) return false;
  return compiles(glob);
}

/**
 * Those of `paths`, relative to the working directory, that are meant; names that begin with a dot only if the glob
 * says so. Globs become regular expressions, and both they and the names are strangers': hence the limit of time.
 *
 * @throws DomainError `too_large` where matching takes longer than that
 */
export function matchingPaths(paths: readonly string[], globs: readonly string[]): string[] {
  const matchers = globs.map(compile);
  const matches = (path: string): boolean => matchers.some((matcher) => matcher(path));
  try {
    return runInNewContext('paths.filter(matches)', { paths, matches }, { timeout: MATCHING_MS }) as string[];
  } catch (error) {
    // An error of the other context: it is no instance of this one's classes.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new DomainError('too_large', 'The globs of output_files take too long to match.');
  }
}

function compile(glob: string): (path: string) => boolean {
  // Without `!` and nested repetition a glob means what a shell's would.
  return picomatch(glob, { nonegate: true, noextglob: true, strictSlashes: true });
}

function compiles(glob: string): boolean {
  try {
    compile(glob);
    return true;
  } catch {
    return false;
  }
}
