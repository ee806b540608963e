import { createHash } from 'node:crypto';
import { labelSetText } from '../../kernel/agent-labels.js';
import { PRIORITY_RANGE, RETRIES_RANGE, type RunRequest } from '../job.types.js';

/** What asks for the same as its absence does. */
const SAME_AS_ABSENT: Partial<RunRequest> = {
  priority: PRIORITY_RANGE.default,
  retries: RETRIES_RANGE.default,
  retryOnFailure: false,
};

/** Sha256, in hex, of what a validated request asks for: the same however it was spelled, and whatever this server's defaults are. */
export function fingerprintOf({ requires = [], ...request }: RunRequest): string {
  const asked = Object.entries({ ...request, requires: labelSetText(requires) }).filter(
    ([name, value]) => !isEmpty(value) && value !== SAME_AS_ABSENT[name as keyof RunRequest],
  );
  return createHash('sha256')
    .update(JSON.stringify(canonical(Object.fromEntries(asked))))
    .digest('hex');
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === '') return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** Maps as lists of their entries in the order of the keys; 64 bits as digits. */
function canonical(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(canonical);
  const entries = Object.entries(value).map(([name, part]): [string, unknown] => [name, canonical(part)]);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}
