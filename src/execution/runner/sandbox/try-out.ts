import { join } from 'node:path';
import { monotonicNow } from '../../../kernel/clock.js';
import { messageOf } from '../../../kernel/errors.js';
import { type LaunchRequest, type RunningProcess } from '../launcher.js';
import { SYSTEM_PATH } from '../protocol.js';
import { inScratch } from '../scratch.js';
import { type Sandbox, SandboxUnavailableError } from './sandbox.js';

const PROBE = { command: 'exit 7', exitCode: 7 };
const WITHIN_MS = 10_000;

/** Runs a command in the sandbox. Rejects with {@link SandboxUnavailableError} where that does not work. */
export async function tryOut(
  { sandbox, instance }: { readonly sandbox: Sandbox; readonly instance: string },
  launch: (request: LaunchRequest) => Promise<RunningProcess>,
): Promise<void> {
  if (sandbox.name === 'none') return;
  const fault = await inScratch(instance, (directory) => probe(launch, directory));
  if (fault !== null) throw new SandboxUnavailableError(sandbox.name, sandbox.explain(fault));
}

async function probe(
  launch: (request: LaunchRequest) => Promise<RunningProcess>,
  directory: string,
): Promise<string | null> {
  try {
    const { ended } = await launch({
      key: 'probe',
      command: PROBE.command,
      workingDirectory: directory,
      environment: { PATH: SYSTEM_PATH },
      stdoutPath: join(directory, 'stdout'),
      stderrPath: join(directory, 'stderr'),
      maxOutputBytes: 0,
      endBy: monotonicNow() + WITHIN_MS,
      limits: {},
      network: false,
    });
    const { exitCode, signal } = await ended;
    if (exitCode === PROBE.exitCode) return null;
    return `a command that exits with ${PROBE.exitCode} ended by ${exitCode ?? signal ?? 'nothing'}`;
  } catch (error) {
    return messageOf(error);
  }
}
