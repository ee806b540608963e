import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/** What a run of a job did, as it wrote it down itself. */
export interface Mark {
  /** Ms since the epoch. */
  readonly at: number;
  /** `overlap`: another run of the same job was alive. */
  readonly kind: 'start' | 'tick' | 'end' | 'overlap';
  readonly index: number;
  readonly attempt: number;
}

/** What jobs leave outside of the service, so that the service need not be believed. */
export class Yard {
  private constructor(readonly directory: string) {}

  static async make(): Promise<Yard> {
    const yard = new Yard(await temporaryDirectory());
    for (const name of ['locks', 'started', 'tried']) await mkdir(join(yard.directory, name));
    await writeFile(join(yard.directory, 'log'), '');
    return yard;
  }

  /**
   * A command that says when it starts, and when two runs of it live at once, by a lock that the kernel frees when
   * all of a run is dead. Its `body` may call `mark`.
   */
  command(index: number, body: string): string {
    return `
      exec 9> ${this.directory}/locks/${index}
      mark() { echo "$(date +%s.%N) $1 ${index} $JOB_ATTEMPT" >> ${this.directory}/log; }
      flock -n 9 || mark overlap
      mark start
      : > ${this.directory}/started/${index}
      ${body}`;
  }

  /** Shell that is true from the second run of a job on. */
  triedBefore(index: number): string {
    const path = `${this.directory}/tried/${index}`;
    return `{ [ -e ${path} ] || { : > ${path}; false; }; }`;
  }

  hasStarted(index: number): Promise<boolean> {
    return access(join(this.directory, 'started', String(index))).then(
      () => true,
      () => false,
    );
  }

  async marks(): Promise<Mark[]> {
    const lines = (await readFile(join(this.directory, 'log'), 'utf8')).split('\n').filter(Boolean);
    return lines.map((line) => {
      const [seconds, kind, index, attempt] = line.split(' ');
      return {
        at: Number(seconds) * 1_000,
        kind: kind as Mark['kind'],
        index: Number(index),
        attempt: Number(attempt),
      };
    });
  }
}
