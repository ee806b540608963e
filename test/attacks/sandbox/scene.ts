import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  accessSync,
  chownSync,
  constants,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LauncherInForce } from '../../../src/execution/runner/launcher.js';
import { LauncherBench } from '../../contract/launcher.support.js';
import { atEndOfFile } from '../../support/end-of-file.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const HERE = import.meta.dirname;
const SECRET = 'a secret\n';
const COMPILERS = ['cc', 'gcc', 'clang'];

interface Service {
  readonly pid: number;
  readonly facts: Readonly<Record<string, string>>;
}

/** The program of the attacks that are system calls; null where there is no C compiler. */
export async function compileCalls(): Promise<string | null> {
  const compiler = COMPILERS.find((name) => spawnSync(name, ['--version']).status === 0);
  if (compiler === undefined) return null;
  const output = join(await temporaryDirectory(), 'calls');
  const { status, stderr } = spawnSync(compiler, ['-D_GNU_SOURCE', '-o', output, join(HERE, 'calls.c')]);
  if (status !== 0) throw new Error(stderr.toString());
  return output;
}

/** A host with a service, another job and files, and what an attacker would have to guess of it. */
export class Scene {
  private constructor(
    private readonly bench: LauncherBench,
    private readonly calls: string,
    private readonly facts: Readonly<Record<string, string>>,
  ) {}

  static async set(kind: LauncherInForce, calls: string): Promise<Scene> {
    const bench = await LauncherBench.start(kind);
    const other = join(bench.directory, 'other-job');
    mkdirSync(other);
    writeFileSync(join(other, 'secret'), SECRET);
    // As the working directory of any other job.
    if (kind.sandbox !== 'none' && process.getuid?.() === 0) giveAway([other, join(other, 'secret')]);
    writeFileSync(join(bench.directory, 'secret'), SECRET);
    const hostFile = join(tmpdir(), `attack-${randomUUID()}`);
    writeFileSync(hostFile, SECRET, { mode: 0o644 });
    atEndOfFile(() => {
      rmSync(hostFile);
    });
    return new Scene(bench, calls, {
      OTHER_JOB: other,
      DATA_DIRECTORY: bench.directory,
      HOST_FILE: hostFile,
    });
  }

  /** Runs an attack on a service of its own; what it printed, line by line. */
  async attack(name: string, { network = false } = {}): Promise<string[]> {
    const service = await startService();
    const script = readFileSync(join(HERE, `${name}.sh`), 'utf8');
    const request = this.bench.request(script);
    copyFileSync(this.calls, join(request.workingDirectory, 'calls'));
    const environment = { PATH: '/usr/bin:/bin', ...this.facts, ...service.facts };
    const { stdout, stderr } = await this.bench.run(script, { ...request, environment, network });
    return `${stdout.toString()}${stderr.toString()}`.split('\n');
  }
}

function giveAway(paths: readonly string[]): void {
  for (const path of paths) chownSync(path, 65_533, 65_533);
}

async function startService(): Promise<Service> {
  const name = `attack-${randomUUID()}`;
  const socket = join(socketDirectory(), `${name}.sock`);
  const child = spawn(process.execPath, [join(HERE, 'service.fixture.js'), socket, name], {
    env: { SERVICE_SECRET: SECRET.trim() },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  atEndOfFile(() => {
    child.kill('SIGKILL');
    rmSync(socket, { force: true });
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { port, address } = JSON.parse(line.toString()) as { port: number; address: string };
  const pid = child.pid ?? 0;
  const where = { SOCKET: socket, ABSTRACT_SOCKET: name, PORT: String(port) };
  return { pid, facts: { ...where, SERVICE_PID: String(pid), SERVICE_ADDRESS: address } };
}

/** Where the host's sockets are, if this user may have one there. */
function socketDirectory(): string {
  try {
    accessSync('/run', constants.W_OK);
    return '/run';
  } catch {
    return tmpdir();
  }
}
