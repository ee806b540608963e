/**
 * Compiles the native launcher, when the package is installed and built, where that was not done yet. Without a C compiler, or
 * where it fails, the service uses the launcher in Node, and says so at its start: nobody's install ends here.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

const COMPILERS = ['cc', 'gcc', 'clang'];
const FLAGS = ['-std=c11', '-D_GNU_SOURCE', '-O2', '-Wall', '-Wextra', '-Wshadow', '-Wconversion', '-Werror'];

const directory = import.meta.dirname;
const output = join(directory, 'build', 'launcher');
const sources = readdirSync(directory).filter((name) => /\.[ch]$/.test(name));

/** @param {string} path */
function changedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function compile() {
  // One of an earlier version would not understand this one.
  rmSync(output, { force: true });
  const compiler = COMPILERS.find((name) => spawnSync(name, ['--version']).status === 0);
  if (compiler === undefined) throw new Error('no C compiler is here');
  mkdirSync(join(directory, 'build'), { recursive: true });
  const paths = sources.filter((name) => name.endsWith('.c')).map((name) => join(directory, name));
  const { status, stderr } = spawnSync(compiler, [...FLAGS, '-o', output, ...paths, '-lm'], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${compiler} could not compile it\n${stderr}`);
}

if (sources.some((name) => changedAt(join(directory, name)) > changedAt(output))) {
  try {
    compile();
  } catch (error) {
    console.warn(
      `without the native launcher, which is faster: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
