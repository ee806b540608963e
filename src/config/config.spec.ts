import { describe, expect, it } from '@jest/globals';
import { parse } from 'dotenv';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { loadConfig, resolveOptions, SETTINGS } from './config.js';
import { apiKeysIn } from './auth.settings.js';
import { describeConfig } from './describe-config.js';
import { ConfigError } from './faults.js';
import { environmentName } from './setting.js';
import { redactUrl } from './parsers.js';
import { loadTracingConfig, TRACING_SETTINGS } from './tracing.settings.js';

function faultsOf(load: () => unknown): readonly string[] {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

const DEFAULTS = {
  host: '127.0.0.1',
  port: 3000,
  dataDir: resolve('data'),
  databaseUrl: `sqlite:${resolve('data/jobs.sqlite')}`,
  tablePrefix: 'job_manager_',
  agentConcurrency: availableParallelism(),
  killGraceSeconds: 5,
  maxQueuedJobs: 1_000_000,
  maxOutputBytes: 2 ** 30,
  agentLostSeconds: 30,
  agentLabels: '',
  redisPrefix: 'job-manager',
  shutdownGraceSeconds: 30,
  tombstoneDays: 30,
  webhookAllowPrivate: false,
  webhookRetrySeconds: 1,
  idempotencyHours: 24,
  maxBodyBytes: 2 ** 20,
  launcher: 'auto',
  sandbox: 'auto',
  auth: 'none',
  rateLimit: 0,
  allowAnonymous: false,
  logLevel: 'info',
};

describe('loadConfig', () => {
  it('has a default for everything, also where a variable is empty', () => {
    expect(loadConfig({})).toEqual(DEFAULTS);
    expect(loadConfig({ PORT: '', DATABASE_URL: ' ' })).toEqual(DEFAULTS);
    expect(resolveOptions({})).toEqual(DEFAULTS);
  });

  it('takes no default of a limit that is above its maximum', () => {
    const load = (): unknown => loadConfig({ DEFAULT_PIDS: '3', MAX_PIDS: '2', MAX_TIMEOUT: '5' });
    expect(load).toThrow('DEFAULT_PIDS is "3"; it must be at most MAX_PIDS, which is 2.');
    expect(loadConfig({ DEFAULT_PIDS: '2', MAX_PIDS: '2' })).toMatchObject({ defaultPids: 2, maxPids: 2 });
  });

  it('takes what is allowed', () => {
    const config = loadConfig({
      HOST: '[::1]',
      PORT: '0',
      DATA_DIR: '/srv/jobs',
      AGENT_CONCURRENCY: '0',
      DEFAULT_TTL: '18446744073709551615',
      DATA_MANAGER_URL: 'http://files.example:8080/v1/',
      DATA_MANAGER_TOKEN: 'abc',
      LOG_LEVEL: 'silent',
    });
    expect(config).toMatchObject({
      host: '::1',
      port: 0,
      databaseUrl: 'sqlite:/srv/jobs/jobs.sqlite',
      agentConcurrency: 0,
      defaultTtl: 18_446_744_073_709_551_615n,
      dataManagerUrl: 'http://files.example:8080/v1',
      dataManagerToken: 'abc',
      logLevel: 'silent',
    });
  });

  it.each(['sqlite:relative.db', 'sqlite:/a/b c.db', 'mysql://u:p@h:3306/d', 'mariadb://h/d'])(
    'takes the database %s',
    (url) => {
      expect(loadConfig({ DATABASE_URL: url }).databaseUrl).toBe(url);
    },
  );

  it('tells all faults at once, each with name, value and what is allowed', () => {
    const faults = faultsOf(() =>
      loadConfig({ PORT: 'http', LOG_LEVEL: 'loud', SANDBOX: 'x', DEFAULT_TTL: '-1' }),
    );
    expect(faults).toEqual([
      'PORT is "http"; it must be a whole number from 0 to 65535.',
      'LOG_LEVEL is "loud"; it must be one of silent, fatal, error, warn, info, debug, trace.',
      'DEFAULT_TTL is "-1"; it must be a whole number of seconds from 0 to 18446744073709551615.',
      'SANDBOX is "x"; it must be one of auto, bubblewrap, none.',
    ]);
  });

  it.each(['65536', '-1', '1.5', '1e3', '0x10', '08', '+1', 'NaN', '१'])('refuses the port %s', (port) => {
    expect(faultsOf(() => loadConfig({ PORT: port }))).toHaveLength(1);
  });

  it.each(['18446744073709551616', '1.0', '1e2', '٣', 'none'])('refuses the default ttl %s', (ttl) => {
    expect(faultsOf(() => loadConfig({ DEFAULT_TTL: ttl }))).toHaveLength(1);
  });

  it.each([
    'postgres://u:hunter2@h/d',
    'mysql://u:hunter2@h',
    'mysql:/u:hunter2@h/d',
    'mysql://u:hunter2',
    'mysql:u:hunter2/d',
    'mysql://u:hunter2,h/d',
    'redis://h/#hunter2',
    'redis://:hunter2',
    'mysql://u:hunter2@h/d/e',
  ])('shows no password of %s', (url) => {
    const [fault] = faultsOf(() => loadConfig({ DATABASE_URL: url }));
    expect(fault).toContain('DATABASE_URL');
    expect(fault).not.toContain('hunter2');
  });

  it('shows addresses without credentials as they are', () => {
    for (const url of ['http://a:3000,http://b:3001', 'http://a,http://b', 'http://[::1]:80/x'])
      expect(redactUrl(url)).toBe(url);
    expect(redactUrl('sqlite:/data/a:b')).toBe('sqlite:/data/a:b');
  });

  it('never shows a token', () => {
    const [fault] = faultsOf(() => loadConfig({ DATA_MANAGER_TOKEN: 'to ken' }));
    expect(fault).toBe('DATA_MANAGER_TOKEN is "***"; it must be visible ASCII characters without spaces.');
  });

  it('takes a secret of webhooks as Standard Webhooks writes it, and does not show it', () => {
    expect(loadConfig({ WEBHOOK_SECRET: 'whsec_c2VjcmV0' }).webhookSecret).toBe('whsec_c2VjcmV0');
    expect(faultsOf(() => loadConfig({ WEBHOOK_SECRET: 's3cret' }))).toEqual([
      'WEBHOOK_SECRET is "***"; it must be whsec_ and base64.',
    ]);
  });

  it('does not ignore a ttl of uploads that it can not hold', () => {
    const faults = faultsOf(() => loadConfig({ UPLOAD_TTL_SECONDS: '60', DATA_MANAGER_URL: 'http://files' }));
    expect(faults).toEqual([
      'UPLOAD_TTL_SECONDS is for the built-in data manager; with DATA_MANAGER_URL, set it on that one.',
    ]);
  });

  it('does not ignore a quota that it can not hold', () => {
    const quota = { MAX_STORED_BYTES_PER_USER: '1000000000' };
    expect(loadConfig(quota).maxStoredBytesPerUser).toBe(1_000_000_000);
    expect(loadConfig({}).maxStoredBytesPerUser).toBeUndefined();
    expect(faultsOf(() => loadConfig({ ...quota, DATA_MANAGER_URL: 'http://files' }))).toEqual([
      'MAX_STORED_BYTES_PER_USER is for the built-in data manager; with DATA_MANAGER_URL, set it on that one.',
    ]);
  });

  const DIGEST = 'ab'.repeat(32);

  it('takes keys, whatever the users are called', () => {
    const keys = `alice:user:${DIGEST}, urn:x:bob:admin:${DIGEST.toUpperCase()}`;
    expect(apiKeysIn(loadConfig({ AUTH: 'api-key', API_KEYS: keys }).apiKeys ?? '')).toEqual([
      { user: 'alice', role: 'user', sha256: DIGEST },
      { user: 'urn:x:bob', role: 'admin', sha256: DIGEST },
    ]);
  });

  it.each([
    'alice',
    `alice:root:${DIGEST}`,
    `:user:${DIGEST}`,
    `alice :user:${DIGEST}`,
    'alice:user:hunter2',
    `alice:user:${DIGEST}0`,
  ])('refuses the key %s, and does not show it', (API_KEYS) => {
    const faults = faultsOf(() => loadConfig({ AUTH: 'api-key', API_KEYS }));
    expect(faults).toEqual([expect.stringContaining('API_KEYS is "***"')]);
  });

  it.each([
    [{ AUTH: 'api-key' }, 'API_KEYS is missing; AUTH api-key needs it.'],
    [{ AUTH: 'jwt' }, 'JWT_SECRET or JWT_JWKS_URL is missing; AUTH jwt needs one of them.'],
    [
      { AUTH: 'jwt', JWT_SECRET: 'x', JWT_JWKS_URL: 'http://h/keys' },
      'JWT_SECRET and JWT_JWKS_URL are both given; leave one of them out.',
    ],
    [{ AUTH: 'jwt', JWT_SECRET: 'x', REDIS_URL: 'redis://h' }, 'AGENT_TOKEN is missing; AUTH jwt needs it.'],
    [
      { AGENT_TOKEN: 'x' },
      'AGENT_TOKEN is given without REDIS_URL; to know agents of other processes, a service that only keeps their files needs REDIS_URL and DATABASE_URL as well.',
    ],
  ])('tells what is missing of %j', (env, fault) => {
    expect(faultsOf(() => loadConfig(env))).toEqual([fault]);
  });

  it.each([
    'redis://127.0.0.1',
    'redis://:secret@h:6380/15',
    'rediss://user:s%40cret@[::1]:6379/0',
    'redis://h/',
  ])('takes the Redis %s', (url) => {
    expect(loadConfig({ REDIS_URL: url }).redisUrl).toBe(url);
  });

  it.each(['http://h', 'redis:h', 'redis://u:hunter2@h/x', 'redis://u:hunter2@', 'unix:/run/redis'])(
    'refuses the Redis %s, without its password',
    (url) => {
      const [fault] = faultsOf(() => loadConfig({ REDIS_URL: url }));
      expect(fault).toContain('REDIS_URL');
      expect(fault).not.toContain('hunter2');
    },
  );

  it('takes labels as a set', () => {
    expect(loadConfig({ AGENT_LABELS: ' zone=a, gpu,gpu ,' }).agentLabels).toBe('gpu,zone=a');
  });

  it.each(['a b', '=x', 'a=b=c', 'ä', 'x'.repeat(64), 'a,b,c,d,e,f,g,h,i'])(
    'refuses the labels %s',
    (text) => {
      expect(faultsOf(() => loadConfig({ AGENT_LABELS: text }))).toHaveLength(1);
    },
  );

  it('takes several servers, each with its path', () => {
    const urls = loadConfig({ SERVER_URL: 'http://a:1/, https://b/jobs/' }).serverUrl;
    expect(urls).toBe('http://a:1,https://b/jobs');
    expect(faultsOf(() => loadConfig({ SERVER_URL: 'http://a, ftp://b' }))).toHaveLength(1);
    expect(faultsOf(() => loadConfig({ SERVER_URL: ',' }))).toHaveLength(1);
  });

  it('listens anywhere once callers have to say who they are', () => {
    const env = { AUTH: 'jwt', JWT_SECRET: 'x'.repeat(32), HOST: '0.0.0.0' };
    expect(loadConfig(env).host).toBe('0.0.0.0');
  });

  it.each(['auto', 'bubblewrap', 'none'])('knows the sandbox %s', (sandbox) => {
    expect(loadConfig({ SANDBOX: sandbox }).sandbox).toBe(sandbox);
  });

  it.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])('lets anybody in on %s', (host) => {
    expect(loadConfig({ HOST: host }).host).toBe(host);
  });

  it.each(['0.0.0.0', '::', '192.168.1.2', 'jobs.example'])('refuses %s unless told to', (host) => {
    expect(faultsOf(() => loadConfig({ HOST: host }))[0]).toContain('unless ALLOW_ANONYMOUS is true');
    expect(loadConfig({ HOST: host, ALLOW_ANONYMOUS: 'true' }).host).toBe(host);
  });
});

describe('resolveOptions', () => {
  it('reports faults by the names of options', () => {
    const faults = faultsOf(() => resolveOptions({ port: 1.5, killGraceSeconds: -1, tablePrefix: 'a-b' }));
    expect(faults).toEqual([
      'port is "1.5"; it must be a whole number from 0 to 65535.',
      'tablePrefix is "a-b"; it must be at most 20 of a … z and _.',
      'killGraceSeconds is "-1"; it must be a whole number from 0 to 3600.',
    ]);
  });

  it('takes a ttl as bigint, number or text', () => {
    const ttls = [60n, 60, '60'].map((defaultTtl) => resolveOptions({ defaultTtl }).defaultTtl);
    expect(ttls).toEqual([60n, 60n, 60n]);
  });

  it('refuses what is neither text, number nor flag', () => {
    const options = { dataDir: {} } as unknown as { dataDir: string };
    expect(faultsOf(() => resolveOptions(options))).toEqual(["dataDir can't be of type object."]);
  });
});

describe('describeConfig', () => {
  it('hides secrets and shows the rest', () => {
    const config = loadConfig({
      DATABASE_URL: 'mysql://u:hunter2@h/d?ssl=x',
      DATA_MANAGER_TOKEN: 'hunter2',
      DEFAULT_TTL: '7',
    });
    const shown = JSON.stringify(describeConfig(config));
    expect(shown).not.toContain('hunter2');
    expect(JSON.parse(shown)).toMatchObject({
      databaseUrl: 'mysql://***@h/d?***',
      defaultTtl: '7',
      port: 3000,
    });
  });
});

describe('the collector of traces', () => {
  it.each([
    [{}, undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: ' ' }, undefined],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' }, 'http://collector:4318'],
  ])('of %j is %j', (env, endpoint) => {
    expect(loadTracingConfig(env).otelExporterOtlpEndpoint).toBe(endpoint);
  });

  it('is a URL, or stops the start', () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' };
    expect(() => loadTracingConfig(env)).toThrow(ConfigError);
  });
});

describe('.env.example', () => {
  const text = readFileSync('.env.example', 'utf8');
  const names = [...text.matchAll(/^#? ?([A-Z][A-Z_]+)=/gm)].map((match) => match[1]);

  it('names every setting once, and nothing else', () => {
    const settings = Object.keys({ ...SETTINGS, ...TRACING_SETTINGS });
    expect(names.toSorted()).toEqual(settings.map(environmentName).toSorted());
  });

  it('gives the defaults', () => {
    expect(loadConfig(parse(text))).toEqual(DEFAULTS);
  });
});
