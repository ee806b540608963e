import { DomainError } from '../../kernel/errors.js';

/** Names through which an object's prototype is reached; whoever copies objects later must not meet them. */
const UNSAFE_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor']);

/** @throws DomainError invalid_request */
export function refuseUnsafeName(name: string): void {
  if (UNSAFE_NAMES.has(name)) {
    throw new DomainError('invalid_request', `The name "${name}" is not allowed anywhere in a body.`);
  }
}

/**
 * Holds a body that a host's own parser decoded to the same rule, at any depth.
 *
 * @throws DomainError invalid_request
 */
export function refuseUnsafeNames(body: unknown): void {
  const pending: unknown[] = [body];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (!Array.isArray(value)) Object.keys(value).forEach(refuseUnsafeName);
    for (const part of Object.values(value)) pending.push(part);
  }
}
