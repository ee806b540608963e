import { describe, expect, it } from '@jest/globals';
import { loadAgentConfig } from './agent-config.js';
import { describeConfig } from './describe-config.js';
import { ConfigError } from './faults.js';

const LEAST = { REDIS_URL: 'redis://h', SERVER_URL: 'http://a' };

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    loadAgentConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('loadAgentConfig', () => {
  it('needs to know Redis and a server, which has the files too', () => {
    expect(loadAgentConfig(LEAST)).toMatchObject({
      redisUrl: 'redis://h',
      serverUrl: 'http://a',
      dataManagerUrl: 'http://a',
    });
    expect(faultsOf({})).toEqual([
      'REDIS_URL is missing; an agent gets its jobs from there.',
      'SERVER_URL is missing; an agent claims and reports there.',
    ]);
  });

  it('needs a data manager of its own beside several servers', () => {
    const servers = { ...LEAST, SERVER_URL: 'http://a,http://b' };
    expect(faultsOf(servers)).toEqual([
      'DATA_MANAGER_URL is missing; with several servers all must have one data manager.',
    ]);
    expect(loadAgentConfig({ ...servers, DATA_MANAGER_URL: 'http://c' }).dataManagerUrl).toBe('http://c');
  });

  it('must run jobs', () => {
    expect(faultsOf({ ...LEAST, AGENT_CONCURRENCY: '0' })[0]).toContain('at least 1');
  });

  it('tells a setting that is wrong once', () => {
    expect(faultsOf({ ...LEAST, REDIS_URL: 'x' })).toHaveLength(1);
  });

  it('never holds the credentials of a database, nor shows a token', () => {
    const config = loadAgentConfig({
      ...LEAST,
      DATABASE_URL: 'mysql://u:hunter2@h/d',
      AGENT_TOKEN: 'hunter2',
      REDIS_URL: 'redis://u:hunter2@h',
    });
    expect(Object.keys(config)).not.toContain('databaseUrl');
    expect(JSON.stringify(describeConfig(config))).not.toContain('hunter2');
  });
});
