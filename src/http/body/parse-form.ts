import { DomainError } from '../../kernel/errors.js';
import { refuseUnsafeName } from './unsafe-names.js';

const MAX_FIELDS = 10_000;
/** `env[NAME]`: one level, and no deeper. */
const NESTED = /^([^[\]]+)\[([^[\]]+)\]$/;

type Fields = Record<string, unknown>;

/**
 * The fields of `application/x-www-form-urlencoded` text, which is also what a query string is: strings, arrays of strings where a field repeats,
 * and objects of them for `name[key]`. Objects have no prototype.
 *
 * @throws DomainError invalid_request: a bad escape, or one field in two shapes
 */
export function parseForm(text: string): Record<string, unknown> {
  const parts = text.split('&').filter((part) => part !== '');
  if (parts.length > MAX_FIELDS) throw refusal(`there are more than ${MAX_FIELDS} fields`);
  const fields = Object.create(null) as Fields;
  for (const part of parts) {
    const split = part.indexOf('=');
    const name = decoded(split === -1 ? part : part.slice(0, split));
    add(fields, name, split === -1 ? '' : decoded(part.slice(split + 1)));
  }
  return fields;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw refusal('a percent sign starts no valid UTF-8 escape');
  }
}

function add(fields: Fields, name: string, value: string): void {
  const [, outer, inner] = NESTED.exec(name) ?? [];
  if (outer === undefined || inner === undefined) {
    append(fields, name, value);
    return;
  }
  refuseUnsafeName(outer);
  fields[outer] ??= Object.create(null) as Fields;
  const nested = fields[outer];
  if (!isFields(nested))
    throw refusal(`${JSON.stringify(outer)} is given both plainly and by names in brackets`);
  append(nested, inner, value);
}

function append(fields: Fields, name: string, value: string): void {
  refuseUnsafeName(name);
  const before = fields[name];
  if (before === undefined) fields[name] = value;
  else if (Array.isArray(before)) before.push(value);
  else if (typeof before === 'string') fields[name] = [before, value];
  else throw refusal(`${JSON.stringify(name)} is given both plainly and by names in brackets`);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refusal(reason: string): DomainError {
  return new DomainError('invalid_request', `The fields can't be read: ${reason}.`);
}
