import { join } from 'node:path';
import { AUTH_SETTINGS } from './auth.settings.js';
import { authFaults } from './auth.faults.js';
import { ConfigError, environmentSource, readSettings, type SettingSource } from './faults.js';
import { FLEET_SETTINGS } from './fleet.settings.js';
import { JOBS_SETTINGS } from './jobs.settings.js';
import { LIMITED, LIMITS_SETTINGS } from './limits.settings.js';
import { SERVER_SETTINGS } from './server.settings.js';
import { type ValuesOf } from './setting.js';
import { STORAGE_SETTINGS } from './storage.settings.js';
import { WEBHOOK_SETTINGS } from './webhook.settings.js';

/** Every setting there is. */
export const SETTINGS = {
  ...SERVER_SETTINGS,
  ...AUTH_SETTINGS,
  ...STORAGE_SETTINGS,
  ...JOBS_SETTINGS,
  ...LIMITS_SETTINGS,
  ...FLEET_SETTINGS,
  ...WEBHOOK_SETTINGS,
};

type Values = ValuesOf<typeof SETTINGS>;

/** The validated settings. Directories are absolute, times are seconds unless named otherwise. */
export type AppConfig = Omit<Values, 'databaseUrl'> & { readonly databaseUrl: string };

/** The same settings as options of a module; numbers, flags and text, each optional. */
export type ConfigOptions = {
  readonly [K in keyof Values]?: Values[K] | (K extends 'defaultTtl' ? number | string : never) | undefined;
};

/**
 * Settings from the environment; what is unset or empty has its default.
 *
 * @throws ConfigError naming everything that is wrong
 */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): AppConfig {
  return resolve(environmentSource(env));
}

/** What a host has given in the place of settings. */
export interface HostParts {
  readonly guard: boolean;
  readonly dataSource: boolean;
}

const NO_PARTS: HostParts = { guard: false, dataSource: false };

/**
 * Settings from a module's options, with the defaults of {@link loadConfig}. Nothing is read from the
 * environment.
 *
 * @throws ConfigError naming everything that is wrong
 */
export function resolveOptions(options: ConfigOptions, host: HostParts = NO_PARTS): AppConfig {
  const given = new Map<string, unknown>(Object.entries(options).filter(([, value]) => value !== undefined));
  const faults = [...given].flatMap(([option, value]) => faultOfOption(option, value));
  faults.push(...faultsOfParts(host, (option) => given.has(option)));
  if (faults.length > 0) throw new ConfigError(faults);
  return resolve({
    nameOf: (option) => option,
    read: (option) => (given.has(option) ? String(given.get(option)) : undefined),
  });
}

function faultOfOption(option: string, value: unknown): string[] {
  if (!Object.hasOwn(SETTINGS, option))
    return [
      `${option} is no setting; prefix, guard and dataSource stand beside the factory of forRootAsync.`,
    ];
  return isPlain(value) ? [] : [`${option} can't be of type ${typeof value}.`];
}

/** Two ways to say one thing; and with a guard, whoever is no agent must not pass for one. */
function faultsOfParts({ guard, dataSource }: HostParts, isGiven: (option: string) => boolean): string[] {
  const faults: string[] = [];
  if (guard && isGiven('auth')) faults.push('guard and auth are both given; leave one of them out.');
  if (guard && isGiven('redisUrl') && !isGiven('agentToken'))
    faults.push('agentToken is missing; with a guard, agents of other processes need it.');
  if (dataSource && isGiven('databaseUrl'))
    faults.push('dataSource and databaseUrl are both given; leave one of them out.');
  return faults;
}

function isPlain(value: unknown): boolean {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
}

function resolve(source: SettingSource): AppConfig {
  const faults: string[] = [];
  const values = readSettings(SETTINGS, source, faults) as Values;
  faults.push(
    ...authFaults(values, source),
    ...faultsOfLimits(values, source),
    ...faultsOfFiles(values, source),
  );
  if (faults.length > 0) throw new ConfigError(faults);
  return { ...values, databaseUrl: values.databaseUrl ?? `sqlite:${join(values.dataDir, 'jobs.sqlite')}` };
}

const OF_BUILT_IN_FILES = ['maxStoredBytesPerUser', 'uploadTtlSeconds'] as const;

/** Whoever has the files counts them, and lets them expire. */
function faultsOfFiles(values: Partial<Values>, source: SettingSource): string[] {
  if (values.dataManagerUrl === undefined) return [];
  const url = source.nameOf('dataManagerUrl');
  return OF_BUILT_IN_FILES.filter((option) => values[option] !== undefined).map(
    (option) => `${source.nameOf(option)} is for the built-in data manager; with ${url}, set it on that one.`,
  );
}

/** A default above its maximum. */
function faultsOfLimits(values: Partial<Values>, source: SettingSource): string[] {
  return LIMITED.flatMap((name) => {
    const [usual, most] = [values[`default${name}`], values[`max${name}`]];
    if (usual === undefined || most === undefined || usual <= most) return [];
    return [
      `${source.nameOf(`default${name}`)} is "${usual}"; it must be at most ${source.nameOf(`max${name}`)}, which is ${most}.`,
    ];
  });
}
