import { type Dialect } from './dialect.js';

/** The dialect that a `DATABASE_URL` names. Throws an `Error` on any other scheme. */
export function dialectOf(url: string): Dialect {
  if (url.startsWith('sqlite:')) return 'sqlite';
  if (/^(mysql|mariadb):\/\//.test(url)) return 'mysql';
  throw new Error('DATABASE_URL must be sqlite:PATH or mysql://user:password@host:port/database');
}

/** The path in `sqlite:PATH`. */
export function sqlitePath(url: string): string {
  return url.slice('sqlite:'.length);
}
