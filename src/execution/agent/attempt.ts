import { Logger } from '@nestjs/common';
import { type FileStore } from '../../data-manager/file-store.js';
import { DomainError } from '../../kernel/errors.js';
import { MAX_OUTPUT_PATHS_BYTES, MAX_OUTPUTS } from '../attempt-files.port.js';
import { type Remains } from '../job-dispatcher.port.js';
import {
  type Assignment,
  type AttemptEnded,
  type AttemptResult,
  type JobReports,
} from '../job-reports.port.js';
import {
  type Launcher,
  LimitNotEnforcedError,
  OutputLostError,
  type ProcessEnd,
} from '../runner/launcher.js';
import { type CollectedOutput, collectOutputs } from '../runner/outputs.js';
import { type Workspace } from '../runner/workspace.js';
import { type Workspaces } from '../runner/workspaces.js';
import { StopToken } from '../stop-token.js';
import { describeSpan, inSpan } from '../../tracing/spans.js';
import { contextAt } from '../../tracing/trace-parent.js';
import { AttemptFaultError } from './attempt-fault.js';
import { runCommand } from './command.js';
import { environmentOf } from './environment.js';
import { type HeldLease } from './held-lease.js';
import { type AttemptFacts, type Outcome, outcomeOf } from './outcome.js';
import { persistently } from './persistently.js';
import { Publishing } from './publishing.js';
import { type RunningOutputs } from './running-outputs.js';
import { Staging } from './staging.js';

/** What the running of commands must be told. */
export interface AttemptOptions {
  /** Between SIGTERM and SIGKILL, in ms. */
  readonly killGraceMs: number;
  /** Bytes of standard output, and of standard error. */
  readonly maxOutputBytes: number;
}

/** What attempts are made with. */
export interface AttemptTools {
  readonly reports: JobReports;
  readonly files: FileStore;
  readonly launcher: Launcher;
  readonly workspaces: Workspaces;
  readonly outputs: RunningOutputs;
  readonly options: AttemptOptions;
}

/** What an attempt hears from outside, and says. */
export interface AttemptCourse {
  /** Aborts when the attempt must end, with the interruption as its reason. */
  readonly taken: StopToken;
  readonly lease: HeldLease;
  /** Asks whether the attempt is still ours, where that was long ago; {@link taken} tells. */
  readonly confirm: () => Promise<void>;
  /** Aborts when not even the end can be reported any more. */
  readonly giveUp: StopToken;
  /** Nothing of the command is alive any more. */
  readonly onCommandEnded: (remains: Remains) => void;
}

const LAST_UPLOAD_MS = 4_000;

type Verdict = Pick<AttemptEnded, 'succeeded' | 'reason' | 'repeatable'>;

const SUCCEEDED: Verdict = { succeeded: true, reason: null, repeatable: false };

/** The attempt was taken away, and nothing of it counts. */
const ABANDONED = Symbol('abandoned');

/** One attempt of a job: staging, command, publishing, removal of every trace, report. In this order. */
export class Attempt {
  private readonly logger = new Logger('Attempt');
  private readonly key: string;
  private readonly files: FileStore;
  private readonly publishing: Publishing;

  constructor(
    private readonly tools: AttemptTools,
    private readonly assignment: Assignment,
    private readonly course: AttemptCourse,
  ) {
    const { lease, owner, byAdmin } = assignment;
    const { jobId, attempt, token } = lease;
    this.key = `${jobId}.${attempt}`;
    this.files = tools.files.on({ jobId, attempt, token, owner, hasQuota: !byAdmin });
    this.publishing = new Publishing(this.files, lease, withPatience(course.taken));
  }

  /** Resolves when nothing of the attempt is left but its result. Rejects only where the report was given up. */
  run(): Promise<void> {
    const { lease, traceParent } = this.assignment;
    const attributes = { 'job_manager.job_id': lease.jobId, 'job_manager.attempt': lease.attempt };
    return inSpan('attempt', () => this.runTraced(), { attributes, parent: contextAt(traceParent) });
  }

  private async runTraced(): Promise<void> {
    const result = await this.perform();
    const report = (counted: AttemptResult): Promise<boolean> =>
      inSpan('report', () => this.tools.reports.ended(this.assignment.lease, counted));
    const counts = result !== ABANDONED && (await persistently(() => report(result), this.course.giveUp));
    if (!counts || result.kind !== 'ended') await this.publishing.takeBack(this.course.giveUp);
  }

  private async perform(): Promise<AttemptResult | typeof ABANDONED> {
    try {
      const workspace = this.tools.workspaces.take();
      try {
        return await this.performIn(workspace);
      } finally {
        await this.discard(workspace);
      }
    } catch (error) {
      return this.resultOf(error);
    }
  }

  private async performIn(workspace: Workspace): Promise<AttemptResult | typeof ABANDONED> {
    const staging = new Staging(this.files);
    await inSpan('stage', () => staging.stage(this.assignment, workspace.filesPath, this.course.taken));
    if (!(await this.mayStart())) return ABANDONED;
    const { end, timedOut } = await inSpan('run', () => this.execute(workspace));
    const isAsMade = workspace.isAsMade;
    this.course.onCommandEnded(isAsMade ? 'nothing' : 'files');
    const outcome = this.verdictOn(end, timedOut);
    if (outcome.kind === 'abandoned') return ABANDONED;
    if (outcome.kind === 'returned') return outcome;
    if (!isAsMade && workspace.isReplaced)
      throw new AttemptFaultError('The command replaced its working directory.', { passing: false });
    return this.publish(workspace, end, outcome.kind === 'succeeded' ? SUCCEEDED : failedBy(outcome));
  }

  private async mayStart(): Promise<boolean> {
    if (this.assignment.running) return true;
    return persistently(() => this.tools.reports.started(this.assignment.lease), this.course.taken);
  }

  private async execute(workspace: Workspace): Promise<{ end: ProcessEnd; timedOut: boolean }> {
    const { launcher, options, outputs } = this.tools;
    const { command, lease, timeoutSeconds } = this.assignment;
    const { network = false, ...limits } = this.assignment.limits;
    const request = {
      key: this.key,
      command,
      workingDirectory: workspace.filesPath,
      environment: environmentOf(this.assignment, workspace.filesPath),
      stdoutPath: workspace.stdoutPath,
      stderrPath: workspace.stderrPath,
      maxOutputBytes: options.maxOutputBytes,
      limits,
      network,
    };
    const outputIsOver = outputs.begin(lease, workspace);
    try {
      const over = await runCommand(launcher, request, {
        timeoutSeconds,
        killGraceMs: options.killGraceMs,
        taken: this.course.taken,
        lease: this.course.lease,
        confirm: this.course.confirm,
      });
      describeSpan({ 'process.exit.code': over.end.exitCode ?? -1 });
      return over;
    } catch (error) {
      if (error instanceof OutputLostError && workspace.hasNoPlaceForOutput)
        throw new AttemptFaultError('The command left no place for its output.', { passing: false });
      throw error;
    } finally {
      outputIsOver();
    }
  }

  private verdictOn(end: ProcessEnd, timedOut: boolean): Outcome {
    return outcomeOf({
      end,
      timedOut,
      interruption: this.course.taken.aborted
        ? (this.course.taken.reason as AttemptFacts['interruption'])
        : undefined,
      timeoutSeconds: this.assignment.timeoutSeconds,
      maxOutputBytes: this.tools.options.maxOutputBytes,
      limits: this.assignment.limits,
    });
  }

  private async publish(workspace: Workspace, end: ProcessEnd, verdict: Verdict): Promise<AttemptResult> {
    const { outputs, tooMany } = await this.outputsIn(workspace);
    const beganAt = performance.now();
    const published = await inSpan('publish', () => this.publishing.publish(workspace, end, outputs));
    const publishedInMs = performance.now() - beganAt;
    const { exitCode, signal, usage } = end;
    const { succeeded, reason, repeatable } = tooMany ?? verdict;
    const { answerId, stderrId, outputs: stored } = published;
    return {
      kind: 'ended',
      succeeded,
      exitCode,
      signal,
      reason,
      repeatable,
      answerId,
      stderrId,
      outputs: stored,
      usage,
      publishedInMs,
    };
  }

  private async outputsIn(
    workspace: Workspace,
  ): Promise<{ outputs: readonly CollectedOutput[]; tooMany?: Verdict }> {
    const { outputFiles, binary, inputFiles } = this.assignment;
    if (outputFiles.length === 0) return { outputs: [] };
    const leaveOut = new Set([...inputFiles, ...(binary === null ? [] : [binary])]);
    try {
      const limits = { leaveOut, most: MAX_OUTPUTS };
      return { outputs: namable(await collectOutputs(workspace.filesPath, outputFiles, limits)) };
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'too_large') throw error;
      return { outputs: [], tooMany: { succeeded: false, reason: error.message, repeatable: false } };
    }
  }

  /** The result counts whether or not its traces can be removed; what stays goes at the next start. */
  private async discard(workspace: Workspace): Promise<void> {
    try {
      await this.tools.workspaces.giveBack(workspace);
    } catch (error) {
      this.logger.error({
        err: error,
        jobId: this.assignment.lease.jobId,
        msg: 'a working directory could not be removed',
      });
    }
  }

  private resultOf(error: unknown): AttemptResult | typeof ABANDONED {
    if (this.course.taken.aborted)
      return this.course.taken.reason === 'recalled' ? ABANDONED : { kind: 'returned' };
    if (error instanceof AttemptFaultError)
      return { kind: 'fault', reason: error.message, passing: error.passing };
    // An agent that joins later may do better.
    if (error instanceof LimitNotEnforcedError)
      return { kind: 'fault', reason: error.message, passing: true };
    this.logger.error({
      jobId: this.assignment.lease.jobId,
      err: error,
      msg: 'an attempt failed through a fault of its agent',
    });
    return { kind: 'fault', reason: 'The agent could not run the command.', passing: true };
  }
}

function failedBy({ reason, repeatable }: Extract<Outcome, { kind: 'failed' }>): Verdict {
  return { succeeded: false, reason, repeatable };
}

/** Throws DomainError `too_large` where their names are too long together. */
function namable(outputs: readonly CollectedOutput[]): readonly CollectedOutput[] {
  const bytes = outputs.reduce((sum, { path }) => sum + Buffer.byteLength(path), 0);
  if (bytes <= MAX_OUTPUT_PATHS_BYTES) return outputs;
  const limit = String(MAX_OUTPUT_PATHS_BYTES);
  throw new DomainError(
    'too_large',
    `The paths of the output files are longer than ${limit} bytes together.`,
  );
}

/** At the end of the process what a command left may still be stored for a while; a lost attempt stops at once. */
function withPatience(taken: StopToken): StopToken {
  const stop = new StopToken();
  taken.onAbort(() => {
    if (taken.reason !== 'shutdown') stop.abort(taken.reason);
    else
      setTimeout(() => {
        stop.abort(taken.reason);
      }, LAST_UPLOAD_MS).unref();
  });
  return stop;
}
