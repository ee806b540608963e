import { ConfigError, environmentSource, readSettings } from './faults.js';
import { BARE_URL, bareHttpUrl } from './parsers.js';
import { type Setting, type ValuesOf } from './setting.js';

const collector: Setting<string | undefined> = {
  allowed: BARE_URL,
  fallback: undefined,
  parse: bareHttpUrl,
};

/** Where traces go. Of a process, not of a module: a host backend records its own. */
export const TRACING_SETTINGS = { otelExporterOtlpEndpoint: collector };

export type TracingConfig = ValuesOf<typeof TRACING_SETTINGS>;

/**
 * The settings; OpenTelemetry's own variables (`OTEL_…`) are put where its SDK looks, which knows no file `.env`.
 * @throws ConfigError
 */
export function loadTracingConfig(env: Readonly<Record<string, string | undefined>>): TracingConfig {
  const faults: string[] = [];
  const values = readSettings(TRACING_SETTINGS, environmentSource(env), faults) as TracingConfig;
  if (faults.length > 0) throw new ConfigError(faults);
  const own = Object.entries(env).filter(([name]) => name.startsWith('OTEL_'));
  Object.assign(process.env, Object.fromEntries(own));
  return values;
}
