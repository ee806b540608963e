/** What a job may use; what is absent is not limited. */
export interface JobLimits {
  /** Seconds of processor time of all its processes together. */
  readonly cpuSeconds?: number;
  /** Of all its processes together, with what the kernel keeps for them. */
  readonly memoryBytes?: number;
  /** Processes and threads at once. */
  readonly pids?: number;
  /** Of its working directory, and of each file that it writes anywhere. */
  readonly diskBytes?: number;
  /** Descriptors at once, of each process. */
  readonly openFiles?: number;
  /** Whether it may use the network; absent: as the sandbox has it. */
  readonly network?: boolean;
}

export type LimitName = keyof JobLimits;

/** As callers, agents and servers write them. */
export const LIMIT_WORDS = {
  cpuSeconds: 'cpu_seconds',
  memoryBytes: 'memory_bytes',
  pids: 'pids',
  diskBytes: 'disk_bytes',
  openFiles: 'open_files',
  network: 'network',
} as const satisfies Record<LimitName, string>;

export type LimitWord = (typeof LIMIT_WORDS)[LimitName];
export type WireLimits = { readonly [Word in LimitWord]?: number | boolean };

const NAMES = Object.keys(LIMIT_WORDS) as LimitName[];

export function limitsToWire(limits: JobLimits): WireLimits {
  const given = NAMES.filter((name) => limits[name] !== undefined);
  return Object.fromEntries(given.map((name) => [LIMIT_WORDS[name], limits[name]]));
}

export function limitsFromWire(wire: WireLimits): JobLimits {
  const given = NAMES.filter((name) => wire[LIMIT_WORDS[name]] !== undefined);
  return Object.fromEntries(given.map((name) => [name, wire[LIMIT_WORDS[name]]]));
}

/** Those names that are known here: a newer agent may enforce more. */
export function limitNamesIn(words: readonly string[]): LimitName[] {
  return NAMES.filter((name) => words.includes(LIMIT_WORDS[name]));
}

/** What of `limits` somebody must enforce who is not to ignore it: leave to use the network is none. */
export function toBeEnforced(limits: JobLimits): LimitName[] {
  return NAMES.filter((name) => limits[name] !== undefined && limits[name] !== true);
}

/** What all processes of an attempt used together; null where its host can't tell. */
export interface Usage {
  readonly cpuSeconds: number | null;
  readonly peakMemoryBytes: number | null;
  /** Written by them, be it to files, pipes or standard output. */
  readonly writtenBytes: number | null;
}

export interface WireUsage {
  readonly cpu_seconds: number | null;
  readonly peak_memory_bytes: number | null;
  readonly written_bytes: number | null;
}

export function usageToWire({ cpuSeconds, peakMemoryBytes, writtenBytes }: Usage): WireUsage {
  return { cpu_seconds: cpuSeconds, peak_memory_bytes: peakMemoryBytes, written_bytes: writtenBytes };
}

export function usageFromWire({ cpu_seconds, peak_memory_bytes, written_bytes }: WireUsage): Usage {
  return { cpuSeconds: cpu_seconds, peakMemoryBytes: peak_memory_bytes, writtenBytes: written_bytes };
}
