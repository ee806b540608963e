import { closeSync, openSync, readSync } from 'node:fs';
import { fieldsIn } from '../process-table.js';

const CHUNK_BYTES = 16_384;
const chunk = Buffer.alloc(CHUNK_BYTES);

/**
 * How the kernel tells what a file below /proc says: all at once, or line by line, so that only a read of nothing is its end. Each
 * read makes all of it anew.
 */
type Telling = 'at once' | 'by lines';

/** A file below /proc that is read for every command, and so opened once. */
export class ProcFile {
  /** Null where the process was gone then. */
  private readonly fd: number | null;

  constructor(
    path: string,
    private readonly telling: Telling,
  ) {
    this.fd = openOrNull(path);
  }

  /** As it is now; null where the process is gone. */
  read(): string | null {
    if (this.fd === null) return null;
    let text = '';
    try {
      for (;;) {
        const length = readSync(this.fd, chunk, 0, CHUNK_BYTES, text.length);
        text += chunk.toString('latin1', 0, length);
        if (length === 0 || (this.telling === 'at once' && length < CHUNK_BYTES)) return text;
      }
    } catch {
      return null;
    }
  }

  close(): void {
    if (this.fd !== null) closeSync(this.fd);
  }
}

/** What is asked of a starter after each command. */
export class ProcessRecords {
  private readonly stat = this.open('stat');
  private readonly status = this.open('status');
  private readonly limits = this.open('limits');
  private readonly io = this.open('io');

  constructor(private readonly pid: number) {}

  /** All that its children inherit of limits, share of the processors and processors, in a text to be compared. */
  inherited(): string {
    const fields = fieldsIn(this.stat.read() ?? '');
    const [nice, priority, policy] = [fields[16], fields[37], fields[38]];
    const processors = /^Cpus_allowed:.*$/m.exec(this.status.read() ?? '')?.[0];
    return [this.limits.read(), nice, priority, policy, processors].join('\n');
  }

  /** Bytes that it and all that it has reaped have written, to whatever; null where that can't be told. */
  written(): number | null {
    const written = /^wchar: (\d+)$/m.exec(this.io.read() ?? '')?.[1];
    return written === undefined ? null : Number(written);
  }

  close(): void {
    for (const file of [this.stat, this.status, this.limits, this.io]) file.close();
  }

  private open(name: string): ProcFile {
    return new ProcFile(`/proc/${this.pid}/${name}`, 'at once');
  }
}

function openOrNull(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch {
    return null;
  }
}
