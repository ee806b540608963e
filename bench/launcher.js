/**
 * Commands per second through each launcher, beside a bare Node loop that starts the same: what starting, containing and
 * reaping one command costs, without a server around it.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { report } from './shared/report.js';
import { interleaved } from './shared/rounds.js';

const COMMANDS = 400;
const CONCURRENCIES = [1, 2, 4];
/** @typedef {import('../src/execution/runner/launcher.js').LauncherProgram} LauncherProgram */
const PROGRAMS = /** @type {const} */ (['native', 'node-perl', 'node-shell']);

/** @type {typeof import('../src/execution/runner/launcher-client.js')} */
// eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- what is built later has no types yet
const { LauncherClient } = await import(
  new URL('../dist/execution/runner/launcher-client.js', import.meta.url).href
);

const directory = mkdtempSync(join(process.env.BENCH_DIR ?? tmpdir(), 'job-manager-bench-'));
let serial = 0;

async function bareCommand() {
  const path = join(directory, String((serial += 1)));
  mkdirSync(path);
  const child = spawn('/bin/sh', ['-c', 'echo x'], { cwd: path, env: {}, stdio: 'ignore' });
  await new Promise((resolve) => child.once('exit', resolve));
  rmSync(path, { recursive: true });
}

/** @param {import('../src/execution/runner/launcher.js').Launcher} launcher */
async function launchedCommand(launcher) {
  const key = String((serial += 1));
  const workingDirectory = join(directory, key);
  mkdirSync(workingDirectory);
  const files = {
    workingDirectory,
    stdoutPath: `${workingDirectory}.out`,
    stderrPath: `${workingDirectory}.err`,
  };
  const limits = { environment: {}, maxOutputBytes: 1e6, endBy: null, limits: {}, network: false };
  const running = await launcher.launch({ key, command: 'echo x', ...limits, ...files });
  const { exitCode, stdout } = await running.ended;
  if (exitCode !== 0 || stdout.bytes !== 2) throw new Error(`exit code ${exitCode}, ${stdout.bytes} bytes`);
  rmSync(workingDirectory, { recursive: true });
}

/**
 * @param {() => Promise<void>} command
 * @param {number} concurrency
 */
async function perSecond(command, concurrency) {
  let left = COMMANDS;
  const start = performance.now();
  const loop = async () => {
    while (left-- > 0) await command();
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  return (COMMANDS / (performance.now() - start)) * 1000;
}

const launchers = await Promise.all(
  PROGRAMS.map(async (program) => {
    const launcher = new LauncherClient({ instance: `${directory}/${program}`, program });
    const { containment } = await launcher.start();
    return { name: `${program}, ${containment}`, launcher };
  }),
);
for (const concurrency of CONCURRENCIES) {
  const contestants = [
    { name: 'bare loop', run: () => perSecond(bareCommand, concurrency) },
    ...launchers.map(({ name, launcher }) => ({
      name,
      run: () => perSecond(() => launchedCommand(launcher), concurrency),
    })),
  ];
  report(
    `launcher, ${concurrency} at once`,
    'commands/s',
    await interleaved(contestants, { enoughMs: 20_000 }),
  );
}
for (const { launcher } of launchers) await launcher.close();
rmSync(directory, { recursive: true });
