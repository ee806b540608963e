import { afterAll } from '@jest/globals';

type Cleanup = () => unknown;

const cleanups: Cleanup[] = [];

/**
 * Runs `cleanup` when the test file is over, the last one registered first, whatever has failed. Unlike
 * `afterAll` it may be called from within a test.
 */
export function atEndOfFile(cleanup: Cleanup): void {
  cleanups.push(cleanup);
}

// Jest runs the hooks of a file in order of registration, so this one stands before a file's own top-level
// `afterAll`: use `atEndOfFile` for those. Hooks within a `describe` have run by then.
afterAll(async () => {
  const failures: unknown[] = [];
  for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) {
    try {
      await cleanup();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n'));
});
