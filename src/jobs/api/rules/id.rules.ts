import { type Rule } from '../../../http/property-rules.js';
import { isUuid } from '../../../kernel/ids.js';
import { MAX_INPUT_FILES } from '../../job.types.js';

export const uuidRule: Rule = (value) => (isUuid(value) ? undefined : 'must be a UUID');

export const requiredUuidRule: Rule = (value) => (value === undefined ? 'is missing' : uuidRule(value));

export const inputFilesRule: Rule = (value) => {
  if (!Array.isArray(value)) return 'must be an array of UUIDs';
  if (value.length > MAX_INPUT_FILES) return `must be at most ${MAX_INPUT_FILES} UUIDs`;
  const wrong = value.findIndex((id) => !isUuid(id));
  return wrong === -1 ? undefined : `must hold UUIDs only, which its element ${wrong} is not`;
};

/** Lower case, in which ids are stored and compared; others come back as they are. */
export function lowerCased(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value;
}

/** A field that a form gave once is an array of one. */
export function asArray(value: unknown): unknown {
  return typeof value === 'string' ? [value] : value;
}
