import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { loggedError } from './logged-error.js';

/** As an error of a driver: what it was about to do hangs on it. */
function driverError(): Error {
  const about = { sql: "INSERT … 'hunter2'", parameters: ['hunter2'], command: { args: ['hunter2'] } };
  const cause = Object.assign(new Error('beneath'), about);
  return Object.assign(new Error('refused', { cause }), { ...about, code: 'ER_X', sqlState: '22001' });
}

describe('an error in the log', () => {
  it.each([
    ['by itself', (error: Error) => error],
    ['as a field', (error: Error) => ({ err: error, jobId: 'x' })],
  ])('has words, place and code, and nothing of what was asked for: %s', (_how, lineOf) => {
    let line = '';
    const stream = { write: (text: string) => (line += text) };
    pino({ serializers: { err: loggedError } }, stream).error(lineOf(driverError()), 'failed');
    expect(line).not.toContain('hunter2');
    const { err } = JSON.parse(line) as { err: { stack: string } };
    expect(err).toMatchObject({
      type: 'Error',
      message: 'refused: beneath',
      code: 'ER_X',
      sqlState: '22001',
    });
    expect(err.stack).toContain('logged-error.spec');
  });

  it('is as it is where it is none', () => {
    expect(loggedError('text')).toBe('text');
  });
});
