import { beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { StopToken } from './stop-token.js';

describe('A stop token', () => {
  let token: StopToken;
  let heard: string[];
  const hearing =
    (who: string): (() => void) =>
    () =>
      void heard.push(`${who}: ${String(token.reason)}`);

  beforeEach(() => {
    token = new StopToken();
    heard = [];
  });

  it('tells its listeners once, in their order, why it was aborted first', () => {
    token.onAbort(hearing('first'));
    token.onAbort(hearing('second'));
    expect([token.aborted, token.reason]).toEqual([false, undefined]);
    token.abort('recalled');
    token.abort('shutdown');
    expect(heard).toEqual(['first: recalled', 'second: recalled']);
    expect([token.aborted, token.reason]).toEqual([true, 'recalled']);
  });

  it('tells who comes later at once', () => {
    token.abort('recalled');
    token.onAbort(hearing('late'));
    expect(heard).toEqual(['late: recalled']);
  });

  it('tells nobody who does not listen any more', () => {
    const forget = token.onAbort(hearing('gone'));
    token.onAbort(hearing('there'));
    forget();
    token.abort('recalled');
    expect(heard).toEqual(['there: recalled']);
  });

  it('tells nobody who was dismissed by another listener', () => {
    token.onAbort(() => {
      forget();
    });
    const forget = token.onAbort(hearing('dismissed'));
    token.abort('recalled');
    expect(heard).toEqual([]);
  });

  it('throws its reason, and nothing before', () => {
    token.throwIfAborted();
    token.abort(new Error('recalled'));
    expect(() => {
      token.throwIfAborted();
    }).toThrow('recalled');
  });

  it('has a signal for which all attempts of an agent may wait, without a warning of Node', async () => {
    const script = `
      import { setTimeout as sleep } from 'node:timers/promises';
      import { StopToken } from './dist/execution/stop-token.js';
      const token = new StopToken();
      const all = Array.from({ length: 50 }, () => sleep(60_000, undefined, { signal: token.signal }));
      setImmediate(() => token.abort('recalled'));
      const ends = await Promise.allSettled(all);
      console.log(ends.filter(({ status }) => status === 'rejected').length);`;
    // In a process of its own: Jest's has no warnings.
    const node = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
    expect(await node).toEqual({ stdout: '50\n', stderr: '' });
  });

  it.each(['before', 'after'])('has a signal that aborts with it, asked for %s that', (when) => {
    const early = when === 'before' ? token.signal : undefined;
    token.abort('recalled');
    expect([token.signal.aborted, token.signal.reason]).toEqual([true, 'recalled']);
    expect(early ?? token.signal).toBe(token.signal);
  });
});
