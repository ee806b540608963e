import { type AgentConfig } from './agent-config.js';
import { type AppConfig, SETTINGS } from './config.js';
import { type Setting } from './setting.js';

/** The settings in force, fit for a log: secrets hidden, big numbers as text. */
export function describeConfig(config: AppConfig | AgentConfig): Record<string, string | number | boolean> {
  const settings: Readonly<Record<string, Setting<unknown>>> = SETTINGS;
  const shown = Object.entries(config).map(([option, value]) => {
    const redact = settings[option]?.redact;
    if (redact !== undefined) return [option, redact(String(value))] as const;
    return [option, typeof value === 'bigint' ? value.toString() : value] as const;
  });
  return Object.fromEntries(shown);
}
