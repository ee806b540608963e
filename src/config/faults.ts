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
