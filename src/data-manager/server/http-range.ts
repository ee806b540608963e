import { type ByteRange } from '../file-store.js';

/** What a `Range` header asks of a file. `whole`: it asks nothing that is served in part. */
export type RangeRequest = 'whole' | 'unsatisfiable' | ByteRange;

/**
 * Reads a `Range` header (RFC 9110, 14.2). Several ranges, other units and malformed ones are answered
 * with the whole file, as the standard allows.
 *
 * @param size of the file, in bytes
 */
export function parseRange(header: string | undefined, size: number): RangeRequest {
  const [, first, last] = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined) return 'whole';
  if (first === '') return last === '' ? 'whole' : suffix(Number(last), size);
  const start = Number(first);
  const inclusive = last === '' ? Infinity : Number(last);
  if (inclusive < start) return 'whole';
  return start < size ? { start, end: Math.min(inclusive + 1, size) } : 'unsatisfiable';
}

function suffix(length: number, size: number): RangeRequest {
  if (length === 0 || size === 0) return 'unsatisfiable';
  return { start: Math.max(0, size - length), end: size };
}

/** Whether `If-None-Match` names the current ETag, so that a 304 suffices (weak comparison). */
export function isNotModified(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return (
    header.trim() === '*' || header.split(',').some((given) => given.trim().replace(/^W\//, '') === etag)
  );
}

/** Whether `If-Range` lets the range be served: absent, or exactly the current ETag. Dates never match. */
export function mayServeRange(ifRange: string | undefined, etag: string): boolean {
  return ifRange === undefined || ifRange.trim() === etag;
}
