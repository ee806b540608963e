import { type Rule } from '../../../http/property-rules.js';
import { VISIBLE_STATES } from '../../job.types.js';
import { faultOfLabel } from './map.rules.js';

const MAX_REPETITIONS = 64;

export const statesRule: Rule = (value) => {
  const known: readonly unknown[] = VISIBLE_STATES;
  const isFine =
    Array.isArray(value) && value.length <= MAX_REPETITIONS && value.every((state) => known.includes(state));
  return isFine ? undefined : `must be one of ${VISIBLE_STATES.join(', ')}; for several, repeat it`;
};

export const labelFiltersRule: Rule = (value) => {
  const isList = Array.isArray(value) && value.length <= MAX_REPETITIONS;
  const isFine = isList && value.every((text) => typeof text === 'string' && labelFilter(text) !== undefined);
  return isFine ? undefined : 'must be key=value; for several, repeat it';
};

/** `key=value` taken apart at the first "="; undefined where no job can have such a label. */
export function labelFilter(text: string): { key: string; value: string } | undefined {
  const split = text.indexOf('=');
  if (split === -1) return undefined;
  const [key, value] = [text.slice(0, split), text.slice(split + 1)];
  return faultOfLabel(key, value) === undefined ? { key, value } : undefined;
}

const ISO_8601 =
  /^(\d{4}-(?:0[1-9]|1[0-2])-\d{2})(?:T((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?)(Z|[+ -](?:[01]\d|2[0-3])(?::?[0-5]\d)?))?$/i;

/** Milliseconds since the epoch, with a fraction, of an ISO 8601 date, or time with its zone; undefined for everything else. */
export function isoTime(value: unknown): number | undefined {
  const [, date, time = '00:00', zone = 'Z'] = (typeof value === 'string' && ISO_8601.exec(value)) || [];
  if (date === undefined || !isOnCalendar(date)) return undefined;
  // A "+" that was not escaped in a query string has become a space.
  const offset = zone
    .replace(' ', '+')
    .replace(/^([+-]\d\d):?(\d\d)?$/, (_, hours: string, minutes = '00') => `${hours}:${minutes}`)
    .toUpperCase();
  // A `Date` holds milliseconds and drops what is finer.
  const finer = /\.\d{3}(\d+)/.exec(time)?.[1] ?? '0';
  return Date.parse(`${date}T${time}${offset}`) + Number(`0.${finer}`);
}

/** `Date` takes 30 February for 1 March. */
function isOnCalendar(date: string): boolean {
  const midnight = new Date(`${date}T00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(date);
}

export const isoTimeRule: Rule = (value) =>
  isoTime(value) === undefined
    ? 'must be an ISO 8601 date (2026-07-31) or time with its zone (2026-07-31T12:00:00Z), once'
    : undefined;

export const pageTokenRule: Rule = (value) =>
  typeof value === 'string' && value !== '' && value.length <= 1_000
    ? undefined
    : 'must be the next_page_token of a former answer, once';
