import { DomainError } from '../kernel/errors.js';
import { type ByteRange, type FileInfo } from './file-store.js';

/**
 * The range to read of a file: the one asked for, or all of it.
 * @throws DomainError `range_not_satisfiable` where it does not lie within the file
 */
export function rangeWithin(file: FileInfo, range?: ByteRange): ByteRange {
  if (range === undefined) return { start: 0, end: file.size };
  const { start, end } = range;
  const isWithin = Number.isSafeInteger(start) && start >= 0 && start < end && end <= file.size;
  if (isWithin && Number.isSafeInteger(end)) return range;
  throw new DomainError(
    'range_not_satisfiable',
    `The file has ${file.size} bytes; the range lies beyond them`,
  );
}
