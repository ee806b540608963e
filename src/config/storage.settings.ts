import { resolve } from 'node:path';
import { BARE_URL, bareHttpUrl, integer, optionalInteger, redactUrl, token, urlFrom } from './parsers.js';
import { type Setting } from './setting.js';

const dataDir: Setting<string> = {
  allowed: 'the path of a directory',
  fallback: resolve('data'),
  parse: (text) => (text.includes('\0') ? undefined : resolve(text)),
};

const databaseUrl: Setting<string | undefined> = {
  allowed: 'sqlite:PATH or mysql://user:password@host:port/database (also mariadb://)',
  fallback: undefined,
  redact: redactUrl,
  parse: (text) => (isSqlite(text) || isMysql(text) ? text : undefined),
};

function isSqlite(text: string): boolean {
  return /^sqlite:[^\0]+$/s.test(text);
}

function isMysql(text: string): boolean {
  const url = urlFrom(text);
  if (url === null || !['mysql:', 'mariadb:'].includes(url.protocol)) return false;
  return url.hostname !== '' && /^\/[^/]+$/.test(url.pathname);
}

const dataManagerUrl: Setting<string | undefined> = {
  allowed: `${BARE_URL} (a token is DATA_MANAGER_TOKEN)`,
  fallback: undefined,
  redact: redactUrl,
  parse: bareHttpUrl,
};

const tablePrefix: Setting<string> = {
  allowed: 'at most 20 of a … z and _',
  fallback: 'job_manager_',
  parse: (text) => (/^[a-z_]{0,20}$/.test(text) ? text : undefined),
};

/** Where records and bytes are kept. */
export const STORAGE_SETTINGS = {
  dataDir,
  databaseUrl,
  tablePrefix,
  dataManagerUrl,
  dataManagerToken: token(),
  maxStoredBytesPerUser: optionalInteger({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  uploadTtlSeconds: optionalInteger({ min: 1, max: 3_153_600_000 }),
  retentionSeconds: optionalInteger({ min: 1, max: 3_153_600_000 }),
  tombstoneDays: integer({ min: 0, max: 36_500, fallback: 30 }),
  idempotencyHours: integer({ min: 24, max: 876_000, fallback: 24 }),
};
