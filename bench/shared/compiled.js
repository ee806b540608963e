import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findProgram } from '../../test/support/run/programs.js';

const execute = promisify(execFile);

/**
 * Compiles one file of C; false where there is no compiler.
 *
 * @param {string} source
 * @param {string} target
 * @param {readonly string[]} [options]
 */
export async function compiled(source, target, options = []) {
  const compiler = findProgram('cc', 'gcc', 'clang');
  if (!compiler) return false;
  await execute(compiler, ['-O2', '-Wall', '-Wextra', '-Werror', ...options, '-o', target, source]);
  return true;
}
