import { execFile, type ExecFileOptions } from 'node:child_process';

/** What a program writes to standard output, however it ends. */
export function outputOf(
  program: string,
  words: readonly string[],
  options: ExecFileOptions = {},
): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, [...words], { ...options, encoding: 'utf8' }, (_, stdout) => {
      resolve(stdout);
    });
  });
}
