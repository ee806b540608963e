import { BlockList, isIP, isIPv6 } from 'node:net';
import { integer, oneOf } from './parsers.js';
import { type Setting } from './setting.js';

const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\.?$/i;
const ONLY_DIGITS_AND_DOTS = /^[0-9.]+$/;

const host: Setting<string> = {
  allowed: 'an IP address or a host name',
  fallback: '127.0.0.1',
  parse(text) {
    const bare = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
    if (isIP(bare) !== 0) return bare;
    return bare === text && HOST_NAME.test(text) && !ONLY_DIGITS_AND_DOTS.test(text) ? text : undefined;
  },
};

/** Where the API listens, what it accepts and what it says. */
export const SERVER_SETTINGS = {
  host,
  port: integer({ min: 0, max: 65_535, fallback: 3_000 }),
  maxBodyBytes: integer({ min: 1_024, max: 67_108_864, fallback: 1_048_576 }),
  shutdownGraceSeconds: integer({ min: 0, max: 86_400, fallback: 30 }),
  logLevel: oneOf(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'], 'info'),
};

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** True where only this machine can reach what listens on `host`. */
export function isLoopback(host: string): boolean {
  if (isIP(host) === 0) return /^localhost\.?$/i.test(host);
  return LOOPBACK.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
}
