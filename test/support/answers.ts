import { expect } from '@jest/globals';
import { type Answer } from './client.js';

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** A well-formed id that nothing has: the specification's own. */
export const NOBODYS_ID = 'dc4eec6e-4e34-49a7-8fe8-8e19d5bfb8a4';

/** Fails unless the answer has this status and the one body that every error has, with `words` in its text. */
export function expectError(answer: Answer, status: number, ...words: string[]): void {
  expect(answer).toMatchObject({ status, body: { error: expect.stringMatching(/\S/) } });
  expect(Object.keys(answer.body as object)).toEqual(['error']);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  const { error } = answer.body as { error: string };
  for (const word of words) expect(error).toContain(word);
}
