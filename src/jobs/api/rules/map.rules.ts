import { type Rule } from '../../../http/property-rules.js';
import { faultOfArgument, isLineOf } from './text.rules.js';

const MAX_ENV_ENTRIES = 1_000;
const MAX_LABELS = 64;
const MAX_LABEL_VALUE = 127;
/** Linux's limit for one "NAME=value" with its NUL (MAX_ARG_STRLEN), in bytes. */
const MAX_VARIABLE_BYTES = 131_072;
/** Leaves room for command, input names and our own variables below the limit of exec for all together. */
const MAX_ENV_BYTES = 524_288;

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const RESERVED = /^(?:BINARY|INPUT_FILES|INPUT_[0-9]+|JOB_ID|JOB_ATTEMPT|JOB_MANAGER_.*)$/;
const LABEL_KEY = /^[A-Za-z0-9._/-]{1,63}$/;

/** Variables of a job's environment, within what exec can pass. */
export const envRule: Rule = (value) => {
  const entries = entriesOf(value);
  if (entries === undefined) return 'must be an object of strings';
  if (entries.length > MAX_ENV_ENTRIES) return `must have at most ${MAX_ENV_ENTRIES} entries`;
  const fault = firstFault(entries, faultOfVariable);
  if (fault !== undefined) return fault;
  const bytes = entries.reduce((sum, [name, text]) => sum + sizeOf(name, text as string), 0);
  return bytes > MAX_ENV_BYTES ? `must be at most ${MAX_ENV_BYTES} bytes in all` : undefined;
};

function faultOfVariable(name: string, value: unknown): string | undefined {
  if (!VARIABLE_NAME.test(name)) return 'is no name of a variable (letters, digits and _, no digit first)';
  if (RESERVED.test(name)) return 'is set by the job manager itself';
  if (typeof value !== 'string') return 'must be a string';
  if (sizeOf(name, value) > MAX_VARIABLE_BYTES)
    return `must be at most ${MAX_VARIABLE_BYTES} bytes with its name`;
  return faultOfArgument(value);
}

function sizeOf(name: string, value: string): number {
  return name.length + Buffer.byteLength(value) + '=\0'.length;
}

/** Labels of a job, by which it can be listed. */
export const labelsRule: Rule = (value) => {
  const entries = entriesOf(value);
  if (entries === undefined) return 'must be an object of strings';
  if (entries.length > MAX_LABELS) return `must have at most ${MAX_LABELS} entries`;
  return firstFault(entries, faultOfLabel);
};

/** What is wrong with a label. */
export function faultOfLabel(key: string, value: unknown): string | undefined {
  if (!LABEL_KEY.test(key)) return 'is no key of a label (1 to 63 of letters, digits, ".", "_", "/" and "-")';
  const isFine = typeof value === 'string' && isLineOf(value, MAX_LABEL_VALUE);
  return isFine
    ? undefined
    : `must be at most ${MAX_LABEL_VALUE} characters of text without control characters`;
}

function entriesOf(value: unknown): [string, unknown][] | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value)
    : undefined;
}

function firstFault(
  entries: readonly [string, unknown][],
  faultOf: (name: string, value: unknown) => string | undefined,
): string | undefined {
  for (const [name, value] of entries) {
    const fault = faultOf(name, value);
    if (fault !== undefined) return `can't be used: ${JSON.stringify(name.slice(0, 80))} ${fault}`;
  }
  return undefined;
}
