import { environmentName, type Setting, type Settings } from './setting.js';

/** Everything that is wrong with the settings, at once. */
export class ConfigError extends Error {
  /** @param faults one sentence per fault, fit for a person; never a secret */
  constructor(readonly faults: readonly string[]) {
    super(`The settings can't be used:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/** Where values come from and what the source calls them. */
export interface SettingSource {
  /** What was given, as text; undefined where nothing was. */
  read(option: string): string | undefined;
  nameOf(option: string): string;
}

/** The environment as a source; what is unset or empty was not given. */
export function environmentSource(env: Readonly<Record<string, string | undefined>>): SettingSource {
  return {
    nameOf: environmentName,
    read: (option) => env[environmentName(option)]?.trim() || undefined,
  };
}

const SHOWN_CHARACTERS = 100;

/** Values of all settings; what is wrong is noted in `faults`, and its fallback stands in. */
export function readSettings(
  settings: Settings,
  source: SettingSource,
  faults: string[],
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [option, setting] of Object.entries(settings)) {
    const given = source.read(option);
    const value = given === undefined ? setting.fallback : setting.parse(given);
    if (value === undefined && given !== undefined)
      faults.push(faultOf(source.nameOf(option), given, setting));
    if (value !== undefined) values[option] = value;
  }
  return values;
}

function faultOf(name: string, given: string, setting: Setting<unknown>): string {
  const shown = setting.redact?.(given) ?? given;
  const short = shown.length > SHOWN_CHARACTERS ? `${shown.slice(0, SHOWN_CHARACTERS)}…` : shown;
  return `${name} is ${JSON.stringify(short)}; it must be ${setting.allowed}.`;
}

/**
 * Settings of the full contract that this version can't honour. To ignore one would be a lie: whoever sets one
 * counts on it.
 */
export const NOT_AVAILABLE: Readonly<Record<string, (given: string) => boolean>> = {
  webhookSecret: () => true,
  webhookAllowPrivate: (given) => given !== 'false',
};

/** Faults for what this version does not offer yet; `settled` are the options that these faults already cover. */
export function faultsOfUnavailable(source: SettingSource): { faults: string[]; settled: Set<string> } {
  const faults: string[] = [];
  const settled = new Set<string>();
  for (const [option, isAffected] of Object.entries(NOT_AVAILABLE)) {
    const given = source.read(option);
    if (given === undefined || !isAffected(given)) continue;
    settled.add(option);
    faults.push(`${source.nameOf(option)} is not available in this version; leave it out.`);
  }
  return { faults, settled };
}
