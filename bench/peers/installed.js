import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** Whether the package can be loaded: the project itself does not install it. @param {string} name */
export function isInstalled(name) {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * A package that may be missing, and whose types therefore are: whoever loads it says what it needs of them.
 *
 * @type {(name: string) => unknown}
 */
export const load = require;
