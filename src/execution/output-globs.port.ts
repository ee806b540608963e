import picomatch from 'picomatch';

const MAX_GLOB_LENGTH = 1_024;

/** True for a glob that can only name what lies in the working directory: relative, without `..`, and not empty. */
export function isSafeGlob(glob: string): boolean {
  if (glob === '' || glob.length > MAX_GLOB_LENGTH || glob.includes('\0') || glob.startsWith('/'))
    return false;
  // `..` between slashes, or where an alternative of braces or parentheses begins and ends.
  if (glob.split(/[/\\{}(),|]/).includes('..')) return false;
  return compiles(glob);
}

/** Whether a path relative to the working directory is meant; names that begin with a dot only if the glob says so. */
export function globMatcher(globs: readonly string[]): (path: string) => boolean {
  const matchers = globs.map(compile);
  return (path) => matchers.some((matches) => matches(path));
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
