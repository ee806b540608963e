import { ConfigError, environmentSource, readSettings } from './faults.js';
import { FLEET_SETTINGS } from './fleet.settings.js';
import { JOBS_SETTINGS } from './jobs.settings.js';
import { listed } from './parsers.js';
import { SERVER_SETTINGS } from './server.settings.js';
import { type ValuesOf } from './setting.js';
import { STORAGE_SETTINGS } from './storage.settings.js';

/** What an agent in a process of its own is told. There is no database in it, and must not be. */
export const AGENT_SETTINGS = {
  dataDir: STORAGE_SETTINGS.dataDir,
  dataManagerUrl: STORAGE_SETTINGS.dataManagerUrl,
  dataManagerToken: STORAGE_SETTINGS.dataManagerToken,
  ...FLEET_SETTINGS,
  agentConcurrency: JOBS_SETTINGS.agentConcurrency,
  killGraceSeconds: JOBS_SETTINGS.killGraceSeconds,
  maxOutputBytes: JOBS_SETTINGS.maxOutputBytes,
  launcher: JOBS_SETTINGS.launcher,
  sandbox: JOBS_SETTINGS.sandbox,
  shutdownGraceSeconds: SERVER_SETTINGS.shutdownGraceSeconds,
  logLevel: SERVER_SETTINGS.logLevel,
};

type Values = ValuesOf<typeof AGENT_SETTINGS>;

/** The validated settings of an agent. */
export type AgentConfig = Values & Required<Pick<Values, 'redisUrl' | 'serverUrl' | 'dataManagerUrl'>>;

/**
 * Settings from the environment; what is unset or empty has its default.
 *
 * @throws ConfigError naming everything that is wrong
 */
export function loadAgentConfig(env: Readonly<Record<string, string | undefined>>): AgentConfig {
  const source = environmentSource(env);
  const faults: string[] = [];
  const values = readSettings(AGENT_SETTINGS, source, faults) as Values;
  faults.push(...faultsOf(values, (option) => source.read(option) !== undefined));
  if (faults.length > 0) throw new ConfigError(faults);
  // One server that is named alone has the files too, unless told otherwise.
  return { dataManagerUrl: values.serverUrl, ...values } as AgentConfig;
}

function faultsOf(values: Values, isGiven: (option: string) => boolean): string[] {
  const faults: string[] = [];
  if (!isGiven('redisUrl')) faults.push('REDIS_URL is missing; an agent gets its jobs from there.');
  if (!isGiven('serverUrl')) faults.push('SERVER_URL is missing; an agent claims and reports there.');
  if (listed(values.serverUrl ?? '').length > 1 && !isGiven('dataManagerUrl'))
    faults.push('DATA_MANAGER_URL is missing; with several servers all must have one data manager.');
  if (values.agentConcurrency === 0)
    faults.push('AGENT_CONCURRENCY is "0"; it must be at least 1, for an agent does nothing else.');
  return faults;
}
