import { join } from 'node:path';
import { AUTH_SETTINGS } from './auth.settings.js';
import { authFaults } from './auth.faults.js';
import {
  ConfigError,
  environmentSource,
  faultsOfUnavailable,
  readSettings,
  type SettingSource,
} from './faults.js';
import { FLEET_SETTINGS } from './fleet.settings.js';
import { JOBS_SETTINGS } from './jobs.settings.js';
import { LIMITED, LIMITS_SETTINGS } from './limits.settings.js';
import { SERVER_SETTINGS } from './server.settings.js';
import { type Settings, type ValuesOf } from './setting.js';
import { STORAGE_SETTINGS } from './storage.settings.js';

/** Every setting there is. */
export const SETTINGS = {
  ...SERVER_SETTINGS,
  ...AUTH_SETTINGS,
  ...STORAGE_SETTINGS,
  ...JOBS_SETTINGS,
  ...LIMITS_SETTINGS,
  ...FLEET_SETTINGS,
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

/**
 * Settings from a module's options, with the defaults of {@link loadConfig}. Nothing is read from the
 * environment.
 *
 * @throws ConfigError naming everything that is wrong
 */
export function resolveOptions(options: ConfigOptions): AppConfig {
  const given = new Map<string, unknown>(Object.entries(options));
  const odd = [...given].filter(([, value]) => value !== undefined && !isPlain(value));
  if (odd.length > 0)
    throw new ConfigError(odd.map(([option, value]) => `${option} can't be of type ${typeof value}.`));
  return resolve({
    nameOf: (option) => option,
    read: (option) => (given.get(option) === undefined ? undefined : String(given.get(option))),
  });
}

function isPlain(value: unknown): boolean {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
}

function resolve(source: SettingSource): AppConfig {
  const { faults, settled } = faultsOfUnavailable(source);
  const values = readSettings(without(SETTINGS, settled), source, faults) as Values;
  faults.push(
    ...authFaults(values, source),
    ...faultsOfLimits(values, source),
    ...faultsOfQuota(values, source),
  );
  if (faults.length > 0) throw new ConfigError(faults);
  return { ...values, databaseUrl: values.databaseUrl ?? `sqlite:${join(values.dataDir, 'jobs.sqlite')}` };
}

function without(settings: Settings, left: ReadonlySet<string>): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([option]) => !left.has(option)));
}

/** Whoever has the files counts them. */
function faultsOfQuota(
  { dataManagerUrl, maxStoredBytesPerUser }: Partial<Values>,
  source: SettingSource,
): string[] {
  if (dataManagerUrl === undefined || maxStoredBytesPerUser === undefined) return [];
  const [quota, url] = [source.nameOf('maxStoredBytesPerUser'), source.nameOf('dataManagerUrl')];
  return [`${quota} is for the built-in data manager; with ${url}, set it on that one.`];
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
