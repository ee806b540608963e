import { type Containment } from '../launcher.js';
import { type LaunchOrder } from '../protocol.js';
import { type Starter } from './starter.js';
import { type StarterProgram } from './starter-program.js';

/** One place in which one command at a time runs, such that all that it starts can be found and ended. */
export interface Cell {
  readonly starter: Starter;
  /** Process id of the starter itself. */
  readonly starterPid: number;
  /** Said before each command. */
  begin(order: LaunchOrder): void;
  /** True while anything of the command is alive, be it its shell or something that the shell left behind. */
  occupied(): boolean;
  /** False where a command has changed what the next one would find, such as mounts: a new cell is needed. */
  isAsMade(): boolean;
  /** SIGTERM, then SIGCONT, to every process of the command that has not got one yet. Resolves when they have been sent. */
  terminate(): Promise<void>;
  /** SIGKILL to every process of the command; resolves once none is alive. */
  kill(): Promise<void>;
  /** True once the starter is dead, which a kill may have done: a new cell is needed. */
  readonly spent: boolean;
  /** Ends the starter and removes what the cell has made. Nothing of a command may be alive. */
  dispose(): Promise<void>;
}

export interface CellOptions {
  /** Identity of the data directory that the launcher works for. */
  readonly instance: string;
  readonly starter: StarterProgram;
  readonly outputFds: readonly [number, number];
  /** Program and arguments that let the kernel kill what they start when the launcher dies, or nothing. */
  readonly tether: readonly string[];
  /** Directories of the cgroups of the place, which the starter enters for all that it starts. */
  readonly cgroups: readonly string[];
}

export type CellMaker = (options: CellOptions) => Promise<Cell>;

/** A means of containment, strongest first in the list that the probe goes through. */
export interface CellKind {
  readonly containment: Containment;
  readonly make: CellMaker;
}
