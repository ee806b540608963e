import { atEndOfFile } from './end-of-file.js';

/** Shorter ones are found in any text. */
const SHORTEST = 8;
const SECRET_SETTINGS = ['JWT_SECRET', 'AGENT_TOKEN', 'DATA_MANAGER_TOKEN', 'WEBHOOK_SECRET'];
const URL_SETTINGS = ['DATABASE_URL', 'REDIS_URL'];

const known = new Set<string>();
const leaks: string[] = [];

/** All secrets that settings hold: tokens, digests of keys, passwords in URLs. */
export function secretsOf(env: Readonly<Record<string, string>>): string[] {
  const values = SECRET_SETTINGS.map((name) => env[name] ?? '');
  const digests = (env.API_KEYS ?? '').split(',').map((key) => key.split(':').at(-1) ?? '');
  const passwords = URL_SETTINGS.map((name) => passwordIn(env[name] ?? ''));
  return [...values, ...digests, ...passwords].filter((secret) => secret.length >= SHORTEST);
}

/** All secrets that a caller's headers hold. */
export function secretsInHeaders(headers: Readonly<Record<string, string>>): string[] {
  const shown = Object.entries(headers)
    .filter(([name]) => ['authorization', 'x-api-key'].includes(name.toLowerCase()))
    .map(([, value]) => value.replace(/^Bearer /, ''));
  return shown.filter((secret) => secret.length >= SHORTEST);
}

/** From now on nobody may say these. */
export function keepSecret(secrets: readonly string[]): void {
  for (const secret of secrets) known.add(secret);
}

/** Notes each secret that is said; the test file then fails at its end. */
export function lookForSecrets(where: string, said: string | Buffer): void {
  for (const secret of known) if (said.includes(secret)) leaks.push(`${where} has the secret ${secret}`);
}

/** What was noted, which then counts no more; for the tests of this, as {@link forgetSecrets} is. */
export function takeLeaks(): string[] {
  return leaks.splice(0);
}

export function forgetSecrets(): void {
  known.clear();
}

function passwordIn(url: string): string {
  return URL.canParse(url) ? decodeURIComponent(new URL(url).password) : '';
}

// Registered before all else, so that it comes after all that may still note something.
atEndOfFile(() => {
  const found = takeLeaks();
  if (found.length > 0) throw new Error(found.join('\n'));
});
