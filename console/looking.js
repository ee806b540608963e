import { isPassing } from './api.js';

const AGAIN_AFTER_MS = 3_000;
/** So many requests of one page are a small part of what one user may ask of a service. */
const MS_A_REQUEST = 400;

/**
 * Looks now, and again and again while the page can be seen, until it is left; the less often the more is asked at a time.
 *
 * @param {() => Promise<number>} look resolves with how many requests it took
 * @param {AbortSignal} leaving
 * @param {(error: Error) => void} onFault of what may go well the next time; all else is thrown
 */
export async function keepLooking(look, leaving, onFault) {
  let requests = 0;
  while (!leaving.aborted) {
    try {
      if (requests === 0 || document.visibilityState === 'visible') requests = await look();
    } catch (error) {
      if (leaving.aborted) return;
      if (!isPassing(error)) throw error;
      onFault(/** @type {Error} */ (error));
    }
    await pause(Math.max(AGAIN_AFTER_MS, requests * MS_A_REQUEST), leaving);
  }
}

/**
 * @param {number} ms
 * @param {AbortSignal} leaving ends it
 * @returns {Promise<void>}
 */
export function pause(ms, leaving) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      leaving.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    leaving.addEventListener('abort', end);
    if (leaving.aborted) end();
  });
}
