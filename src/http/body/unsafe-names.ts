import { DomainError } from '../../kernel/errors.js';

/** Names through which an object's prototype is reached; whoever copies objects later must not meet them. */
export const UNSAFE_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor']);

/** Far beyond any valid request, far below what exhausts the stack of whoever walks a body by recursion. */
export const MAX_DEPTH = 32;

/** @throws DomainError invalid_request */
export function refuseUnsafeName(name: string): void {
  if (UNSAFE_NAMES.has(name)) {
    throw new DomainError('invalid_request', `The name "${name}" is not allowed.`);
  }
}

/**
 * Holds a body that a host's own parser decoded to the same rules: safe names, limited depth.
 *
 * @throws DomainError invalid_request
 */
export function checkForeignBody(body: unknown): void {
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH + 1) throw tooDeep();
    level = level.flatMap(partsOf);
  }
}

export function tooDeep(): DomainError {
  return new DomainError('invalid_request', `The body is nested more than ${MAX_DEPTH} levels deep.`);
}

function partsOf(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return [];
  if (!Array.isArray(value)) Object.keys(value).forEach(refuseUnsafeName);
  return Object.values(value);
}
