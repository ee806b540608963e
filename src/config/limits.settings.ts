import { optionalInteger } from './parsers.js';

const LONGEST_SECONDS = 3_155_760_000;
const MOST_BYTES = 1_125_899_906_842_624;

const seconds = optionalInteger({ min: 1, max: LONGEST_SECONDS });
const memory = optionalInteger({ min: 4_194_304, max: MOST_BYTES });
const processes = optionalInteger({ min: 1, max: 1_000_000 });
const disk = optionalInteger({ min: 4_096, max: MOST_BYTES });

/** What jobs may use: by default, and at the most. */
export const LIMITS_SETTINGS = {
  defaultTimeout: seconds,
  maxTimeout: seconds,
  defaultCpuSeconds: seconds,
  maxCpuSeconds: seconds,
  defaultMemoryBytes: memory,
  maxMemoryBytes: memory,
  defaultPids: processes,
  maxPids: processes,
  defaultDiskBytes: disk,
  maxDiskBytes: disk,
  maxOpenFiles: optionalInteger({ min: 64, max: 1_048_576 }),
};

/** What has a default and a maximum, by the ends of their names. */
export const LIMITED = ['Timeout', 'CpuSeconds', 'MemoryBytes', 'Pids', 'DiskBytes'] as const;
