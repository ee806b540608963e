/**
 * Commands a second through the launcher against a bare Node loop, side by side in one run, on tmpfs.
 * Run alone: `npm run build && node bench/launcher.js [JOBS] [CONTAINMENT]`
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

// What was built, with the types of what it was built from.
/** @type {typeof import('../src/execution/runner/node-launcher.js')} */
// eslint-disable-next-line @typescript-eslint/no-unsafe-assignment -- what is built later has no types yet
const { NodeLauncher } = await import(
  new URL('../dist/execution/runner/node-launcher.js', import.meta.url).href
);

const jobs = Number(process.argv[2] ?? 400);
const containment = /** @type {import('../src/execution/runner/launcher.js').Containment | undefined} */ (
  process.argv[3]
);
const ROUNDS = 5;
const directory = mkdtempSync('/dev/shm/bench-launcher-');
const launcher = new NodeLauncher({ instance: directory, ...(containment && { containment }) });
let serial = 0;

async function bareJob() {
  const path = join(directory, String((serial += 1)));
  mkdirSync(path);
  const child = spawn('/bin/sh', ['-c', 'true'], { cwd: path, env: {}, stdio: 'ignore' });
  await new Promise((resolve) => child.once('exit', resolve));
  rmSync(path, { recursive: true });
}

async function launchedJob() {
  const key = String((serial += 1));
  const workingDirectory = join(directory, key);
  mkdirSync(workingDirectory);
  const stdoutPath = `${workingDirectory}.out`;
  const stderrPath = `${workingDirectory}.err`;
  const files = { workingDirectory, stdoutPath, stderrPath };
  const running = await launcher.launch({
    key,
    command: 'true',
    environment: {},
    maxOutputBytes: 1e6,
    endBy: null,
    ...files,
  });
  const { exitCode } = await running.ended;
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}`);
  unlinkSync(stdoutPath);
  rmSync(stderrPath, { force: true });
  rmSync(workingDirectory, { recursive: true });
}

/** @param {() => Promise<void>} job @param {number} concurrency */
async function jobsPerSecond(job, concurrency) {
  let left = jobs;
  const start = performance.now();
  const loop = async () => {
    while (left-- > 0) await job();
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  return (jobs / (performance.now() - start)) * 1000;
}

/** @param {number[]} values */
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

console.log(`containment: ${await launcher.start()}`);
for (const concurrency of [1, 2, 4]) {
  /** @type {number[]} */ const bare = [];
  /** @type {number[]} */ const launched = [];
  await jobsPerSecond(launchedJob, concurrency);
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(await jobsPerSecond(bareJob, concurrency));
    launched.push(await jobsPerSecond(launchedJob, concurrency));
  }
  const [b, l] = [median(bare), median(launched)];
  console.log(
    `concurrency ${concurrency}: bare ${b.toFixed()}/s, launcher ${l.toFixed()}/s, ratio ${(l / b).toFixed(2)}`,
  );
}
await launcher.close();
rmSync(directory, { recursive: true });
