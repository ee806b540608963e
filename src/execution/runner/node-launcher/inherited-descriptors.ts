import { closeSync, readdirSync, readFileSync } from 'node:fs';

const CLOSE_ON_EXEC = 0o2000000;
const LAST_STANDARD = 2;

/**
 * Closes what this process inherited beyond its standard streams, say from the shell or supervisor that started the
 * server: Node would hand it on to every command. What Node opens itself is never handed on.
 */
export function closeInheritedDescriptors(): void {
  for (const fd of readdirSync('/proc/self/fd').map(Number)) {
    if (fd > LAST_STANDARD && isHandedOn(fd)) closeSync(fd);
  }
}

function isHandedOn(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    // The descriptor through which the list was read.
    return false;
  }
}
