import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../../kernel/errors.js';
import { type Captured } from '../launcher.js';
import { type CommandEnd, type LaunchOrder } from '../protocol.js';
import { type Cell, type CellMaker } from './cell.js';
import { type Deadline } from '../../../kernel/deadline.js';
import { type Fifo } from './fifo.js';
import { hasEnclosedCommand, terminateEnclosed } from './enclosed-processes.js';
import { ProcessRecords } from './process-records.js';
import { OutputChannel, type OutputStop } from './output-channel.js';
import { type ShellStatus } from './shell-status.js';
import { type StarterReport } from './starter.js';
import { type StarterProgram } from './starter-program.js';

const LOOK_AGAIN_MS = 5;
/** A starter that takes longer is stopped, or has lost its command already. */
const BEGUN_WITHIN_MS = 3_000;
const TOLD_WITHIN_MS = 1_000;

export interface SeatOptions {
  readonly instance: string;
  readonly starter: StarterProgram;
  readonly tether: readonly string[];
  readonly makeCell: CellMaker;
  /** Directories of the cgroups of its place. */
  readonly cgroups: readonly string[];
}

/** What a seat says of a command, in this order: started, then its end; or that nothing was started. */
export type RunResult =
  | { readonly kind: 'ended'; readonly end: CommandEnd }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'lost'; readonly detail: string };

interface Prepared {
  readonly cell: Cell;
  /** Of its starter. */
  readonly records: ProcessRecords;
  /** What that hands on, as it was made. */
  readonly handedOn: string;
}

/** The command that a seat runs at the moment. */
interface Run extends Prepared {
  readonly enclosed: boolean;
  readonly writtenBefore: number | null;
  /** Of that what is not its own doing: its secrets. */
  readonly writtenForIt: number;
  /** Asked once nothing of it is alive, but its starter. */
  writtenAfter: number | null;
  shellEnded: boolean;
  limitReached: boolean;
  overdue: boolean;
  fault: string | null;
  /** When SIGKILL follows the SIGTERM, on the monotonic clock; null where nobody asked for an end. */
  killAt: number | null;
  killTimer: NodeJS.Timeout | null;
  terminating: Promise<void> | null;
  killing: Promise<void> | null;
}

/** Room for one command at a time: its two pipes, and the cell that contains it. Their cost is paid once. */
export class Seat {
  private readonly stdout: OutputChannel;
  private readonly stderr: OutputChannel;
  private prepared: Prepared | null = null;
  private run: Run | null = null;

  constructor(
    private readonly options: SeatOptions,
    fifos: readonly [Fifo, Fifo],
  ) {
    this.stdout = new OutputChannel(fifos[0]);
    this.stderr = new OutputChannel(fifos[1]);
  }

  /** Runs a command to the death of all its processes, at the deadline at the latest. Never rejects. */
  async execute(order: LaunchOrder, deadline: Deadline, onStarted: () => void): Promise<RunResult> {
    let run: Run;
    try {
      run = beginRun(await this.prepare(), order);
      this.openOutput(order, run);
    } catch (error) {
      this.finishOutput();
      return { kind: 'refused', detail: messageOf(error) };
    }
    this.run = run;
    onStarted();
    const report = await this.attend(order, run, deadline).finally(() => {
      deadline.cancel();
    });
    if (run.killTimer !== null) clearTimeout(run.killTimer);
    this.run = null;
    return this.conclude(run, report);
  }

  /** As {@link RunningProcess.stop}. */
  stop(graceMs: number): void {
    const { run } = this;
    if (run === null) return;
    const killAt = performance.now() + graceMs;
    if (run.killAt !== null && run.killAt <= killAt) return;
    run.killAt = killAt;
    if (run.killTimer !== null) clearTimeout(run.killTimer);
    if (graceMs <= 0) return void kill(run);
    run.killTimer = setTimeout(() => void kill(run), graceMs);
    run.terminating ??= heardOf(terminate(run));
  }

  async dispose(): Promise<void> {
    await this.clear();
    this.stdout.destroy();
    this.stderr.destroy();
  }

  /** Makes the cell where there is none; rejects where the host does not allow it. */
  private async prepare(): Promise<Prepared> {
    if (this.prepared?.cell.spent === true) await this.clear();
    if (this.prepared !== null) return this.prepared;
    const outputFds = [this.stdout.writeFd, this.stderr.writeFd] as const;
    const cell = await this.options.makeCell({ ...this.options, outputFds });
    const records = new ProcessRecords(cell.starterPid);
    this.prepared = { cell, records, handedOn: records.inherited() };
    return this.prepared;
  }

  private async clear(): Promise<void> {
    await this.prepared?.cell.dispose();
    this.prepared?.records.close();
    this.prepared = null;
  }

  private openOutput(order: LaunchOrder, run: Run): void {
    const onStop = (stop: OutputStop): void => {
      if (stop.kind === 'limit') run.limitReached = true;
      else run.fault ??= messageOf(stop.error);
      // What the last look into the pipe finds comes after everyone's death.
      if (this.run === run) void kill(run);
    };
    const { stdoutPath, stderrPath, maxOutputBytes: limit, enclosure } = order;
    const user = enclosure?.user ?? null;
    this.stdout.open({ path: stdoutPath, limit, user, onStop });
    this.stderr.open({ path: stderrPath, limit, user, onStop });
  }

  private finishOutput(): Pick<CommandEnd, 'stdout' | 'stderr'> {
    return { stdout: this.stdout.finish(), stderr: this.stderr.finish() };
  }

  private async attend(order: LaunchOrder, run: Run, deadline: Deadline): Promise<StarterReport> {
    const report = await this.runShell(order, run, deadline);
    run.shellEnded = true;
    // A shell that held the signal back while it forked left a child that nobody has asked to end.
    if (!run.enclosed && diedOf(report, constants.signals.SIGTERM))
      run.terminating &&= heardOf(terminate(run));
    await endSurvivors(run);
    // A signal still under way would meet the seat's next command.
    await run.terminating;
    await run.killing;
    run.writtenAfter = writtenBy(run);
    if (!isAsMade(run)) {
      await run.cell.kill();
      run.cell.starter.kill();
      await run.cell.starter.gone;
    }
    return report;
  }

  private async runShell(order: LaunchOrder, run: Run, deadline: Deadline): Promise<StarterReport> {
    run.cell.begin(order);
    // This process may have been stopped, or the seat long in the making.
    if (deadline.passed) {
      run.overdue = true;
      return { kind: 'died', detail: '' };
    }
    const report = run.cell.starter.start(order);
    deadline.watch(() => void kill(run, 'overdue'));
    return report;
  }

  private conclude(run: Run, report: StarterReport): RunResult {
    const output = this.finishOutput();
    if (report.kind === 'unstarted' && run.killing === null)
      return { kind: 'refused', detail: [report.detail, saidBy(output.stderr)].filter(Boolean).join(': ') };
    const status = statusOf(run, report);
    if (run.fault !== null) return { kind: 'lost', detail: run.fault };
    if (typeof status === 'string') return { kind: 'lost', detail: status };
    const { limitReached: outputLimitReached, overdue } = run;
    const usage = { cpuMicroseconds: null, writtenBytes: writtenIn(run) };
    return { kind: 'ended', end: { ...status, outputLimitReached, overdue, ...usage, ...output } };
  }
}

function beginRun(prepared: Prepared, { enclosure }: LaunchOrder): Run {
  return {
    ...prepared,
    enclosed: enclosure !== null,
    writtenBefore: writtenBy(prepared),
    writtenForIt: enclosure === null ? 0 : bytesOf(enclosure.secrets),
    writtenAfter: null,
    shellEnded: false,
    limitReached: false,
    overdue: false,
    fault: null,
    killAt: null,
    killTimer: null,
    terminating: null,
    killing: null,
  };
}

function writtenBy({ cell, records }: Prepared): number | null {
  return cell.spent ? null : records.written();
}

function writtenIn({ writtenBefore, writtenForIt, writtenAfter }: Run): number | null {
  if (writtenBefore === null || writtenAfter === null) return null;
  return Math.max(0, writtenAfter - writtenBefore - writtenForIt);
}

/** Each with the NUL that ends it. */
function bytesOf(words: readonly string[]): number {
  return words.reduce((bytes, word) => bytes + Buffer.byteLength(word) + 1, 0);
}

/** A command may have changed its parent, the starter, and with it all that are started later. */
function isAsMade({ cell, records, handedOn }: Prepared): boolean {
  return cell.spent || (cell.isAsMade() && records.inherited() === handedOn);
}

function kill(run: Run, reason: 'asked' | 'overdue' = 'asked'): Promise<void> {
  run.killing ??= heardOf(strike(run, reason));
  return run.killing;
}

async function strike(run: Run, reason: 'asked' | 'overdue'): Promise<void> {
  await hasBegun(run);
  // A shell that came to its end meanwhile was not killed for it.
  if (reason === 'overdue' && !run.shellEnded) run.overdue = true;
  await run.cell.kill();
  await shellsEnd(run, TOLD_WITHIN_MS);
  if (run.shellEnded) return;
  // A command may have stopped the very shell that is to tell its end.
  run.cell.starter.kill();
  await run.cell.starter.gone;
  await run.cell.kill();
}

/** Waits `withinMs` at most until the end of the shell is told, or until something else `isSo`. */
async function shellsEnd(run: Run, withinMs: number, isSo = (): boolean => false): Promise<void> {
  const until = performance.now() + withinMs;
  while (!run.shellEnded && !isSo() && performance.now() < until) await delay(LOOK_AGAIN_MS);
}

/** Its failure is told to whoever attends to the command, maybe later than it happens. */
function heardOf(ending: Promise<void>): Promise<void> {
  ending.catch(() => undefined);
  return ending;
}

async function terminate(run: Run): Promise<void> {
  await (run.enclosed ? hasBegunWithin(run) : hasBegun(run));
  if (run.cell.spent) return;
  if (run.enclosed) await terminateEnclosed(run.cell.starterPid);
  else await run.cell.terminate();
}

/** Sent before the starter forked, a signal would meet nobody, and the command would run on. */
function hasBegun(run: Run): Promise<void> {
  return shellsEnd(run, BEGUN_WITHIN_MS, () => run.cell.occupied());
}

/** The same of one whose sandbox must be made first. */
function hasBegunWithin(run: Run): Promise<void> {
  const { cell } = run;
  return shellsEnd(run, BEGUN_WITHIN_MS, () => cell.spent || hasEnclosedCommand(cell.starterPid));
}

/** What makes a sandbox says there why it can't. */
function saidBy({ content }: Captured): string {
  return content?.toString('utf8').trim() ?? '';
}

async function endSurvivors(run: Run): Promise<void> {
  while (run.cell.occupied()) {
    const graceLeft = run.killAt === null ? 0 : run.killAt - performance.now();
    if (graceLeft <= 0 || run.killing !== null) {
      await kill(run);
      return;
    }
    await delay(Math.min(LOOK_AGAIN_MS, graceLeft));
  }
}

function diedOf(report: StarterReport, signal: number): boolean {
  return report.kind === 'status' && report.status.signal === signal;
}

/** The shell's end, or why nothing can be said of it. */
function statusOf(run: Run, report: StarterReport): ShellStatus | string {
  if (report.kind === 'status') return report.status;
  // The kill took shell and starter at once; or something else that kills did, such as the kernel out of memory.
  if (run.killing !== null || report.detail === '')
    return { exitCode: null, signal: constants.signals.SIGKILL };
  return report.detail;
}
