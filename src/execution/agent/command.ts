import { monotonicNow } from '../../kernel/clock.js';
import { Deadline } from '../../kernel/deadline.js';
import {
  type Launcher,
  LaunchLateError,
  type LaunchRequest,
  type ProcessEnd,
  type RunningProcess,
} from '../runner/launcher.js';
import { type StopToken } from '../stop-token.js';
import { type HeldLease } from './held-lease.js';
import { FRESH_MS } from './lease-keeper.js';

export interface CommandLimits {
  /** Seconds of run time, or null. */
  readonly timeoutSeconds: number | null;
  /** Between SIGTERM and SIGKILL, in ms. */
  readonly killGraceMs: number;
  /** Ends the command when it aborts. */
  readonly taken: StopToken;
  /** The command never outlives it, whatever becomes of this process. */
  readonly lease: HeldLease;
  /** As {@link LeaseKeeper.confirm}. */
  readonly confirm: () => Promise<void>;
}

/** Runs one command to its end. Resolves when nothing of it is alive any more. */
export async function runCommand(
  launcher: Launcher,
  request: Omit<LaunchRequest, 'endBy'>,
  limits: CommandLimits,
): Promise<{ end: ProcessEnd; timedOut: boolean }> {
  const { timeoutSeconds, killGraceMs, taken, lease } = limits;
  const { process, endBy } = await launched(launcher, request, limits);
  lease.watch((endsAt) => {
    process.endBy(endsAt);
  });
  // It may have moved while the command was being started.
  if (lease.endsAt !== endBy) process.endBy(lease.endsAt);
  const stop = (): void => {
    // After the lease the job may start elsewhere: there is no time left for manners.
    process.stop(taken.reason === 'lease-ended' ? 0 : killGraceMs);
  };
  let timedOut = false;
  const timeout = new Deadline(timeoutSeconds === null ? null : monotonicNow() + timeoutSeconds * 1_000);
  timeout.watch(() => {
    timedOut = true;
    stop();
  });
  const forget = taken.onAbort(stop);
  try {
    return { end: await process.ended, timedOut };
  } finally {
    timeout.cancel();
    forget();
  }
}

/** Only soon after it was known that the attempt is still ours: what stands still on the way asks once more. */
async function launched(
  launcher: Launcher,
  request: Omit<LaunchRequest, 'endBy'>,
  { taken, lease, confirm }: CommandLimits,
): Promise<{ process: RunningProcess; endBy: number }> {
  const { key, command, workingDirectory, environment, stdoutPath, stderrPath } = request;
  const { maxOutputBytes, limits, network } = request;
  for (;;) {
    await confirm();
    taken.throwIfAborted();
    const endBy = lease.endsAt;
    const startBy = monotonicNow() + FRESH_MS;
    // Not spread: of many fields that takes as long as the rest of this.
    const timed = {
      key,
      command,
      workingDirectory,
      environment,
      stdoutPath,
      stderrPath,
      maxOutputBytes,
      limits,
      network,
      endBy,
      startBy,
    };
    try {
      return { process: await launcher.launch(timed), endBy };
    } catch (error) {
      if (!(error instanceof LaunchLateError)) throw error;
    }
  }
}
