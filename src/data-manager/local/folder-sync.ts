import { closeSync, fsync, openSync } from 'node:fs';
import { promisify } from 'node:util';

export const syncDescriptor = promisify(fsync);

/** Makes changes of a folder durable that hardly ever changes; for others {@link FolderSync}. */
export async function syncFolder(folder: string): Promise<void> {
  const descriptor = openSync(folder, 'r');
  try {
    await syncDescriptor(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** One flush that runs, and the one after it that all who come meanwhile share. */
interface Flushes {
  readonly running: Promise<void>;
  next?: Promise<void>;
}

/**
 * Makes changes of folders durable. Whoever asks while a flush of that folder runs shares the following one;
 * descriptors stay open, since opening a folder costs as much as flushing it.
 */
export class FolderSync {
  private readonly descriptors = new Map<string, number>();
  private readonly flushes = new Map<string, Flushes>();

  /** Resolves once all that happened in `folder` before the call is durable. */
  sync(folder: string): Promise<void> {
    const flushes = this.flushes.get(folder);
    if (flushes === undefined) return this.start(folder);
    // The running one may have begun before the caller's change: only a later one is sure to hold it.
    flushes.next ??= flushes.running.then(ignore, ignore).then(() => this.start(folder));
    return flushes.next;
  }

  close(): void {
    for (const descriptor of this.descriptors.values()) closeSync(descriptor);
    this.descriptors.clear();
  }

  private start(folder: string): Promise<void> {
    const running = this.flush(folder);
    const flushes: Flushes = { running };
    this.flushes.set(folder, flushes);
    const forget = (): void => {
      if (flushes.next === undefined) this.flushes.delete(folder);
    };
    running.then(forget, forget);
    return running;
  }

  private async flush(folder: string): Promise<void> {
    let descriptor = this.descriptors.get(folder);
    if (descriptor === undefined) {
      descriptor = openSync(folder, 'r');
      this.descriptors.set(folder, descriptor);
    }
    await syncDescriptor(descriptor);
  }
}

function ignore(): void {
  // Each waiter hears of its own flush only.
}
