import { type Rule } from '../../../http/property-rules.js';
import { MAX_TTL } from '../../job.types.js';

/** The exact value of a JSON number or decimal string, 0 … 2^64 - 1; undefined for everything else. */
export function uint64(value: unknown): bigint | undefined {
  const exact = asBigint(value);
  return exact !== undefined && exact >= 0n && exact <= MAX_TTL ? exact : undefined;
}

function asBigint(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  // Beyond 2^53 a double may stand for another integer than the one that was sent.
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'string' && value.length <= 1_000 && /^0*[0-9]{1,20}$/.test(value)
    ? BigInt(value)
    : undefined;
}

/** A time to live, before or after {@link uint64} has taken it. */
export const ttlRule: Rule = (value) =>
  uint64(value) === undefined
    ? `must be a whole number of seconds from 0 to ${MAX_TTL.toString()}`
    : undefined;

/** A whole number, also as the decimal string that a form field is. Others come back as they are. */
export function asInteger(value: unknown): unknown {
  return typeof value === 'string' && /^-?[0-9]{1,15}$/.test(value) ? Number(value) : value;
}

export function integerRule({ min, max }: { readonly min: number; readonly max: number }): Rule {
  return (value) => {
    const isInRange = Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
    return isInRange ? undefined : `must be a whole number from ${min} to ${max}`;
  };
}
