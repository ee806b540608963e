import { isUuid } from '../../../kernel/ids.js';

/** The ids in a JSON list of them; undefined where it is something else: anybody who reaches Redis can say anything. */
export function jobsIn(message: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(message);
    return Array.isArray(value) && value.every(isUuid) ? value : undefined;
  } catch {
    return undefined;
  }
}
