import { type RetryPolicy } from './http/http-file-store.options.js';

/** Token of {@link DataManagerOptions}. */
export const DATA_MANAGER_OPTIONS = Symbol('DATA_MANAGER_OPTIONS');

/** Where files are kept. */
export interface DataManagerOptions {
  /** Directory of the built-in data manager; made if it isn't there. Not used where `url` is given. */
  readonly directory: string;
  /** Of the built-in one: bytes that each owner may store; absent: as many as the disk takes. */
  readonly maxBytesPerOwner?: number;
  /** Of the built-in one: seconds that an upload stays whose metadata has no ttl; absent: until it is removed. */
  readonly uploadTtlSeconds?: number;
  /** Another data manager, `http:` or `https:`; absent: the built-in one. */
  readonly url?: string;
  /** Shown to the data manager at `url` as a bearer token. */
  readonly token?: string;
  /** How long the data manager at `url` may stay silent, in milliseconds; 60,000 where absent. */
  readonly idleTimeoutMs?: number;
  readonly retries?: Partial<RetryPolicy>;
  /** How often files past their ttl are removed from the disk, in milliseconds; 60,000 where absent. */
  readonly sweepEveryMs?: number;
}
