import { describe, expect, it } from '@jest/globals';
import { type LimitName } from '../../src/execution/limits.port.js';
import { type AgentDirectory } from '../../src/jobs/agents/agent-directory.js';
import { type JobsOptions } from '../../src/jobs/jobs.options.js';
import { LimitPolicy } from '../../src/jobs/limit-policy.js';

function policy(allowances: JobsOptions['allowances'], enforces: readonly LimitName[]): LimitPolicy {
  const agents = {
    notEnforced: (limits: readonly LimitName[]) =>
      Promise.resolve(limits.filter((limit) => !enforces.includes(limit))),
  } as unknown as AgentDirectory;
  const options = {
    ...{
      maxQueuedJobs: 1,
      agentLostSeconds: 1,
      tombstoneDays: 1,
      idempotencyHours: 24,
      webhooks: { allowPrivate: false, retryMs: 1_000 },
    },
    ...{ isShared: false, keepsFiles: false },
  };
  return new LimitPolicy(agents, { ...options, ...(allowances && { allowances }) });
}

const ALL: readonly LimitName[] = ['cpuSeconds', 'memoryBytes', 'pids', 'diskBytes', 'openFiles'];

describe('what a job may use', () => {
  it('is as much as there is where nobody says anything', async () => {
    const request = { command: 'true', timeout: 3 };
    expect(await policy(undefined, []).settle(request)).toBe(request);
  });

  it('is what it asks for, else the default, else the maximum', async () => {
    const allowances = {
      timeout: { usual: 5, most: 9 },
      pids: { usual: 2, most: 4 },
      cpuSeconds: { most: 7 },
      openFiles: { most: 64 },
    };
    const asked = { command: 'true', limits: { pids: 4, network: true } };
    expect(await policy(allowances, ALL).settle(asked)).toEqual({
      command: 'true',
      timeout: 5,
      limits: { cpuSeconds: 7, pids: 4, openFiles: 64, network: true },
    });
    expect(await policy(allowances, ALL).settle({ command: 'true' })).toMatchObject({ limits: { pids: 2 } });
  });

  it.each([
    [{ limits: { pids: 5 } }, 'limits.pids must be at most 4 on this server.'],
    [{ timeout: 10 }, 'timeout must be at most 9 on this server.'],
    [{ limits: { memoryBytes: 5_000_000 } }, "limits.memory_bytes can't be enforced"],
    [{ limits: { network: false } }, "limits.network can't be enforced"],
  ])('is refused where it can not be had: %j', async (asked, fault) => {
    const limits = policy({ pids: { most: 4 }, timeout: { most: 9 } }, ['pids']);
    await expect(limits.settle({ command: 'true', ...asked })).rejects.toThrow(fault);
  });

  it('is refused by default as well', async () => {
    const limits = policy({ memoryBytes: { usual: 5_000_000 } }, ['pids']);
    await expect(limits.settle({ command: 'true' })).rejects.toThrow('limits.memory_bytes');
  });
});
