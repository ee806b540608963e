import { resolve } from 'node:path';
import { integer, REDACTED, redactUrl } from './parsers.js';
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

function urlFrom(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

function isMysql(text: string): boolean {
  const url = urlFrom(text);
  if (url === null || !['mysql:', 'mariadb:'].includes(url.protocol)) return false;
  return url.hostname !== '' && /^\/[^/]+$/.test(url.pathname);
}

const dataManagerUrl: Setting<string | undefined> = {
  allowed:
    'an http:// or https:// URL without credentials, query and fragment (a token is DATA_MANAGER_TOKEN)',
  fallback: undefined,
  redact: redactUrl,
  parse(text) {
    const url = urlFrom(text);
    if (url === null || !['http:', 'https:'].includes(url.protocol)) return undefined;
    const isBare = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
    return isBare ? url.href.replace(/\/+$/, '') : undefined;
  },
};

const dataManagerToken: Setting<string | undefined> = {
  allowed: 'visible ASCII characters without spaces',
  fallback: undefined,
  redact: () => REDACTED,
  parse: (text) => (/^[\x21-\x7e]+$/.test(text) ? text : undefined),
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
  dataManagerToken,
  tombstoneDays: integer({ min: 0, max: 36_500, fallback: 30 }),
};
