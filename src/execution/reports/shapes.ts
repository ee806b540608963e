import { type WireAnswers, type WireAssignment } from '../assignment-wire.port.js';
import { type WireLimits } from '../limits.port.js';
import { type WireLease } from '../report-wire.port.js';
import { ServerFault } from './server-fault.js';

type Shape<T> = (value: unknown) => value is T;
type Shapes<T> = { readonly [Name in keyof T]-?: Shape<T[Name]> };

const isText: Shape<string> = (value) => typeof value === 'string';
const isBoolean: Shape<boolean> = (value) => typeof value === 'boolean';
const isNumber: Shape<number> = (value): value is number => Number.isFinite(value);
const isPositive: Shape<number> = (value): value is number => isNumber(value) && value > 0;
const isCount: Shape<number> = (value): value is number => isPositive(value) && Number.isSafeInteger(value);

function orNull<T>(isValue: Shape<T>): Shape<T | null> {
  return (value): value is T | null => value === null || isValue(value);
}

function orAbsent<T>(isValue: Shape<T>): Shape<T | undefined> {
  return (value): value is T | undefined => value === undefined || isValue(value);
}

/** Of an object that may have more fields: a newer server's. */
function withFields<T>(shapes: Shapes<T>): Shape<T> {
  const names = Object.keys(shapes) as (keyof T)[];
  return (value): value is T =>
    typeof value === 'object' && value !== null && names.every((name) => shapes[name]((value as T)[name]));
}

const isTrue: Shape<true> = (value): value is true => value === true;

const isTexts: Shape<readonly string[]> = (value): value is readonly string[] =>
  Array.isArray(value) && value.every(isText);

const isTextMap: Shape<Readonly<Record<string, string>>> = (value): value is Record<string, string> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isText);

const isLease = withFields<WireLease>({ job_id: isText, attempt: isCount, token: isText });

const isLimits = (value: unknown): value is WireLimits =>
  typeof value === 'object' &&
  value !== null &&
  Object.values(value).every((limit) => typeof limit === 'boolean' || isCount(limit));

const isAssignment = withFields<WireAssignment>({
  lease: isLease,
  lease_ms: isPositive,
  expires_in_ms: orNull(isNumber),
  command: isText,
  running: isBoolean,
  binary: orNull(isText),
  owner: isText,
  by_admin: orAbsent(isTrue),
  input_files: isTexts,
  output_files: isTexts,
  env: isTextMap,
  timeout_seconds: orNull(isPositive),
  limits: isLimits,
  trace_parent: orAbsent(isText),
});

const isAny: Shape<object> = (value) => typeof value === 'object' && value !== null;

const SHAPES: { readonly [Method in keyof WireAnswers]: Shape<WireAnswers[Method]> } = {
  arrived: isAny,
  left: isAny,
  claim: withFields<WireAnswers['claim']>({ assignment: orNull(isAssignment) }),
  started: withFields<WireAnswers['started']>({ granted: isBoolean }),
  renew: withFields<WireAnswers['renew']>({ held: isTexts, lease_ms: isPositive }),
  ended: withFields<WireAnswers['ended']>({ counts: isBoolean }),
};

/** @throws ServerFault where the answer is none to a request of this method */
export function checked<M extends keyof WireAnswers>(method: M, answer: object): WireAnswers[M] {
  const isAnswer: Shape<WireAnswers[M]> = SHAPES[method];
  if (isAnswer(answer)) return answer;
  throw new ServerFault(`answers what is no answer to ${method}: is the server as new as this agent?`);
}
