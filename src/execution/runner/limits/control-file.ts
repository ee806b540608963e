import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';

const MOST_BYTES = 4_096;
const FLAGS = { read: constants.O_RDONLY, write: constants.O_WRONLY, 'read and write': constants.O_RDWR };
type Access = keyof typeof FLAGS;
const buffer = Buffer.alloc(MOST_BYTES);

/** A file of a cgroup, kept open: it is read once a command, which takes a microsecond or two so. */
export class ControlFile {
  private constructor(private readonly fd: number) {}

  /** @throws the file system's error where it is not there */
  static open(path: string, access: Access): ControlFile {
    return new ControlFile(openSync(path, FLAGS[access]));
  }

  /** Null where this kernel has no such file, or does not let it be used so. */
  static openIfThere(path: string, access: Access): ControlFile | null {
    try {
      return ControlFile.open(path, access);
    } catch {
      // Which files there are differs from kernel to kernel.
      return null;
    }
  }

  read(): string {
    return buffer.toString('latin1', 0, readSync(this.fd, buffer, 0, MOST_BYTES, 0));
  }

  /** Of a file that holds one number. */
  number(): number {
    return Number(this.read());
  }

  /** Of the line that begins with `key`; 0 where there is none. */
  numberOf(key: string): number {
    const line = this.read()
      .split('\n')
      .find((text) => text.startsWith(`${key} `));
    return line === undefined ? 0 : Number(line.slice(key.length + 1));
  }

  write(text: string): void {
    writeSync(this.fd, text, 0);
  }

  close(): void {
    closeSync(this.fd);
  }
}
