import { closeSync, constants, type FSWatcher, fstatSync, openSync, readSync, watch } from 'node:fs';
import { OUTPUT_CHUNK_BYTES, type OutputChunk, type OutputPosition } from '../live-output.port.js';
import { type Workspace } from './workspace.js';

/** Where the system has no watch left to give, it is looked so often, in ms. */
const LOOK_EVERY_MS = 100;
/** The command can reach the file, and may have put a link or a pipe there. */
const AS_IT_IS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const NOTHING = Buffer.alloc(0);

/** What a command writes, read from the files in which it is kept, while it writes. Costs nothing while nobody reads. */
export class OutputTail {
  private readonly readers = new Set<() => void>();
  private stopWatching: () => void = () => undefined;
  private isOver = false;

  constructor(private readonly workspace: Workspace) {}

  /** Resolves as soon as there is more than `from`, with null once there is no more to come. Rejects with the signal's reason. */
  async read(from: OutputPosition, signal: AbortSignal): Promise<OutputChunk | null> {
    let wake: () => void = () => undefined;
    const onChange = (): void => {
      wake();
    };
    this.enter(onChange);
    signal.addEventListener('abort', onChange);
    try {
      for (;;) {
        signal.throwIfAborted();
        const chunk = this.after(from);
        if (chunk !== null || this.isOver) return chunk;
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      signal.removeEventListener('abort', onChange);
      this.leave(onChange);
    }
  }

  /** Nothing of the command is alive any more. */
  end(): void {
    this.isOver = true;
    this.tellAll();
  }

  private after(from: OutputPosition): OutputChunk | null {
    const stdout = bytesOf(this.workspace.stdoutPath, from.stdout);
    const stderr = bytesOf(this.workspace.stderrPath, from.stderr);
    return stdout.length + stderr.length === 0 ? null : { stdout, stderr };
  }

  private enter(reader: () => void): void {
    if (this.readers.size === 0)
      this.stopWatching = watchDirectory(this.workspace.path, () => {
        this.tellAll();
      });
    this.readers.add(reader);
  }

  private leave(reader: () => void): void {
    this.readers.delete(reader);
    if (this.readers.size === 0) this.stopWatching();
  }

  private tellAll(): void {
    for (const reader of this.readers) reader();
  }
}

/** @returns what ends it */
function watchDirectory(path: string, onChange: () => void): () => void {
  let stop: () => void = () => undefined;
  const lookNowAndThen = (): void => {
    const timer = setInterval(onChange, LOOK_EVERY_MS);
    stop = () => {
      clearInterval(timer);
    };
  };
  try {
    const watcher: FSWatcher = watch(path, { persistent: false }, onChange);
    stop = () => {
      watcher.close();
    };
    watcher.on('error', () => {
      stop();
      lookNowAndThen();
    });
  } catch {
    lookNowAndThen();
  }
  return () => {
    stop();
  };
}

/** From an offset on; none where there is no such file, or something else in its place. */
function bytesOf(path: string, offset: number): Buffer {
  let file: number;
  try {
    file = openSync(path, AS_IT_IS);
  } catch {
    return NOTHING;
  }
  try {
    const found = fstatSync(file);
    const length = Math.min(OUTPUT_CHUNK_BYTES, found.size - offset);
    if (!found.isFile() || length <= 0) return NOTHING;
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, readSync(file, bytes, 0, length, offset));
  } finally {
    closeSync(file);
  }
}
