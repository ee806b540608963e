import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findProgram } from '../../test/support/run/programs.js';

/** A shell starts clients for less than Node does. It reads: id, command. */
const SUBMIT = `
while read -r id command; do
  cd "$ROOT/$id" && TMPDIR=$PWD "$TSP" /bin/sh -c "$command" >/dev/null || exit 1
done`;
/** Shells that submit at once: with one, submitting is what takes the time. */
const SUBMITTERS = 4;

/** @returns {string | undefined} its program: Debian calls it tsp, others ts, which may be another program */
export function findTaskSpooler() {
  return findProgram('tsp');
}

/**
 * It keeps output in a file by itself; the directories are made and removed by the caller.
 *
 * @param {string} target directory, for its socket and its jobs
 * @param {number} concurrency
 * @returns {Promise<import('./queue.js').PeerQueue>}
 */
export async function openQueue(target, concurrency) {
  await mkdir(target, { recursive: true });
  const env = {
    PATH: process.env.PATH,
    TSP: findTaskSpooler(),
    ROOT: target,
    TS_SOCKET: join(target, 'socket'),
    TS_SLOTS: String(concurrency),
    TS_MAXFINISHED: '10000',
    TMPDIR: target,
  };
  const run = (/** @type {string[]} */ args, input = '') => output(args, { cwd: target, env, input });
  const tsp = (/** @type {string} */ option) => run(['"$TSP" "$1"', 'tsp', option]);
  /** @type {Map<string, string>} */
  const answers = new Map();
  return {
    submit: async (jobs) => {
      const lines = jobs.map(({ id, command }) => `${id} ${command}\n`);
      await Promise.all(jobs.map(({ id }) => mkdir(join(target, id))));
      const share = (/** @type {number} */ first) => lines.filter((_, index) => index % SUBMITTERS === first);
      const shares = Array.from({ length: SUBMITTERS }, (_, first) => share(first).join(''));
      await Promise.all(shares.map((input) => run([SUBMIT], input)));
      for (const { id } of jobs) answers.set(id, '');
    },
    allEnded: async () => {
      const list = await tsp('-l');
      if (/ (queued|running|allocating|skipped) /.test(list)) return false;
      if (/^\d+ +finished +\S+ +(?!0 )/m.test(list))
        throw new Error(`a job of task-spooler failed:\n${list}`);
      for (const id of answers.keys()) answers.set(id, await takeAnswer(join(target, id)));
      return true;
    },
    answers: async (ids) => {
      const taken = ids.map((id) => answers.get(id) ?? '');
      answers.clear();
      await tsp('-C');
      return taken;
    },
    close: async () => {
      await tsp('-K');
    },
  };
}

/** @param {string} directory */
async function takeAnswer(directory) {
  const [file = ''] = await readdir(directory);
  const answer = await readFile(join(directory, file), 'utf8');
  await rm(directory, { recursive: true });
  return answer;
}

/**
 * What a shell prints.
 *
 * @param {string[]} args its script, its name, its arguments
 * @param {{ cwd: string, env: NodeJS.ProcessEnv, input: string }} options
 */
async function output(args, { cwd, env, input }) {
  const child = spawn('/bin/sh', ['-c', ...args], { cwd, env, stdio: ['pipe', 'pipe', 'inherit'] });
  // One that reads nothing may have ended before an empty write, which would then fail.
  if (input === '') child.stdin.destroy();
  else child.stdin.end(input);
  const exited = once(child, 'exit');
  const printed = await text(child.stdout);
  await exited;
  if (child.exitCode !== 0) throw new Error(`task-spooler failed: ${args.join(' ')}`);
  return printed;
}
