import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';

/** What holds programs and libraries; on most systems all but the first are links into it. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];

const SETTINGS = '/etc';
/** What programs look up there. The rest may hold secrets that the service's own user can read. */
const LOOKED_UP = [
  ...[
    'passwd',
    'group',
    'hosts',
    'host.conf',
    'nsswitch.conf',
    'gai.conf',
    'protocols',
    'services',
    'networks',
  ],
  ...['ld.so.cache', 'ld.so.conf', 'ld.so.conf.d', 'ld.so.preload', 'alternatives', 'localtime', 'timezone'],
  ...['locale.alias', 'os-release', 'debian_version', 'mime.types', 'magic', 'terminfo', 'inputrc'],
  ...['ssl/certs', 'ssl/openssl.cnf', 'ca-certificates', 'pki/tls/certs', 'pki/ca-trust', 'fonts', 'perl'],
  ...['python3', 'java-17-openjdk', 'java-21-openjdk', 'R', 'ImageMagick-6', 'ImageMagick-7', 'resolv.conf'],
].map((name) => `${SETTINGS}/${name}`);

/**
 * Arguments that show the system, read-only.
 * @param isStranger whether they are for a user who can read what everybody can, and nothing else: then all of /etc, since each
 * part shown costs about 0.1 ms a command
 */
export function showSystem(isStranger: boolean): string[] {
  const settings = isStranger ? showOne(SETTINGS) : LOOKED_UP.flatMap(showFile);
  return [...SYSTEM.flatMap(showOne), ...settings];
}

/** The file that names the name servers, where /etc only links to it, as with systemd-resolved. */
export function showResolver(): string[] {
  const path = join(SETTINGS, 'resolv.conf');
  const found = existsSync(path) ? realpathSync(path) : path;
  return found === path || isShown(found) ? [] : ['--ro-bind', found, found];
}

/** Whether a path lies in what {@link showSystem} shows. */
export function isShown(path: string): boolean {
  return [...SYSTEM, SETTINGS].some((shown) => path.startsWith(`${shown}${sep}`));
}

function showOne(path: string): string[] {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return [];
  return found.isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path];
}

/** Links out of /etc, as resolv.conf often is one, are followed: what they lead to is shown in their place. */
function showFile(path: string): string[] {
  try {
    return ['--ro-bind', realpathSync(path), path];
  } catch {
    // Not every host has all of them.
    return [];
  }
}
