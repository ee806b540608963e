import { readFileSync } from 'node:fs';

interface Cause {
  readonly path: string;
  readonly value: string;
  readonly words: string;
}

/** Switches of the kernel and its distributors that keep unprivileged users from making a sandbox. */
const CAUSES: readonly Cause[] = [
  {
    path: '/proc/sys/user/max_user_namespaces',
    value: '0',
    words: 'user namespaces are switched off (sysctl user.max_user_namespaces is 0)',
  },
  {
    path: '/proc/sys/kernel/unprivileged_userns_clone',
    value: '0',
    words: 'user namespaces are for root only (sysctl kernel.unprivileged_userns_clone is 0; set it to 1)',
  },
  {
    path: '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
    value: '1',
    words:
      'AppArmor lets only programs with a profile use user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns is 1; give bwrap a profile)',
  },
];

const NAMESPACES_REFUSED = /namespace|Operation not permitted|No space left|setting up uid map/i;
const PROC_REFUSED = /mount proc/i;
const UNKNOWN_OPTION = /Unknown option/;

/** What a failure of bubblewrap comes from, as far as this host tells; in plain words, fit for an administrator. */
export function likelyCause(detail: string): string[] {
  if (UNKNOWN_OPTION.test(detail)) return ['this bubblewrap is too old: 0.7.0 or later is needed'];
  if (PROC_REFUSED.test(detail))
    return ['this container hides parts of /proc, so that no other /proc can be mounted in it'];
  if (!NAMESPACES_REFUSED.test(detail)) return [];
  const found = CAUSES.filter(({ path, value }) => contentOf(path) === value).map(({ words }) => words);
  return found.length > 0 ? found : ['this host does not let unprivileged users make namespaces'];
}

function contentOf(path: string): string | null {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    // Not every kernel has it.
    return null;
  }
}
