import { createHash } from 'node:crypto';

/** How all names begin that processes of an instance give to what lies beside that of others. */
export function prefixOf(instance: string): string {
  return `job-manager-${createHash('sha256').update(instance).digest('hex').slice(0, 16)}-`;
}
