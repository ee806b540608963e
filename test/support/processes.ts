import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';

export interface FoundProcess {
  readonly pid: number;
  /** Arguments, separated by spaces. */
  readonly commandLine: string;
}

/**
 * Every live process, in whatever session or namespace, that carries `token` in its command line, in its
 * environment or in the path of its working directory.
 */
export async function processesWith(token: string): Promise<FoundProcess[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
  const found = await Promise.all(pids.map((pid) => examine(pid, token)));
  return found.filter((process) => process !== undefined);
}

/** Resident memory of a process in bytes. */
export function residentMemory(pid: number): Promise<number> {
  return memory(pid, 'VmRSS');
}

/** The most resident memory, in bytes, that a process has had since {@link resetPeakMemory}. */
export function peakMemory(pid: number): Promise<number> {
  return memory(pid, 'VmHWM');
}

/** Makes the kernel forget the peak so far (proc(5), clear_refs). */
export function resetPeakMemory(pid: number): Promise<void> {
  return writeFile(`/proc/${pid}/clear_refs`, '5');
}

async function memory(pid: number, field: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
}

async function examine(pid: number, token: string): Promise<FoundProcess | undefined> {
  if (pid === process.pid) return undefined;
  const parts = await Promise.all(
    [readFile(`/proc/${pid}/cmdline`, 'utf8'), readFile(`/proc/${pid}/environ`, 'utf8'), cwd(pid)].map(
      // A process may end between two reads; a zombie has nothing to read.
      (part) => part.catch(() => ''),
    ),
  );
  if (!parts.some((part) => part.includes(token))) return undefined;
  return { pid, commandLine: (parts[0] ?? '').replaceAll('\0', ' ').trim() };
}

function cwd(pid: number): Promise<string> {
  return readlink(`/proc/${pid}/cwd`);
}
