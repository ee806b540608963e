import { createHash, randomBytes } from 'node:crypto';
import { keepSecret } from './secrets.js';

/** Users with keys of their own, as the settings of a server and as headers of their calls. */
export interface KeyHolders {
  readonly env: Readonly<Record<string, string>>;
  /** Headers of `name`'s calls. */
  readonly as: (name: string) => Readonly<Record<string, string>>;
  /** The keys themselves, which nobody else may ever see. */
  readonly secrets: readonly string[];
}

/** @param roles by the user's name */
export function keyHolders(roles: Readonly<Record<string, 'user' | 'admin'>>): KeyHolders {
  const keys = new Map(Object.keys(roles).map((name) => [name, randomBytes(24).toString('hex')]));
  keepSecret([...keys.values()]);
  const entries = [...keys].map(
    ([name, key]) => `${name}:${String(roles[name])}:${createHash('sha256').update(key).digest('hex')}`,
  );
  return {
    env: { AUTH: 'api-key', API_KEYS: entries.join(',') },
    as: (name) => ({ authorization: `Bearer ${keys.get(name) ?? 'none'}` }),
    secrets: [...keys.values()],
  };
}
