import { availableParallelism } from 'node:os';
import { integer, oneOf, optionalInteger } from './parsers.js';
import { type Setting } from './setting.js';

const MAX_UINT64 = 18_446_744_073_709_551_615n;

const defaultTtl: Setting<bigint | undefined> = {
  allowed: `a whole number of seconds from 0 to ${MAX_UINT64.toString()}`,
  fallback: undefined,
  parse(text) {
    const value = /^(0|[1-9][0-9]{0,19})$/.test(text) ? BigInt(text) : undefined;
    return value !== undefined && value <= MAX_UINT64 ? value : undefined;
  },
};

/** What holds for jobs and for what runs them. */
export const JOBS_SETTINGS = {
  agentConcurrency: integer({ min: 0, max: 10_000, fallback: availableParallelism() }),
  defaultTtl,
  killGraceSeconds: integer({ min: 0, max: 3_600, fallback: 5 }),
  maxQueuedJobs: integer({ min: 1, max: 1_000_000_000, fallback: 1_000_000 }),
  maxWaitingPerUser: optionalInteger({ min: 1, max: 1_000_000_000 }),
  maxRunningPerUser: optionalInteger({ min: 1, max: 1_000_000 }),
  maxOutputBytes: integer({ min: 1, max: 1_125_899_906_842_624, fallback: 1_073_741_824 }),
  agentLostSeconds: integer({ min: 1, max: 86_400, fallback: 30 }),
  launcher: oneOf(['auto', 'native', 'node'], 'auto'),
  sandbox: oneOf(['auto', 'bubblewrap', 'none'], 'auto'),
};
