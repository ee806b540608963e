import { parse, type MemberNode, type ValueNode } from '@humanwhocodes/momoa';
import { exactNumber } from '../../http/body/exact-number.js';
import { isAtMost } from '../../http/characters.js';
import { DomainError } from '../../kernel/errors.js';
import { ACL_IN_WORDS, aclOf } from './file-acl.js';

/** What an uploader may say of a file. */
export interface UploadMetadata {
  readonly name?: string;
  /** Seconds, 0 … 2^64 - 1. */
  readonly ttl?: bigint;
  readonly tags?: readonly string[];
  /** Users who may read it beside the owner, or `*`. */
  readonly acl?: readonly string[];
}

const MAX_TTL = 18_446_744_073_709_551_615n;
export const MAX_NAME_CHARACTERS = 1_024;
const MAX_TAGS = 100;

/**
 * Reads the `metadata` part of an upload.
 * @throws DomainError `invalid_request` that names what is wrong
 */
export function parseMetadata(text: string): UploadMetadata {
  const read = new Map<string, unknown>();
  for (const { name, value } of membersOf(text)) {
    const key = name.type === 'String' ? name.value : name.name;
    if (read.has(key)) throw invalid(`${JSON.stringify(key)} is given twice`);
    read.set(key, readField(key, value, text));
  }
  return Object.fromEntries(read);
}

/** A syntax tree rather than a value: it has numbers as they were written, and all names, `__proto__` too. */
function membersOf(text: string): readonly MemberNode[] {
  // A form whose field was left empty.
  if (text.trim() === '') return [];
  let body: ValueNode;
  try {
    body = parse(text, { mode: 'json', ranges: true }).body;
  } catch {
    throw invalid('it is not valid JSON');
  }
  if (body.type !== 'Object') throw invalid('it must be a JSON object');
  return body.members;
}

function readField(key: string, value: ValueNode, text: string): unknown {
  switch (key) {
    case 'name':
      return readName(value);
    case 'ttl':
      return readTtl(value, text);
    case 'tags':
      return readTags(value);
    case 'acl':
      return readAcl(value);
    default:
      throw invalid(`unknown field ${JSON.stringify(key)}; known are name, ttl, tags, acl`);
  }
}

function readName(value: ValueNode): string {
  if (value.type === 'String' && value.value !== '' && isAtMost(MAX_NAME_CHARACTERS, value.value))
    return wellFormed(value.value);
  throw invalid(`name must be a string of 1 to ${MAX_NAME_CHARACTERS} characters`);
}

function readTtl(value: ValueNode, text: string): bigint {
  const ttl = value.type === 'String' ? wholeNumberIn(value.value) : exactNumber(numberLiteral(value, text));
  if ((typeof ttl === 'bigint' || Number.isSafeInteger(ttl)) && ttl >= 0 && ttl <= MAX_TTL)
    return BigInt(ttl);
  throw invalid(`ttl must be a whole number of seconds from 0 to ${MAX_TTL.toString()}`);
}

function wholeNumberIn(text: string): bigint | number {
  return /^\d{1,20}$/.test(text) ? BigInt(text) : Number.NaN;
}

function numberLiteral(value: ValueNode, text: string): string {
  if (value.type !== 'Number') return '';
  // The text, not the value: a double would round what is above 2^53.
  return text.slice(value.loc.start.offset, value.loc.end.offset);
}

function readTags(value: ValueNode): string[] {
  const tags = value.type === 'Array' ? value.elements.map((element) => element.value) : undefined;
  const isValid = tags !== undefined && tags.length <= MAX_TAGS && tags.every((tag) => tag.type === 'String');
  if (!isValid) throw invalid(`tags must be an array of at most ${MAX_TAGS} strings`);
  return tags.map((tag) => wellFormed(tag.value));
}

function readAcl(value: ValueNode): string[] {
  const users = value.type === 'Array' ? value.elements.map((element) => element.value) : [value];
  const acl = aclOf(users.map((user) => (user.type === 'String' ? user.value : undefined)));
  if (acl !== undefined) return acl;
  throw invalid(`acl must be ${ACL_IN_WORDS}`);
}

/** Half surrogate pairs can't be put into a header or into UTF-8. */
export function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}

function invalid(what: string): DomainError {
  return new DomainError('invalid_request', `The part "metadata" is wrong: ${what}`);
}
