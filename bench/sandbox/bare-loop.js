import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { whenForked } from '../shared/own-process.js';

const BUILT = new URL('../../dist/execution/runner/sandbox/', import.meta.url);

// What was built, with the types of what it was built from.
/** @type {typeof import('../../src/execution/runner/sandbox/bubblewrap.js')} */
// eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- what is built later has no types yet
const { Bubblewrap } = await import(new URL('bubblewrap.js', BUILT).href);
/** @type {typeof import('../../src/execution/runner/sandbox/enclosure.js')} */
// eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- what is built later has no types yet
const { STAGED_AT } = await import(new URL('enclosure.js', BUILT).href);

const ENVIRONMENT = ['PATH=/usr/bin:/bin'];

/**
 * A shell in a sandbox and a directory of its own, its standard output in a file, and the directory removed.
 *
 * @param {import('../../src/execution/runner/sandbox/bubblewrap.js').Bubblewrap} sandbox
 * @param {string} directory to be made
 */
async function jobInSandbox(sandbox, directory) {
  const files = join(directory, 'files');
  await mkdir(files, { recursive: true });
  if (sandbox.user !== null) await chown(files, sandbox.user, sandbox.user);
  const order = { workingDirectory: files, environment: ENVIRONMENT };
  const { words, secrets, filterPath, user } = sandbox.enclose({
    order: /** @type {import('../../src/execution/runner/protocol.js').LaunchOrder} */ (
      /** @type {unknown} */ (order)
    ),
    hasInside: false,
    network: false,
  });
  const [output, filter] = [await open(join(directory, 'stdout'), 'w'), await open(filterPath)];
  // The way to this directory is open.
  const [program = '', ...args] = words.map((word, at) =>
    words[at - 1] === '--bind' && word === STAGED_AT ? files : word,
  );
  const child = spawn(program, [...args, '/bin/sh', '-c', 'true'], {
    cwd: '/',
    stdio: ['ignore', output.fd, 'ignore', filter.fd, 'pipe'],
    ...(user === null ? {} : { uid: user, gid: user }),
  });
  const pipe = /** @type {import('node:net').Socket} */ (child.stdio[4]);
  pipe.end(`${secrets.join('\0')}\0`);
  await once(child, 'exit');
  await Promise.all([output.close(), filter.close()]);
  await rm(directory, { recursive: true });
  if (child.exitCode !== 0) throw new Error(`the command of ${directory} failed`);
}

await whenForked(async ({ target, jobs, concurrency }) => {
  await mkdir(target, { recursive: true });
  const sandbox = new Bubblewrap({ dataDirectory: target });
  await sandbox.prepare();
  let next = 0;
  const worker = async () => {
    while (next < jobs) await jobInSandbox(sandbox, join(target, String(next++)));
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: concurrency }, worker));
  return (performance.now() - start) / 1000;
});
